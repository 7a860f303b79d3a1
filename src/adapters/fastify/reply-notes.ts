import type { FastifyReply } from "fastify";
import type { FastifyFill } from "./fill.ts";

/** What a cached route has to know of a reply in later hooks. */
export class ReplyNotes {
  /** The run of the handler that sends it. */
  fill: FastifyFill | undefined;
  /** Its fields are those of another request's run: their names, and the fields that were set before. */
  followed: { readonly names: readonly string[]; readonly before: Headers } | undefined;
  /** A hit without a content type, which Fastify sets on text and bytes. */
  isUntyped = false;
  /** The length of a hit on HEAD; null where it has none. */
  headLength: ReturnType<FastifyReply["getHeader"]> | null = undefined;
  /** Restores the serializer that the reply had before it was given a hit's text. */
  restoreSerializer: (() => void) | undefined;
  /** Its strong tag, where its content had no coding before the route's own last hooks. */
  uncodedTag: string | undefined;
}

type Headers = ReturnType<FastifyReply["getHeaders"]>;

/** A member, for the reason that `TOLD` in `reply.ts` is one. A reply belongs to one cached route. */
const NOTES: unique symbol = Symbol("caching-route.fastify.notes") as never;

interface NotedReply extends FastifyReply {
  [NOTES]?: ReplyNotes;
}

/** Returns what is known of a reply. A plain hit on a route without hooks has no notes. */
export function notesOf(reply: FastifyReply): ReplyNotes | undefined {
  return (reply as NotedReply)[NOTES];
}

/** Returns the notes of a reply, which are begun if it has none. */
export function notesOn(reply: FastifyReply): ReplyNotes {
  return ((reply as NotedReply)[NOTES] ??= new ReplyNotes());
}
