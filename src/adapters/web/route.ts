import { CacheError } from "../../adapter.ts";
import type { Engine, MaybePromise, Policy } from "../../adapter.ts";

/** Refuses a request by returning a response, or lets it pass by returning nothing. */
export type Guard<Arguments extends readonly unknown[]> = (
  ...args: Arguments
) => Response | undefined | void | Promise<Response | undefined | void>;

/** A route of web requests; `Rest` are the arguments that its runtime gives a handler besides the request. */
export interface WebRoute<Rest extends readonly unknown[]> {
  readonly engine: Engine;
  readonly policy: Policy<Request>;
  /** The guards that run before the lookup. */
  readonly before: readonly Guard<[request: Request, ...rest: Rest]>[];
  /** Responds to a request that is made for it. It can be called without a client. */
  readonly handler: (request: Request, ...rest: Rest) => MaybePromise<Response>;
}

/** Checks a route's guards. Throws `ERR_CACHE_OPTION_INVALID` where they are not a list of functions. */
export function checkGuards(guards: unknown, route: string): void {
  if (Array.isArray(guards) && guards.every((guard) => typeof guard === "function")) return;
  throw new CacheError(
    "ERR_CACHE_OPTION_INVALID",
    `${route}: the option "before" is ${typeof guards === "object" ? "not made of functions" : `a ${typeof guards}`}; ` +
      "write a list of functions, such as [requireKey]",
  );
}

/** Runs guards one after the other. Returns the first refusal: at once if no guard is asynchronous. */
export function firstRefusal<Arguments extends readonly unknown[]>(
  guards: readonly Guard<Arguments>[],
  args: Arguments,
  from = 0,
): MaybePromise<Response | undefined> {
  const guard = guards[from];
  if (guard === undefined) return undefined;
  return chain(guard(...args), (refusal) => refusal ?? firstRefusal(guards, args, from + 1));
}

/** Calls `goOn` with a value: at once, or when its promise is fulfilled, of whatever realm or library that is. */
export function chain<T, U>(value: T | PromiseLike<T>, goOn: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return isPromiseLike(value) ? Promise.resolve(value).then(goOn) : goOn(value);
}

/** Whether a value is a promise, of whatever realm or library. */
export function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
