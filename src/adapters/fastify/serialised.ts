import type { FastifyReply } from "fastify";
import { hasDefaultSerializer, serializerOf } from "./internals.ts";
import type { Serializer } from "./internals.ts";

/**
 * Makes of a handler's object the text that Fastify would make of it: by the reply's serializer, by the application's,
 * by the route's response schema, or as JSON.
 */
export function serialised(reply: FastifyReply, payload: unknown): string {
  const isBySchema = serializerOf(reply) === undefined && !hasDefaultSerializer(reply);
  const byType = isBySchema ? serializersByType(reply) : undefined;
  // `reply.serialize` does not look that far.
  if (byType !== undefined) {
    const serialize = byType[mediaTypeOf(reply)] ?? byType["*/*"];
    return serialize === undefined ? JSON.stringify(payload) : serialize(payload);
  }
  return reply.serialize(payload as Parameters<FastifyReply["serialize"]>[0]) as string;
}

/** Gives a reply another serializer; answers how to take it back where nobody has given it one since. */
export function serializeBy(reply: FastifyReply, serializer: Serializer): () => void {
  const earlier = serializerOf(reply) ?? null;
  reply.serializer(serializer);
  return () => {
    // Null is how Fastify says that there is none.
    if (serializerOf(reply) === serializer) reply.serializer(earlier as Serializer);
  };
}

/** Tells what a reply's own serializer makes of a text, where it has one; answers how to end that. */
export function overhear(reply: FastifyReply, tell: (text: string) => void): (() => void) | undefined {
  const serialize = serializerOf(reply);
  if (serialize === undefined) return undefined;
  // Fastify asks it where the reply has a content type.
  return serializeBy(reply, (payload) => {
    const text = serialize(payload);
    tell(text);
    return text;
  });
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
