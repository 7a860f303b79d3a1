import type { IncomingMessage } from "node:http";

/** Fields of which Node keeps the first line only. */
const SINGLE: ReadonlySet<string> = new Set([
  "age",
  "authorization",
  "content-length",
  "content-type",
  "etag",
  "expires",
  "from",
  "host",
  "if-modified-since",
  "if-unmodified-since",
  "last-modified",
  "location",
  "max-forwards",
  "proxy-authorization",
  "referer",
  "retry-after",
  "server",
  "user-agent",
]);

/** What speaks of content or of this connection, and would be wrong in a request that has neither. */
const OF_CONTENT: ReadonlySet<string> = new Set(["content-length", "transfer-encoding", "expect", "trailer"]);

/**
 * The field lines of a request as they were received, by turns names and values, without those about its content.
 * `instead` are values that take the place of those received.
 */
export function receivedLines(
  request: IncomingMessage,
  instead: Readonly<Record<string, string>> = {},
): string[] {
  const { rawHeaders } = request;
  const lines: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    if (OF_CONTENT.has(name.toLowerCase())) continue;
    lines.push(name, Object.hasOwn(instead, name) ? (instead[name] ?? value) : value);
  }
  return lines;
}

/** Shows another path where HTTP/2 says it in a field, to whoever reads a request's fields from now on. */
export function overridePath(request: IncomingMessage, path: string): void {
  const { headers, rawHeaders } = request;
  if (headers[":path"] === undefined) return;
  const lines = rawHeaders.map((line, at) => (at % 2 === 1 && rawHeaders[at - 1] === ":path" ? path : line));
  for (const [name, value] of [
    ["headers", { ...headers, ":path": path }],
    ["rawHeaders", lines],
  ] as const)
    Object.defineProperty(request, name, { configurable: true, enumerable: true, writable: true, value });
}

/** Combines field lines as Node does for `request.headers`. */
export function headersOf(lines: readonly string[]): IncomingMessage["headers"] {
  const headers: Record<string, string | string[]> = {};
  // Joined once: to join each line to those before it would be quadratic (hazard 32).
  for (const [name, values] of Object.entries(distinctOf(lines)) as [string, string[]][]) {
    const [first = ""] = values;
    if (name === "set-cookie") assign(headers, name, values);
    else assign(headers, name, SINGLE.has(name) ? first : values.join(name === "cookie" ? "; " : ", "));
  }
  return headers;
}

/** Every line of every field, as Node does for `request.headersDistinct`. */
export function distinctOf(lines: readonly string[]): NodeJS.Dict<string[]> {
  const distinct = Object.create(null) as Record<string, string[]>;
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const [name = "", value = ""] = lines.slice(index, index + 2);
    (distinct[name.toLowerCase()] ??= []).push(value);
  }
  return distinct;
}

/** A client may call a field `__proto__`, which is a name like any other here. */
function assign(headers: object, name: string, value: unknown): void {
  Object.defineProperty(headers, name, { configurable: true, enumerable: true, writable: true, value });
}
