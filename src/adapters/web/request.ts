import type { Fill } from "../../adapter.ts";

/**
 * Answers the request that a handler is given: the client's own, unless fields are hidden, the query is cut, or it is
 * to hear another signal than its client's.
 */
export function requestForHandler(
  request: Request,
  fill: Pick<Fill, "hidden" | "conditions" | "target">,
  signal?: AbortSignal,
): Request {
  const hidden = fill.hidden.filter((name) => request.headers.has(name));
  const isAltered = hidden.length > 0 || fill.conditions.length > 0 || fill.target !== undefined;
  if (!isAltered && signal === undefined) return request;
  const headers = copyOf(request.headers);
  for (const name of hidden) headers.delete(name);
  for (const [name, value] of fill.conditions) headers.set(name, [value].flat().join(", "));
  const url = fill.target === undefined ? request.url : splitUrl(request.url)[0] + fill.target;
  return remade(request, { url, headers, ...(signal && { signal }) });
}

/** In what a request differs from the one that it is made from. */
interface Changes {
  readonly url?: string;
  readonly method?: string;
  readonly headers?: Headers;
  /** Null: it has none; undefined: that of the other. */
  readonly content?: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;
  readonly signal?: AbortSignal;
}

/**
 * Makes a request of what another one says. The other is read and never handed to a constructor, which would look into
 * what only its own class has: servers have classes of their own for requests, and for all that hangs on them (hazard
 * 47). Content that somebody has read is asked of the other, which fails or not as it does without a cache.
 */
export function remade(request: Request, changes: Changes): Request {
  const { url = request.url, method = request.method, headers = copyOf(request.headers), content } = changes;
  const signal = changes.signal ?? request.signal;
  const body = content === undefined ? unreadBody(request, method) : content;
  const { redirect, cf } = request as Partial<Request> & { readonly cf?: unknown };
  const copy = new Request(
    splitUrl(url)[0] === "" ? `http://${headers.get("host") ?? "localhost"}${url}` : url,
    {
      method,
      headers,
      ...(body !== null && { body, duplex: "half" }),
      ...(signal !== undefined && { signal: signal instanceof AbortSignal ? signal : following(signal) }),
      // For handlers that send the request on.
      ...(isRedirect(redirect) && { redirect }),
      ...(cf !== undefined && { cf }),
    },
  );
  if (content === undefined && body === null && hasBody(request)) {
    for (const name of OF_CONTENT) ask(copy, request, name);
  }
  return withExtras(copy, request);
}

/** Copies fields of whatever class. */
export function copyOf(headers: Headers): Headers {
  if (Object.getPrototypeOf(headers) === Headers.prototype) return new Headers(headers);
  const copy = new Headers();
  // Each class has this, and not each is iterable.
  headers.forEach((value, name) => copy.append(name, value));
  return copy;
}

/** Whether a request has content, or had it before somebody read it. */
export function hasBody(request: Request): boolean {
  return (request.body ?? null) !== null || request.bodyUsed;
}

/** How a request's content is reached. */
const OF_CONTENT = ["arrayBuffer", "blob", "body", "bodyUsed", "bytes", "formData", "json", "text"];

/** Content that nobody has read, as a stream that may be handed on; else null. */
function unreadBody(request: Request, method: string): ReadableStream<Uint8Array> | null {
  if (method === "GET" || method === "HEAD" || request.bodyUsed) return null;
  const body = (request.body as ReadableStream<Uint8Array> | null | undefined) ?? null;
  if (body === null || body.locked || typeof body.getReader !== "function") return null;
  const isOwn = (body as unknown) instanceof ReadableStream;
  return isOwn ? body : readFrom(body.getReader());
}

/** A stream of what a reader still has to give, whatever its class, perhaps after what it has given already. */
export function readFrom(
  reader: Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">,
  before?: Uint8Array,
): ReadableStream<Uint8Array> {
  let first = before;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (first !== undefined) {
          controller.enqueue(first);
          first = undefined;
          return;
        }
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** A signal that a constructor takes. */
function following(signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return controller.signal;
}

function isRedirect(value: unknown): boolean {
  return value === "error" || value === "follow" || value === "manual";
}

/** Puts on a copy what a runtime or a middleware has hung on the request, or its class has, such as `params` or `ip`. */
function withExtras(copy: Request, request: Request): Request {
  for (const name of Object.keys(request)) {
    const property = Object.getOwnPropertyDescriptor(request, name);
    if (property === undefined || name in copy) continue;
    if ("value" in property && shownAs(copy, request, name, property.value) === property.value)
      Object.defineProperty(copy, name, property);
    else ask(copy, request, name);
  }
  for (
    let type: unknown = Object.getPrototypeOf(request);
    type !== null && type !== Request.prototype && type !== Object.prototype;
    type = Object.getPrototypeOf(type)
  ) {
    for (const name of Object.getOwnPropertyNames(type)) if (!(name in copy)) ask(copy, request, name);
  }
  return copy;
}

/** Lets a copy answer what the request itself does when it is asked: its getters may look into what only it has. */
function ask(copy: Request, request: Request, name: string): void {
  const get = (): unknown => {
    const value: unknown = Reflect.get(request, name);
    return typeof value === "function"
      ? (value.bind(request) as unknown)
      : shownAs(copy, request, name, value);
  };
  Object.defineProperty(copy, name, { configurable: true, get });
}

/**
 * What a copy tells in the place of something that hangs on the request: by no name does the handler see a parameter that
 * is not in the key (hazard 39), neither in a text or a URL nor parsed.
 */
function shownAs(copy: Request, request: Request, name: string, value: unknown): unknown {
  if (copy.url === request.url) return value;
  if (isUrl(value)) return typeof value === "string" ? copy.url : new URL(copy.url);
  const [before = "", after = ""] = [request.url, copy.url].map((url) =>
    splitUrl(url)[1].split("?").slice(1).join("?"),
  );
  if (before === "") return value;
  if (typeof value === "string")
    return value.replaceAll(`?${before}`, after && `?${after}`).replaceAll(before, after);
  const kept = new URLSearchParams(after);
  if (value instanceof URLSearchParams) return kept;
  if (name !== "query" || typeof value !== "object" || value === null) return value;
  // A parser may have made an object of `filter[a]`.
  const names = new Set([...kept.keys()].flatMap((key) => [key, key.split(/[[.]/, 1)[0] as string]));
  return Object.fromEntries(Object.entries(value).filter(([key]) => names.has(key)));
}

const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\//i;

/** Whether a value is a URL, as text or as an object: some classes tell the request's by a second name. */
function isUrl(value: unknown): boolean {
  const text =
    typeof value === "string" ? value : (value as { readonly href?: unknown } | null | undefined)?.href;
  return typeof text === "string" && ABSOLUTE.test(text);
}

/** Cuts a URL into origin and target. `new URL` would cost more than a hit's whole lookup. */
export function splitUrl(url: string): readonly [origin: string, target: string] {
  // The fragment never leaves the client, but a `Request` that was made by hand keeps it (RFC 9110 §4.2.5).
  const fragment = url.indexOf("#");
  const end = fragment === -1 ? url.length : fragment;
  const scheme = url.indexOf("://");
  const authority = scheme === -1 ? 0 : scheme + 3;
  const slash = indexBefore(url, "/", authority, end);
  const query = indexBefore(url, "?", authority, end);
  const path = Math.min(slash, query);
  const target = url.slice(path, end);
  return [url.slice(0, path), target.startsWith("/") ? target : `/${target}`];
}

function indexBefore(text: string, character: string, from: number, end: number): number {
  const at = text.indexOf(character, from);
  return at === -1 || at > end ? end : at;
}
