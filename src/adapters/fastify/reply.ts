import type { FastifyReply } from "fastify";
import { mergeVary } from "../../adapter.ts";
import type { Fields, Reply } from "../../adapter.ts";

/** Says a response's fields: `vary` joins what is there, cookies come after those that are there, others replace. */
export function sayFields(reply: FastifyReply, fields: Fields): void {
  for (const [name, value] of fields) {
    if (name === "vary") reply.header(name, mergeVary(present(reply, name), [value].flat()));
    else reply.header(name, typeof value === "string" ? value : [...value]);
  }
}

/** Takes back `said`, so that those fields are again what they were `before`. */
export function restoreFields(
  reply: FastifyReply,
  said: Fields,
  before: ReturnType<FastifyReply["getHeaders"]>,
): void {
  for (const [name] of said) {
    const earlier = before[name as keyof typeof before];
    reply.removeHeader(name);
    if (earlier !== undefined) reply.header(name, earlier);
  }
}

/**
 * Turns what the handler is about to send into what the cache says, and answers the payload.
 *
 * `own` is what the handler has said on the reply already, `status` its status code, `payload` its content after the
 * application's own hooks: it stays as it is unless the cache answers something else (304, 206, 416).
 */
export function applyReply(
  reply: FastifyReply,
  said: Reply,
  own: Fields,
  status: number,
  payload: unknown,
): unknown {
  const isHandlers = said.status === status;
  const kept = new Set(said.fields.map(([name]) => name));
  if (!isHandlers) {
    reply.code(said.status);
    for (const [name] of own) if (!kept.has(name)) reply.removeHeader(name);
  }
  // Cookies are on the reply already, and Fastify reckons the length of what hooks made of the handler's content.
  sayFields(
    reply,
    said.fields.filter(([name]) => name !== "set-cookie" && !(isHandlers && name === "content-length")),
  );
  return isHandlers ? payload : contentOf(said);
}

/** A reply's content in the form that is the cheapest to send; null where it has none. */
export function contentOf(said: Reply): string | Buffer | null {
  if (said.text !== undefined) return said.text;
  if (said.body === undefined) return null;
  let buffer = buffers.get(said.body);
  if (buffer === undefined) {
    buffer = Buffer.from(said.body.buffer, said.body.byteOffset, said.body.byteLength);
    buffers.set(said.body, buffer);
  }
  return buffer;
}

/** Contents as Fastify wants them: a view is as much garbage as the rest of a hit together, so it is made once. */
const buffers = new WeakMap<Uint8Array, Buffer>();

/** Makes of a handler's object the text that Fastify would make of it: by the route's response schema, or as JSON. */
export function serialised(reply: FastifyReply, payload: unknown): string {
  const code = String(reply.statusCode);
  const type = String(reply.getHeader("content-type") ?? "");
  const mediaType = type.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  for (const status of [code, `${code[0]}xx`, "default"]) {
    const found: unknown = reply.getSerializationFunction(status);
    if (typeof found === "function") break;
    // A response schema may hold one serializer per media type; `reply.serialize` does not look that far.
    if (typeof found === "object" && found !== null) {
      const byType = found as Readonly<Record<string, ((payload: unknown) => string) | undefined>>;
      const serialize = byType[mediaType] ?? byType["*/*"];
      return serialize === undefined ? JSON.stringify(payload) : serialize(payload);
    }
  }
  return reply.serialize(payload as Parameters<FastifyReply["serialize"]>[0]) as string;
}

function present(reply: FastifyReply, name: string): string | undefined {
  const value = reply.getHeader(name);
  return Array.isArray(value) ? value.join(", ") : value === undefined ? undefined : String(value);
}
