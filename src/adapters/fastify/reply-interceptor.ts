import type { FastifyReply } from "fastify";
import { isFailing } from "./internals.ts";

/**
 * The methods that are replaced on a reply, the last one first: deleted in this order, they leave the reply a fast object,
 * and V8 makes no dictionary of it.
 */
const INTERCEPTED = ["hijack", "then", "send"] as const;

/** Observes what a handler does with its reply. */
export interface ReplyListener {
  /** The handler sends. Returns the payload to give to Fastify instead. */
  send(payload: unknown): unknown;
  /**
   * The handler or an error handler sends again, before Fastify has written what was sent first. Returns the payload to give
   * to Fastify instead. `isError`: Fastify handles it as an error.
   */
  sendAgain(payload: unknown, isError: boolean): unknown;
  /**
   * The handler's promise is fulfilled with undefined, and the handler has not returned the reply in order to send
   * later.
   */
  returnNothing(): void;
  /** The handler writes to the response without Fastify. */
  hijack(): void;
}

/**
 * Replaces methods of a reply until the handler has sent. Returns a function to be called with what the handler returns.
 */
export function interceptReply(reply: FastifyReply, listener: ReplyListener): (result: unknown) => void {
  const { send, hijack, then } = reply;
  let isReturned = false;
  const restore = (): void => {
    for (const name of INTERCEPTED) Reflect.deleteProperty(reply, name);
  };
  reply.send = (payload?: unknown) => {
    restore();
    if (reply.sent) return send.call(reply, payload);
    const sent = listener.send(payload);
    reply.send = (again?: unknown) => {
      if (reply.sent) return send.call(reply, again);
      return send.call(reply, listener.sendAgain(again, again instanceof Error || isFailing(reply)));
    };
    return send.call(reply, sent);
  };
  // A handler that returns the reply sends later. A promise of the reply is fulfilled with nothing once it is closed.
  Reflect.set(reply, "then", (...settle: Parameters<typeof then>) => {
    isReturned = true;
    then.apply(reply, settle);
  });
  reply.hijack = () => {
    restore();
    listener.hijack();
    return hijack.call(reply);
  };
  return (result) => {
    if (!(result instanceof Promise)) return;
    const look = (value: unknown): void => {
      if (value === undefined && !isReturned) listener.returnNothing();
    };
    // A rejection is passed to `onError` by Fastify.
    result.then(look, () => undefined);
  };
}
