import type { Abandoned } from "../../adapter.ts";
import type { HandlerStream } from "../node/handler-stream.ts";
import type { DeferredHead } from "./deferred-head.ts";
import type { Captured } from "./payload.ts";

/** The life of a run. With `isForError`, it has failed with what is an answer: what is sent for that may be stored. */
export type State =
  /** Nothing has been sent. */
  | { readonly at: "running"; readonly isForError: boolean }
  /** What was sent is on its way through the application's hooks. */
  | { readonly at: "captured"; readonly isForError: boolean; readonly sent: Captured }
  /** Fastify sends what the cache returned. With `deferred`, later hooks may still change the head. */
  | {
      readonly at: "opened";
      readonly isForError: boolean;
      readonly sent: Captured;
      readonly hasFailed: boolean;
      readonly deferred: DeferredHead | undefined;
    }
  /** The cache expects nothing more. Something that was sent before may still be on its way. */
  | { readonly at: "abandoned"; readonly reason: Abandoned; readonly sent: Captured | undefined };

/** Returns what was captured, if anything was. */
export function sentIn(state: State): Captured | undefined {
  return state.at === "running" ? undefined : state.sent;
}

/** Returns the stream that was captured, if it was one. */
export function streamIn(state: State): HandlerStream | undefined {
  const sent = sentIn(state);
  return sent?.kind === "stream" ? sent.stream : undefined;
}
