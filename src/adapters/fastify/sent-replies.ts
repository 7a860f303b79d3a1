import type { FastifyInstance, FastifyReply } from "fastify";
import type { Decision } from "../../adapter.ts";
import { replyClassOf } from "./internals.ts";

/** On a reply: whether something was sent, which may still be on its way through hooks. */
const ANSWERED: unique symbol = Symbol("caching-route.answered");

/** A reply that notes it. */
type Noting = FastifyReply & { [ANSWERED]?: boolean };

/**
 * Lets the replies of an application note that `send` was called: Fastify says so only once it has written all of it.
 *
 * A guard may send and return nothing. While asynchronous `onSend` hooks hold its answer, Fastify goes on to the
 * lookup, whose status and content would overtake it: a hit in the place of a refusal.
 */
export function noteAnswers(app: FastifyInstance): void {
  if (app.hasReplyDecorator(ANSWERED)) return;
  // With that, Fastify makes replies of this application's own class.
  app.decorateReply(ANSWERED, false);
  const prototype = replyClassOf(app)?.prototype;
  if (prototype === undefined) return;
  const { send } = prototype;
  prototype.send = function noteAndSend(this: Noting, payload?: unknown): FastifyReply {
    const sent = send.call(this, payload);
    // What throws has sent nothing.
    this[ANSWERED] = true;
    return sent;
  };
}

/** Whether something was sent, or somebody answers past Fastify. */
export function isAnswered(reply: Noting): boolean {
  return reply[ANSWERED] === true || reply.sent;
}

/** Lets go of what a request is not answered with any more: whoever waits behind it takes over. */
export function release(decision: Decision): void {
  if (decision.kind === "follow") void decision.content.return?.();
  else if (decision.kind === "fill") decision.abandon("aborted");
}
