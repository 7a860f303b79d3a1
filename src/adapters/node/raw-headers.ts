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

/** Fields that describe content or this connection, and would be wrong in a request that has neither. */
const OF_CONTENT: ReadonlySet<string> = new Set(["content-length", "transfer-encoding", "expect", "trailer"]);

/**
 * Returns the field lines of a request as they were received, names and values in turn, without those about its
 * content. `instead` has values that replace those received, by name.
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

/** Replaces the path among the fields of an HTTP/2 request. Without a `:path` field it does nothing. */
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

/** Combines field lines as `request.headers` does. */
export function headersOf(lines: readonly string[]): IncomingMessage["headers"] {
  const headers: Record<string, string | string[]> = {};
  // Joined once: joining each line to those before it would take quadratic time (hazard 32).
  for (const [name, values] of Object.entries(distinctOf(lines)) as [string, string[]][]) {
    const [first = ""] = values;
    if (name === "set-cookie") assign(headers, name, values);
    else assign(headers, name, SINGLE.has(name) ? first : values.join(name === "cookie" ? "; " : ", "));
  }
  return headers;
}

/** Returns every line of every field, as `request.headersDistinct` does. */
export function distinctOf(lines: readonly string[]): NodeJS.Dict<string[]> {
  const distinct = Object.create(null) as Record<string, string[]>;
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const [name = "", value = ""] = lines.slice(index, index + 2);
    (distinct[name.toLowerCase()] ??= []).push(value);
  }
  return distinct;
}

/** A client may send a field named `__proto__`, which assignment would treat differently. */
function assign(headers: object, name: string, value: unknown): void {
  Object.defineProperty(headers, name, { configurable: true, enumerable: true, writable: true, value });
}
