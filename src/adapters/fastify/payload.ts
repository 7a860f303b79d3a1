import type { FastifyReply } from "fastify";
import type { Refusal } from "../../adapter.ts";
import type { HandlerStream } from "../node/handler-stream.ts";
import type { AnyStream } from "../node/source.ts";
import { hasDefaultSerializer, serializerOf } from "./internals.ts";
import type { Serializer } from "./internals.ts";

/** A captured payload: of the handler, or of an error handler for it. */
export type Captured =
  /** An object, or null, before its serialization. */
  | { readonly kind: "object"; readonly isNull: boolean }
  /** Text, bytes, or undefined. `restore` removes the serializer that captures the text. */
  | { readonly kind: "content"; bytes: string | Uint8Array | undefined; restore?: (() => void) | undefined }
  | { readonly kind: "stream"; readonly stream: HandlerStream }
  /** A stream that the cache does not read. */
  | { readonly kind: "passed"; readonly refusal: Refusal };

/** Captures a payload that is not a stream. */
export function capturedContent(reply: FastifyReply, payload: unknown): Captured {
  if (payload === undefined || Buffer.isBuffer(payload)) return { kind: "content", bytes: payload };
  if (typeof payload !== "string") return { kind: "object", isNull: payload === null };
  const captured: Captured = { kind: "content", bytes: payload };
  captured.restore = onSerialized(reply, (text) => (captured.bytes = text));
  return captured;
}

/** Captures the text of an object. Fastify is given that text too, so that it does not serialize again. */
export function capturedText(reply: FastifyReply, text: string): Captured {
  return { kind: "content", bytes: text, restore: serializeBy(reply, () => text) };
}

/**
 * Captures Fastify's own page for an error. A page that hooks have changed counts as an object, because they change it
 * on each hit too.
 */
export function capturedErrorPage(reply: FastifyReply, payload: unknown): Captured {
  const isAsMade =
    typeof payload === "string" &&
    String(Buffer.byteLength(payload)) === String(reply.getHeader("content-length"));
  return isAsMade ? { kind: "content", bytes: payload } : { kind: "object", isNull: false };
}

/** Sets a reply's serializer. Returns how to restore the earlier one, which has no effect if another was set since. */
export function serializeBy(reply: FastifyReply, serializer: Serializer): () => void {
  const earlier = serializerOf(reply) ?? null;
  reply.serializer(serializer);
  return () => {
    // Null stands for no serializer in Fastify.
    if (serializerOf(reply) === serializer) reply.serializer(earlier as Serializer);
  };
}

/**
 * Calls `record` with the text that a reply's own serializer returns for a text. Returns how to stop that. Undefined: the
 * reply has no serializer of its own.
 */
function onSerialized(reply: FastifyReply, record: (text: string) => void): (() => void) | undefined {
  const serialize = serializerOf(reply);
  if (serialize === undefined) return undefined;
  // Fastify calls it for a text only if the reply has a content type.
  return serializeBy(reply, (payload) => {
    const text = serialize(payload);
    record(text);
    return text;
  });
}

/** Whether a payload is a stream, of Node or of the web. */
export function isStream(payload: unknown): payload is AnyStream {
  if (typeof payload !== "object" || payload === null) return false;
  return ("pipe" in payload && typeof payload.pipe === "function") || "getReader" in payload;
}

/** Whether a payload is a `Response` of any realm. Fastify checks it in the same way. */
export function isResponse(payload: unknown): payload is Response {
  return Object.prototype.toString.call(payload) === "[object Response]";
}

/** Whether the body of a `Response` has been read. Fastify then sends an error instead. */
export function isConsumed({ body, bodyUsed }: Response): boolean {
  return body !== null && bodyUsed;
}

/**
 * Returns the buffer that Fastify would send for a payload of bytes, so that it can be identified in `onSend`.
 * Undefined: not bytes.
 */
export function bytesOf(payload: unknown): Buffer | undefined {
  if (Buffer.isBuffer(payload)) return payload;
  const view = payload as Partial<ArrayBufferView> | null;
  if (!(view?.buffer instanceof ArrayBuffer)) return undefined;
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

/**
 * Returns the text that Fastify would make of a handler's object: by the reply's serializer, by the application's, by
 * the route's response schema, or as JSON.
 */
export function serialized(reply: FastifyReply, payload: unknown): string {
  const isBySchema = serializerOf(reply) === undefined && !hasDefaultSerializer(reply);
  const byType = isBySchema ? serializersByType(reply) : undefined;
  // `reply.serialize` ignores serializers that depend on the media type.
  if (byType !== undefined) {
    const serialize = byType[mediaTypeOf(reply)] ?? byType["*/*"];
    return serialize === undefined ? JSON.stringify(payload) : serialize(payload);
  }
  return reply.serialize(payload as Parameters<FastifyReply["serialize"]>[0]) as string;
}

type ByType = Readonly<Record<string, ((payload: unknown) => string) | undefined>>;

/** The serializers of a response schema that has one per media type. */
function serializersByType(reply: FastifyReply): ByType | undefined {
  const code = String(reply.statusCode);
  const found: unknown = [code, `${code[0]}xx`, "default"]
    .map((status): unknown => reply.getSerializationFunction(status))
    .find((serialize) => serialize !== undefined && serialize !== null);
  return typeof found === "object" ? (found as ByType) : undefined;
}

function mediaTypeOf(reply: FastifyReply): string {
  const type = String(reply.getHeader("content-type") ?? "");
  return type.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
