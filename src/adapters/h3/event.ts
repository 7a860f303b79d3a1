import { toResponse } from "h3";
import type { H3Event } from "h3";
import { statusOfError } from "../../adapter.ts";
import type { Fill, MaybePromise, Policy } from "../../adapter.ts";
import { processWide } from "../node/process-wide.ts";
import { ErrorPage, isSpent, isThrownResponse, withFields } from "../web/response.ts";

/** The caches that are being filled by the handler of a request. */
const FILLING = processWide("h3.filling.1", () => new WeakMap<H3Event, Set<object>>());

/** What h3 takes for "no handler has responded", and for "the response was sent past h3". */
const NOT_FOUND = Symbol.for("h3.notFound");
const HANDLED = Symbol.for("h3.handled");

/** Whether this request fills a cache already. A second lookup in it would make the request wait for itself. */
export function isFilling(event: H3Event, cache: object): boolean {
  return FILLING.get(event)?.has(cache) === true;
}

/** What h3 has to get as the handler made it, because the rest of the application decides what is sent for it. */
export class LeftToH3 extends ErrorPage {
  /** Returns what the handler has returned, or throws what it has thrown. */
  readonly leave: () => unknown;

  constructor(error: unknown, response: Response, leave: () => unknown, reason?: "unheard") {
    super(error, response, reason);
    this.leave = leave;
  }
}

/** The run of a handler. */
export interface HandlerRun {
  readonly event: H3Event;
  /** Runs the handler, or what is behind the middleware. */
  readonly next: () => unknown;
  /** The cache that the response is for. */
  readonly cache: object;
  readonly policy: Policy<H3Event>;
}

/**
 * Runs a handler with the request that it is shown, and returns its response as h3 makes it. The request is not put back:
 * what reads late must not see what was hidden.
 *
 * An error that the route may store becomes a page here. Any other is left to the middleware and error handlers in front,
 * as without a cache; an empty page stands for it until then.
 */
export async function runHandler(
  { event, next, cache, policy }: HandlerRun,
  shown: Request,
  fill?: Fill,
): Promise<Response | ErrorPage> {
  const errorFields = new Headers(event.res.errHeaders);
  if (fill !== undefined) {
    FILLING.set(event, new Set([...(FILLING.get(event) ?? []), cache]));
    showRequest(event, shown, fill.target);
  }
  const page = (error: unknown, value: unknown, leave: () => unknown): MaybePromise<ErrorPage> => {
    const status = statusOfError(error);
    const mayBeStored = policy.statuses === "any" || policy.statuses.has(status);
    if (fill?.isAnswer(error) === true && mayBeStored)
      return responseOf(event, value, errorFields).then((response) => new ErrorPage(error, response));
    const headers = fieldsOfError(error);
    return new LeftToH3(error, new Response(null, { status, ...(headers && { headers }) }), leave);
  };
  try {
    const value = await next();
    if (value === HANDLED) return new LeftToH3(undefined, new Response(), () => value, "unheard");
    if (value === NOT_FOUND) return await page(notFound(), value, () => value);
    return await responseOf(event, value, errorFields);
  } catch (thrown) {
    // To h3 anything but an Error is a failure, whatever status it has: a Response, too.
    const what = isThrownResponse(thrown) ? "a Response" : "what is no Error";
    const error =
      thrown instanceof Error ? thrown : new Error(`the handler has thrown ${what}`, { cause: thrown });
    return page(error, thrown, () => {
      throw thrown;
    });
  }
}

/** The class of h3's own responses, which its server for Node sends without a stream. */
export const responseClass: typeof Response = toResponse("", { req: { method: "GET" } } as H3Event)
  .constructor as typeof Response;

/** Returns the fields that were set before the lookup. Undefined: there are none. */
export function stagedFields({ res: { headers } }: H3Event): Headers | undefined {
  return headers.keys().next().done === true ? undefined : new Headers(headers);
}

/**
 * Takes away the fields that are set on the event, which its response has already: h3 would set them over those, and add
 * the cookies for error responses a second time.
 */
export function unstage({ res }: H3Event, { status, headers: sent }: Response): void {
  // oxlint-disable-next-line unicorn/no-useless-spread -- names must not be removed while they are walked
  for (const name of [...res.headers.keys()]) res.headers.delete(name);
  const cookies = status < 400 ? [] : res.errHeaders.getSetCookie();
  if (cookies.length === 0) return;
  const present = sent.getSetCookie();
  res.errHeaders.delete("set-cookie");
  for (const line of cookies) if (!present.includes(line)) res.errHeaders.append("set-cookie", line);
}

/** Sets the fields of a response on the event, so that whatever is sent in its place has them. */
export function stageFields({ res }: H3Event, { headers }: Response, except: Headers | undefined): void {
  for (const [name, value] of headers) {
    if (name === "set-cookie" || except?.get(name) === value) continue;
    res.headers.set(name, value);
    res.errHeaders.set(name, value);
  }
}

/** Returns the fields that an error has for its response. */
export function fieldsOfError(error: unknown): Headers | undefined {
  const { headers } = Object(error) as { readonly headers?: unknown };
  return headers instanceof Headers ? headers : undefined;
}

/** Returns the parameters of the path, decoded. h3 has them as they were received. */
export function pathParams({ context }: H3Event): Record<string, string> {
  return Object.fromEntries(
    Object.entries(context.params ?? {}).map(([name, value]) => [name, decoded(value)]),
  );
}

function decoded(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    // It stays as the handler sees it.
    return text;
  }
}

/** Shows the handler another request, and the query of a `target` wherever h3 has it. Undefined: the query is whole. */
function showRequest(event: H3Event, shown: Request, target: string | undefined): void {
  if (Object.is(event.req, shown)) return;
  Object.assign(event, { req: shown });
  if (target === undefined) return;
  const start = target.indexOf("?");
  // The event's URL may be that of the client's request itself.
  const url = new URL(event.url.href);
  url.search = start === -1 ? "" : target.slice(start);
  event.url = url;
}

/**
 * Returns the status of what h3 itself has to get of a handler: that nobody has responded, or that the response was sent
 * past h3. Undefined for anything else.
 */
export function statusLeftToH3(event: H3Event, value: unknown): number | undefined {
  if (value === NOT_FOUND) return 404;
  return value === HANDLED ? (event.runtime?.node?.res?.statusCode ?? 200) : undefined;
}

/**
 * Returns the response that h3 makes of a value. `errorFields` are the fields for error responses that were set before.
 *
 * h3 adds the fields for error responses to it at the end, as to any other. Only those that the handler has set belong to
 * the response: a hit would lack them. A page with a cookie of its handler is not to be shared, so the cache has to see it.
 */
export async function responseOf(event: H3Event, value: unknown, errorFields: Headers): Promise<Response> {
  const all = new Headers(event.res.errHeaders);
  for (const name of all.keys()) event.res.errHeaders.delete(name);
  const { debug = false, silent = false, onError } = event.app?.config ?? {};
  const response = await toResponse(value, event, { debug, silent, ...(onError && { onError }) });
  const isError = response.status >= 400;
  const before = errorFields.getSetCookie();
  const cookies = all.getSetCookie().filter((line) => isError && !before.includes(line));
  for (const [name, line] of all)
    if (name !== "set-cookie" || !cookies.includes(line)) event.res.errHeaders.append(name, line);
  if (!isError) return response;
  const own = [...all].filter(([name, line]) => errorFields.get(name) !== line);
  return withCookies(withFields(response, own), cookies);
}

/** Adds cookies to a response that it does not have. */
function withCookies(response: Response, lines: readonly string[]): Response {
  const present = response.headers.getSetCookie();
  const added = lines.filter((line) => !present.includes(line));
  if (added.length === 0 || isSpent(response)) return response;
  const { body, status, statusText } = response;
  const headers = new Headers(response.headers);
  for (const line of added) headers.append("set-cookie", line);
  return new Response(body, { status, statusText, headers });
}

function notFound(): Error {
  return Object.assign(new Error("no handler has responded"), { status: 404 });
}
