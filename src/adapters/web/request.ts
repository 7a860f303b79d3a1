import type { Fill } from "../../adapter.ts";

/**
 * Returns the request for a handler: the client's own, unless fields are hidden, conditions are set, the query is
 * cut, or it has another signal.
 */
export function requestForHandler(
  request: Request,
  fill: Pick<Fill, "hidden" | "conditions" | "received">,
  signal?: AbortSignal,
): Request {
  const hidden = fill.hidden.filter((name) => request.headers.has(name));
  const isAltered = hidden.length > 0 || fill.conditions.length > 0 || fill.received !== undefined;
  if (!isAltered && signal === undefined) return request;
  const headers = copyHeaders(request.headers);
  for (const name of hidden) headers.delete(name);
  for (const [name, value] of fill.conditions) headers.set(name, [value].flat().join(", "));
  const url = fill.received === undefined ? request.url : splitUrl(request.url)[0] + fill.received;
  return copyRequest(request, { url, headers, ...(signal && { signal }) });
}

/** The differences between a copy and its request. */
interface RequestChanges {
  readonly url?: string;
  readonly method?: string;
  readonly headers?: Headers;
  /** Null: none; undefined: that of the request. */
  readonly content?: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;
  readonly signal?: AbortSignal;
}

/**
 * Copies a request, property by property. It is never given to a constructor, which reads the internal slots of its own
 * class: servers have their own classes for requests, and for the objects on them (hazard 47). Content that was read
 * before is read through the original, which fails or succeeds as without a cache.
 */
export function copyRequest(request: Request, changes: RequestChanges): Request {
  const {
    url = request.url,
    method = request.method,
    headers = copyHeaders(request.headers),
    content,
  } = changes;
  const signal = (changes.signal ?? request.signal) as AbortSignal | undefined;
  const followed = signal === undefined ? undefined : follow(signal);
  const body = content === undefined ? unreadBody(request, method) : content;
  const { redirect, cf } = request as Partial<Request> & { readonly cf?: unknown };
  const copy = new Request(
    splitUrl(url)[0] === "" ? `http://${headers.get("host") ?? "localhost"}${url}` : url,
    {
      method,
      headers,
      ...(body !== null && { body, duplex: "half" }),
      ...(followed !== undefined && { signal: followed.signal }),
      // For handlers that forward the request.
      ...(isRedirect(redirect) && { redirect }),
      ...(cf !== undefined && { cf }),
    },
  );
  followed?.keep(copy);
  if (content === undefined && body === null && hasBody(request)) {
    for (const name of CONTENT_NAMES) delegate(copy, request, name);
  }
  return withExtras(copy, request);
}

/** Copies headers of any class. */
export function copyHeaders(headers: Headers): Headers {
  if (Object.getPrototypeOf(headers) === Headers.prototype) return new Headers(headers);
  const copy = new Headers();
  // Every class has `forEach`, but not every one is iterable.
  headers.forEach((value, name) => copy.append(name, value));
  return copy;
}

/** Whether a request has content, even if it was read. */
export function hasBody(request: Request): boolean {
  return (request.body ?? null) !== null || request.bodyUsed;
}

/** The properties through which a request's content is read. */
const CONTENT_NAMES = ["arrayBuffer", "blob", "body", "bodyUsed", "bytes", "formData", "json", "text"];

/** Returns content that nobody has read, as a stream for a constructor; else null. */
function unreadBody(request: Request, method: string): ReadableStream<Uint8Array> | null {
  if (method === "GET" || method === "HEAD" || request.bodyUsed) return null;
  const body = (request.body as ReadableStream<Uint8Array> | null | undefined) ?? null;
  if (body === null || body.locked || typeof body.getReader !== "function") return null;
  const isOwn = (body as unknown) instanceof ReadableStream;
  return isOwn ? body : streamFrom(body.getReader());
}

/** Creates a stream of what a reader, of any class, has still to read, after the bytes that it has read `before`. */
export function streamFrom(
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

/** A signal that follows another one, of any class. */
interface Followed {
  readonly signal: AbortSignal;
  /** Keeps a request for as long as the signal that is followed. */
  keep(request: Request): void;
}

/**
 * Follows a signal for a request that is made with the result.
 *
 * In Node a request follows the signal that it was given by a weak reference to itself, so a handler that keeps nothing but
 * `request.signal` would never be told. And Node keeps the signal that a request was given for as long as the request: were
 * that the client's own, neither of the two would ever be collected.
 */
function follow(signal: AbortSignal): Followed {
  const controller = new AbortController();
  const kept = new Set<Request>();
  const abort = (): void => {
    kept.clear();
    controller.abort(signal.reason);
  };
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return {
    signal: controller.signal,
    keep(request) {
      if (!signal.aborted) kept.add(request);
    },
  };
}

function isRedirect(value: unknown): boolean {
  return value === "error" || value === "follow" || value === "manual";
}

/** Adds the properties that a runtime, middleware, or the request's class has added, such as `params` or `ip`. */
function withExtras(copy: Request, request: Request): Request {
  for (const name of Object.getOwnPropertyNames(request)) {
    const property = Object.getOwnPropertyDescriptor(request, name);
    if (property === undefined || name in copy) continue;
    if ("value" in property && withoutUndeclared(copy, request, name, property.value) === property.value)
      Object.defineProperty(copy, name, property);
    else delegate(copy, request, name);
  }
  for (
    let type: unknown = Object.getPrototypeOf(request);
    type !== null && type !== Request.prototype && type !== Object.prototype;
    type = Object.getPrototypeOf(type)
  ) {
    for (const name of Object.getOwnPropertyNames(type)) if (!(name in copy)) delegate(copy, request, name);
  }
  return copy;
}

/**
 * Reads a property of a copy through the original, whose getters may read internal slots. It can be set, as without a cache: a
 * router that the copy is passed through sets its own.
 */
function delegate(copy: Request, request: Request, name: string): void {
  const get = (): unknown => {
    const value: unknown = Reflect.get(request, name);
    return typeof value === "function"
      ? (value.bind(request) as unknown)
      : withoutUndeclared(copy, request, name, value);
  };
  const set = (value: unknown): void =>
    void Object.defineProperty(copy, name, { configurable: true, enumerable: true, writable: true, value });
  Object.defineProperty(copy, name, { configurable: true, get, set });
}

/**
 * Returns the value of a request's additional property without the query parameters that are not in the key: the
 * handler must not see them by any name, whether in text, in a URL or parsed (hazard 39).
 *
 * What has nothing of the request's query stays as it is: a client could change it, and so what is stored, by a parameter
 * that is not in the key.
 */
export function withoutUndeclared(copy: Request, request: Request, name: string, value: unknown): unknown {
  if (copy.url === request.url) return value;
  if (isUrl(value)) {
    const url = urlWithoutUndeclared(copy, request, new URL(value));
    return url === undefined ? value : typeof value === "string" ? url.href : url;
  }
  const [before, after] = [queryOf(request.url), queryOf(copy.url)];
  if (before === "") return value;
  if (typeof value === "string") {
    const isQuery = value === before && (before.includes("=") || /query|search/i.test(name));
    return isQuery ? after : value.replaceAll(`?${before}`, after && `?${after}`);
  }
  const kept = new URLSearchParams(after);
  if (value instanceof URLSearchParams) {
    const [own, rest] = [new URLSearchParams(before), new URLSearchParams(value)];
    if (String(rest) === String(own)) return kept;
    return removeUndeclared(rest, own, kept) ? rest : value;
  }
  if (name !== "query" || typeof value !== "object" || value === null) return value;
  // A parser may have turned `filter[a]` into an object.
  const names = new Set([...kept.keys()].flatMap((key) => [key, key.split(/[[.]/, 1)[0] as string]));
  return Object.fromEntries(Object.entries(value).filter(([key]) => names.has(key)));
}

/** Returns the query of a URL, without its question mark. */
function queryOf(url: string): string {
  return splitUrl(url)[1].split("?").slice(1).join("?");
}

const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\//i;

/** Whether a value is a URL, as text or as an object. */
function isUrl(value: unknown): value is string | URL {
  const text =
    typeof value === "string" ? value : (value as { readonly href?: unknown } | null | undefined)?.href;
  return typeof text === "string" && ABSOLUTE.test(text) && URL.canParse(text);
}

/**
 * Returns a URL with the query that the copy of a request has, if it is the request's under a second name; without the
 * parameters that the copy lacks, if it has some of them. Undefined: it has none.
 */
function urlWithoutUndeclared(copy: Request, request: Request, url: URL): URL | undefined {
  const [own, shown] = [new URL(request.url, url), new URL(copy.url)];
  const isSamePlace = url.host === own.host && url.pathname === own.pathname;
  if (isSamePlace || (url.search !== "" && url.search === own.search)) {
    url.search = shown.search;
    return url;
  }
  return removeUndeclared(url.searchParams, own.searchParams, shown.searchParams) ? url : undefined;
}

/** Removes the parameters that are among `own`, but not among `shown`. Returns whether there were some. */
function removeUndeclared(from: URLSearchParams, own: URLSearchParams, shown: URLSearchParams): boolean {
  const undeclared = [...own].filter(([name, value]) => from.has(name, value) && !shown.has(name, value));
  for (const [name, value] of undeclared) from.delete(name, value);
  return undeclared.length > 0;
}

/** Splits a URL into origin and target. `new URL` would take longer than a hit's whole lookup. */
export function splitUrl(url: string): readonly [origin: string, target: string] {
  // Clients never send the fragment, but a `Request` that was made by hand keeps it (RFC 9110 §4.2.5).
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
