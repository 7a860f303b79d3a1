import type { MaybePromise } from "../../adapter.ts";

/** Goes on with a value: at once if it is there, else when its promise (of whatever realm or library) settles. */
export function chain<T, U>(value: T | PromiseLike<T>, goOn: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return isPromiseLike(value) ? Promise.resolve(value).then(goOn) : goOn(value);
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
