import { isErrorStatus } from "../../http/status.ts";
import { CacheError, isThenable, show } from "../contract/errors.ts";
import type { OnError } from "../contract/outcomes.ts";
import type { MaybePromise } from "../contract/store.ts";
import { areTags } from "./handler-tags.ts";
import type { Marker } from "./ledger.ts";
import { ANY_TAG, softName, tagName } from "./names.ts";
import type { Name } from "./names.ts";

/**
 * What a write makes outdated: tags, or a function that returns them. The function is given what its framework gives to
 * handlers, and runs after the handler.
 *
 * @example
 * const invalidates: Invalidates<[Request]> = (request) => ["todos", `user:${request.headers.get("x-user")}`];
 */
export type Invalidates<Given extends readonly unknown[] = readonly never[]> =
  | readonly string[]
  | ((...given: Given) => readonly string[]);

/** How a write ended. */
export interface WriteEnd {
  /** The status of the response. Undefined: there was no whole response, or its client has disconnected. */
  readonly status: number | undefined;
  /** Whether the handler threw, whatever was sent in the end. Default: false. */
  readonly hasThrown?: boolean;
}

/**
 * Invalidates what a write has made outdated, as its end requires:
 *
 * - a status from 200 to 399: entries with these tags are gone;
 * - a status from 500, a handler that threw, or no response: the write may be half done. These entries are stale, and may
 *   still stand in for errors;
 * - a status from 400 to 499, even if the handler threw it: nothing was written, so nothing happens.
 *
 * An adapter calls it before the first byte of the response is sent, and waits for the promise, if it is given one. It
 * calls it again where the write went on: when the content of a response has ended, and when a handler ends whose client
 * had disconnected. It never throws or rejects.
 */
export type Invalidation<Given extends readonly unknown[]> = (
  end: WriteEnd,
  ...given: Given
) => MaybePromise<void>;

/** Where the tags were written, for messages. */
export interface WriteContext<Given extends readonly unknown[]> {
  /** The route's name, such as `POST /todos`, or a function that returns it. */
  readonly route: string | ((...given: Given) => string);
  /** The name of the option. */
  readonly option: string;
}

/**
 * Makes the invalidation of a route. Throws `ERR_CACHE_OPTION_INVALID` for anything but tags or a function.
 *
 * A function that throws or returns no tags does not fail the request: the write has happened. What it has changed is
 * unknown then, so everything that has a tag is invalidated, and `onError` is told.
 */
export function invalidationOf<Given extends readonly unknown[]>(
  invalidates: Invalidates<Given>,
  context: WriteContext<Given>,
  marker: Marker,
  onError: OnError,
): Invalidation<Given> {
  checkInvalidates(invalidates, context);
  const fixed = typeof invalidates === "function" ? undefined : namesOf(invalidates);
  return (end, ...given) => {
    const effect = effectOf(end);
    if (effect === undefined) return;
    const names = (): readonly Name[] => {
      try {
        return fixed ?? returnedNames(invalidates as (...all: Given) => readonly string[], given);
      } catch (error) {
        const route = routeOf(context, given);
        onError(unknownTags(route, context.option, error), { operation: "invalidate", route });
        return [ANY_TAG];
      }
    };
    const marked = marker.mark(effect === "soft" ? names().map(softName) : names());
    return marked instanceof Promise ? marked.then(() => undefined) : undefined;
  };
}

/**
 * Returns the status of the response to a request whose handler threw: that of the error, else the one that the response
 * was given before, if it is an error's, else 500.
 */
export function statusOfError(error: unknown, given?: number): number {
  const { status, statusCode } = Object(error) as {
    readonly status?: unknown;
    readonly statusCode?: unknown;
  };
  return [status, statusCode, given].find(isErrorStatus) ?? 500;
}

/** What a write does to the entries of its tags. */
function effectOf({ status, hasThrown = false }: WriteEnd): "hard" | "soft" | undefined {
  if (status === undefined) return "soft";
  if (status < 200 || (status >= 400 && status < 500)) return undefined;
  return hasThrown || status >= 500 ? "soft" : "hard";
}

function namesOf(tags: readonly string[]): readonly string[] {
  return [...new Set(tags)].map(tagName);
}

function returnedNames<Given extends readonly unknown[]>(
  invalidates: (...given: Given) => readonly string[],
  given: Given,
): readonly string[] {
  const returned: unknown = invalidates(...given);
  if (areTags(returned)) return namesOf(returned);
  const isPromise = isThenable(returned);
  // An unhandled rejection would end the process (hazard 48).
  if (isPromise) void Promise.resolve(returned).catch(() => undefined);
  throw new TypeError(
    `it returned ${isPromise ? "a promise, and cannot be asynchronous" : show(returned)}; it must return a list of tags`,
  );
}

function routeOf<Given extends readonly unknown[]>(
  { route, option }: WriteContext<Given>,
  given: Given,
): string {
  try {
    return typeof route === "function" ? route(...given) : route;
  } catch {
    return option;
  }
}

function unknownTags(route: string, option: string, error: unknown): CacheError {
  const why = error instanceof Error ? error.message : `it threw ${show(error)}`;
  return new CacheError(
    "ERR_CACHE_INVALIDATES",
    `${route}: the function given as "${option}" failed: ${why}. What the write has changed is unknown, so everything ` +
      "that has a tag was invalidated",
    { cause: error },
  );
}

function checkInvalidates<Given extends readonly unknown[]>(
  invalidates: unknown,
  { route, option }: WriteContext<Given>,
): void {
  const remedy = remedyFor(invalidates);
  if (remedy === undefined) return;
  const where = typeof route === "string" ? route : option;
  const shown =
    Object.prototype.toString.call(invalidates) === "[object AsyncFunction]"
      ? "an async function"
      : show(invalidates);
  throw new CacheError("ERR_CACHE_OPTION_INVALID", `${where}: the option "${option}" is ${shown}; ${remedy}`);
}

function remedyFor(invalidates: unknown): string | undefined {
  if (typeof invalidates === "function") {
    return Object.prototype.toString.call(invalidates) === "[object AsyncFunction]"
      ? "write a function that returns the tags at once: load what it needs in the handler, and read it here"
      : undefined;
  }
  if (typeof invalidates === "string") return `write a list, such as [${JSON.stringify(invalidates)}]`;
  const isList = Array.isArray(invalidates);
  if (isList && invalidates.length > 0 && areTags(invalidates)) return undefined;
  const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;
  if (isList ? invalidates.some(isObject) : isObject(invalidates))
    return 'only tags can be named: give the routes that read a tag, as in { tags: ["todos"] }, and write ["todos"]';
  return 'write a list of tags, such as ["todos"], or a function that returns one';
}
