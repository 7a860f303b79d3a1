import { Reflector } from "@nestjs/core";
import type { ExecutionContext, Type } from "@nestjs/common";
import type { Cache, Invalidates, RouteOptions } from "../../adapter.ts";

/** A method of a controller. Nest keeps its metadata on the function. */
export type Method = (...args: never[]) => unknown;

/** The metadata keys of the decorators. Every copy of the package has the same. */
export const KEYS = {
  route: "caching-route:route.1",
  none: "caching-route:none.1",
  by: "caching-route:by.1",
  invalidates: "caching-route:invalidates.1",
} as const;

/** What `@CacheRoute` and the other decorators have left on a method and its class. */
export interface Declared {
  readonly options: RouteOptions<ExecutionContext>;
  /** `@CacheBy`: functions of the method's arguments. */
  readonly by: By | undefined;
}

/** The options of `@CacheBy`, whatever the method's arguments. */
export interface By {
  readonly key?: (...args: never[]) => string;
  readonly scope?: (...args: never[]) => string;
  readonly tags?: (...args: never[]) => readonly string[];
}

/** The options of `@Invalidates`. */
export interface Writes {
  readonly tags: Invalidates<[context: ExecutionContext]>;
  readonly cache?: Cache;
}

const reflector = new Reflector();

/** What is kept under each key. Those of Nest are the same in Nest 11 and 12. */
interface Kept {
  [KEYS.route]: object;
  [KEYS.none]: boolean;
  [KEYS.by]: By;
  [KEYS.invalidates]: Writes;
  path: string | readonly string[];
  method: number;
  host: string | RegExp | readonly (string | RegExp)[];
  __version__: Version;
  __headers__: readonly { readonly name: string }[];
  __sse__: boolean;
}

/** A version, several, or neutral. */
export type Version = string | symbol | readonly (string | symbol)[];

/** Nest's own metadata keys. */
export const NEST = {
  path: "path",
  method: "method",
  host: "host",
  version: "__version__",
  headers: "__headers__",
  sse: "__sse__",
  arguments: "__routeArguments__",
  passthrough: "__responsePassthrough__",
  types: "design:paramtypes",
} as const;

/** Returns what is kept on a method or a class. */
export function metadata<Key extends keyof Kept>(key: Key, target: Type | Method): Kept[Key] | undefined {
  return reflector.get<Kept[Key] | undefined>(key, target);
}

/** Returns how a method is cached. Undefined: it is not. The options of the method come before those of its class. */
export function declaredOn(controller: Type, method: Method): Declared | undefined {
  const own = metadata(KEYS.route, method);
  const common = metadata(KEYS.route, controller);
  const isNone = metadata(KEYS.none, method) ?? (own === undefined && metadata(KEYS.none, controller));
  if ((own === undefined && common === undefined) || isNone === true) return undefined;
  return { options: { ...common, ...own }, by: metadata(KEYS.by, method) };
}
