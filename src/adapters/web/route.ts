import { CacheError } from "../../adapter.ts";
import type { Engine, Fill, MaybePromise, Policy } from "../../adapter.ts";
import type { ErrorPage } from "./response.ts";

/** Refuses a request by returning a response, or lets it pass by returning nothing. */
export type Guard<Arguments extends readonly unknown[]> = (
  ...args: Arguments
) => Response | undefined | void | Promise<Response | undefined | void>;

/** A route of web requests. `Native` is what its options are given: the request itself, or a framework's context. */
export interface WebRoute<Native> {
  readonly engine: Engine;
  readonly policy: Policy<Native>;
}

/** One request to a route. */
export interface WebCall<Native> {
  /** The request. Any class will do that has the members of `Request` (srvx, @whatwg-node/server and others have their own). */
  readonly request: Request;
  /** The URL as it was received, where something in front may have changed that of the request. Absent: nothing has. */
  readonly url?: string | undefined;
  /** Path and query after something in front of the route has rewritten them. Absent: nothing has. */
  readonly rewritten?: string | undefined;
  /** What `key`, `scope`, `origin` and `tags` are given. */
  readonly native: Native;
  /** What they are given besides. Absent: nothing. */
  readonly rest?: readonly unknown[] | undefined;
  /** The parameters that the router found in the path, decoded. Absent: none, or unknown. */
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Whether the request came over HTTP/1, where fields announce its content. Absent: unknown, so its body is looked at. Some
   * servers make a whole request for that.
   */
  readonly isHttp1?: boolean | undefined;
  /** Node's request, if there is one: its target shows which host it names. Absent: that of srvx, if it is of that. */
  readonly incoming?: unknown;
  /** When the route's guards began, by `engine.arrival()`. Absent: there were none. */
  readonly arrivedAt?: number | undefined;
  /**
   * The fields that were set on the response before the lookup. They are sent with every response, and never stored. Absent:
   * none.
   */
  readonly earlier?: Headers | undefined;
  /** A class of responses that the server sends faster than `Response`. Absent: there is none. */
  readonly responseClass?: typeof Response | undefined;
  /** What the handler adds tags to. Absent: the request that it is shown. */
  readonly tagged?: object | undefined;
  /** Returns the content of the request if something in front has read it. Absent: it is not known then. */
  readonly content?: (() => MaybePromise<Uint8Array<ArrayBuffer> | undefined>) | undefined;
  /** Makes the runtime wait for what goes on after the response. Absent: it needs nothing of the kind. */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
  /**
   * Runs the handler. It is given the request, or the copy that the cache makes for it, and the fill that it runs for;
   * without a fill, nothing is cached. It returns a response that has the fields of `earlier`, too; it may throw a response.
   */
  handle(request: Request, fill?: Fill): MaybePromise<Response | ErrorPage>;
  /**
   * Passes a copy of the request, which has no client, through the guards, and then calls `refill` with the handler. Guards
   * refuse by not calling it. What it throws is an error of the guards. Absent: stale responses are not refreshed.
   */
  refresh?(request: Request, refill: Refill): MaybePromise<unknown>;
}

/** The run of a handler for a refresh: what {@link WebCall} has of the run for a client. */
export interface RefreshCall extends Pick<WebCall<never>, "earlier" | "tagged"> {
  handle(request: Request, fill: Fill): MaybePromise<Response | ErrorPage>;
}

/** Runs a handler for a refresh, and stores its response. Rejects with the handler's error. */
export type Refill = (call: RefreshCall) => Promise<void>;

/**
 * Checks the handler that is wrapped, the last argument. Throws `ERR_CACHE_OPTION_INVALID` where it is none. `write` is the
 * call as it should be, for the message.
 */
export function checkHandler(route: string, options: unknown, handler: unknown, write: string): void {
  if (typeof handler === "function") return;
  const problem =
    typeof options !== "function"
      ? `the handler is of type ${typeof handler}`
      : handler === undefined
        ? "the options are left out"
        : "the arguments are swapped: the handler comes last";
  throw new CacheError("ERR_CACHE_OPTION_INVALID", `${route}: ${problem}; write ${write}`);
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
