import type { FastifyInstance, FastifyReply } from "fastify";
import { replyClassOf } from "./internals.ts";

/** A property of a reply: whether `send` was called, though hooks may still be running. */
const SENT: unique symbol = Symbol.for("caching-route.fastify.sent") as never;

type MarkedReply = FastifyReply & { [SENT]?: boolean };

/**
 * Marks the replies of an application on which `send` was called: `reply.sent` is true only once all is written.
 *
 * A guard may send and return nothing. While asynchronous `onSend` hooks hold its payload, Fastify goes on to the
 * lookup, whose status and content would overtake it: a hit in the place of a refusal.
 */
export function markSentReplies(app: FastifyInstance): void {
  if (app.hasReplyDecorator(SENT)) return;
  // A decorator makes Fastify use a class of replies of this application's own.
  app.decorateReply(SENT, false);
  const prototype = replyClassOf(app)?.prototype;
  if (prototype === undefined) return;
  const { send } = prototype;
  prototype.send = function sendAndMark(this: MarkedReply, payload?: unknown): FastifyReply {
    const sent = send.call(this, payload);
    // A call that throws has sent nothing.
    this[SENT] = true;
    return sent;
  };
}

/** Whether something was sent on a reply, or is written without Fastify. */
export function wasSent(reply: MarkedReply): boolean {
  return reply[SENT] === true || reply.sent;
}
