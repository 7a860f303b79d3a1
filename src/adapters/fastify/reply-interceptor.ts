import type { FastifyReply } from "fastify";
import { isFailing } from "./internals.ts";

/**
 * What stands in the place of a reply's own methods, the latest first: taken away in this order, the reply stays the
 * quick object that it was, and V8 makes no dictionary of it.
 */
const SHADOWED = ["hijack", "then", "send"] as const;

/** Who hears what a handler does with its reply. */
export interface Listener {
  /** The handler sends; answers what Fastify is given in the payload's place. */
  take(payload: unknown): unknown;
  /**
   * It, or an error handler, sends once more, while Fastify has not written yet what was sent before. Answers what Fastify
   * is given; `isError`: that counts as an error.
   */
  takeAgain(payload: unknown, isError: boolean): unknown;
  /** It returned the reply, and sends later. */
  await(): void;
  /** It answers past Fastify. */
  leaveAlone(): void;
}

/** Stands in the place of methods of the reply until the handler has sent. */
export function listenTo(reply: FastifyReply, listener: Listener): void {
  const { send, hijack, then } = reply;
  const release = (): void => {
    for (const name of SHADOWED) Reflect.deleteProperty(reply, name);
  };
  reply.send = (payload?: unknown) => {
    release();
    if (reply.sent) return send.call(reply, payload);
    const taken = listener.take(payload);
    reply.send = (again?: unknown) => {
      if (reply.sent) return send.call(reply, again);
      return send.call(reply, listener.takeAgain(again, again instanceof Error || isFailing(reply)));
    };
    return send.call(reply, taken);
  };
  // A handler that returns the reply sends later; once the client is gone, Fastify does not wait for it.
  Reflect.set(reply, "then", (...settle: Parameters<typeof then>) => {
    listener.await();
    then.apply(reply, settle);
  });
  reply.hijack = () => {
    release();
    listener.leaveAlone();
    return hijack.call(reply);
  };
}

/** Tells when what a handler returned turns out to be a promise of nothing. */
export function onNothing(result: unknown, tell: () => void): void {
  if (!(result instanceof Promise)) return;
  const look = (value: unknown): void => (value === undefined ? tell() : undefined);
  // Of a rejection Fastify tells `onError`.
  result.then(look, () => undefined);
}
