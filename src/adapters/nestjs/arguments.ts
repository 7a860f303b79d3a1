import { AsyncLocalStorage } from "node:async_hooks";
import type { ExecutionContext } from "@nestjs/common";
import { CacheError, checkedOptions } from "../../adapter.ts";
import type { RouteOptions } from "../../adapter.ts";
import { processWide } from "../node/process-wide.ts";
import type { By, Method } from "./metadata.ts";

/** Looks a request up when the arguments of its method are known. `run` runs the method. */
type LookUp = (args: readonly unknown[], run: () => unknown) => unknown;

/** The lookup of the request that is being handled. */
const LOOKUPS = processWide(
  "nestjs.lookups.1",
  () => new AsyncLocalStorage<{ lookUp: LookUp | undefined }>(),
);

/** The arguments of the method that a request has reached, after all pipes. */
const ARGUMENTS = processWide("nestjs.arguments.1", () => new WeakMap<object, readonly unknown[]>());

/**
 * Returns a method in front of which its request is looked up, once the pipes have made its arguments. It has all the
 * metadata that the method has so far; decorators above add theirs to it.
 */
export function lookedUp(method: Method): Method {
  function cachedBy(this: unknown, ...args: never[]): unknown {
    const found = LOOKUPS.getStore();
    const run = (): unknown => Reflect.apply(method, this, args);
    const lookUp = found?.lookUp;
    if (found === undefined || lookUp === undefined) return run();
    // What the method itself calls is not looked up again.
    found.lookUp = undefined;
    return lookUp(args, run);
  }
  Object.defineProperty(cachedBy, "name", { value: method.name });
  Object.defineProperty(cachedBy, "length", { value: method.length });
  for (const key of Reflect.getMetadataKeys(method) as unknown[])
    Reflect.defineMetadata(key, Reflect.getMetadata(key, method), cachedBy);
  return cachedBy;
}

/** Calls `handle` so that the method it leads to is looked up in front of it. */
export function lookUpAtMethod<Result>(lookUp: LookUp, handle: () => Result): Result {
  return LOOKUPS.run({ lookUp }, handle);
}

/** Keeps the arguments of a method for the functions of its options. */
export function keepArguments(context: ExecutionContext, args: readonly unknown[]): void {
  ARGUMENTS.set(context, args);
}

/** Returns the options with the functions of `@CacheBy`. Throws `ERR_CACHE_OPTION_INVALID` if they are wrong, or are there twice. */
export function withArguments(
  options: RouteOptions<ExecutionContext>,
  by: By,
  label: string,
): RouteOptions<ExecutionContext> {
  const where = `${label}: @CacheBy`;
  checkedOptions(by, where, {
    known: ["key", "scope", "tags"],
    example: "{ key: (id: string) => `report:${id}` }",
  });
  const functions = Object.entries(by).filter(([, value]) => value !== undefined);
  for (const [name, value] of functions) {
    if (typeof value !== "function") {
      throw new CacheError(
        "ERR_CACHE_OPTION_INVALID",
        `${where}: "${name}" is ${typeof value}; write a function of the method's arguments, or @CacheRoute({ ${name} })`,
      );
    }
    if (options[name as keyof By] !== undefined) {
      throw new CacheError(
        "ERR_CACHE_OPTION_INVALID",
        `${where}: "${name}" is an option of @CacheRoute, too; write it in one of them`,
      );
    }
  }
  const given = functions.map(([name, value]) => [
    name,
    (context: ExecutionContext) =>
      Reflect.apply(value as (...args: unknown[]) => unknown, undefined, ARGUMENTS.get(context) ?? []),
  ]);
  return { ...options, ...(Object.fromEntries(given) as object) };
}
