import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Decision, Engine, Fields, Fill, Follow, Policy, Serve } from "../../adapter.ts";
import { arrivalOf } from "../node/arrivals.ts";
import { isDisconnected, onceClosed, onceItsTurn } from "../node/connection-closed.ts";
import type { Outcome } from "../node/outcome.ts";
import { replayedFill } from "../node/replay.ts";
import { overrideHeaders } from "../node/request.ts";
import { areBeyondAscii } from "../node/response-form.ts";
import { restoreAtEnd } from "../node/shadow.ts";
import { FastifyFill } from "./fill.ts";
import { headersOf } from "./internals.ts";
import { serializeBy } from "./payload.ts";
import { abortWith, payloadForHooks, payloadOf, setFields } from "./reply.ts";
import { notesOn } from "./reply-notes.ts";
import { FastifyRecord, overrideTarget } from "./request.ts";
import type { RouteHooks } from "./route-hooks.ts";
import { wasSent } from "./sent-replies.ts";

/** A request that is looked up. `Native` is what the functions of the route's options are given. */
export interface Lookup<Native> {
  readonly engine: Engine;
  readonly policy: Policy<Native>;
  readonly hooks: RouteHooks;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly native: Native;
  /** The fields that were set before the route's handler. Absent: all that are set at the lookup. */
  readonly earlier?: (() => Fields) | undefined;
}

/** Looks a request up, and carries out what is decided. Nothing happens if a guard has sent a response. */
export function lookUp<Native>(lookup: Lookup<Native>, outcome: Outcome): void {
  const { engine, policy, hooks, request, reply, native } = lookup;
  // It must not be overtaken.
  if (wasSent(reply)) return;
  const replayed = replayedFill(request.raw);
  if (replayed !== undefined) return fill(replayed, lookup, outcome, true);
  let decision: ReturnType<Engine["begin"]>;
  try {
    const arrivedAt = arrivalOf(request.raw, engine);
    decision = engine.begin(new FastifyRecord(request, native, hooks.originOf(request), arrivedAt), policy);
  } catch (error) {
    return outcome.fail(error);
  }
  if (decision instanceof Promise) actLater(decision, lookup, outcome);
  else act(decision, lookup, outcome);
}

function actLater<Native>(decision: Promise<Decision>, lookup: Lookup<Native>, outcome: Outcome): void {
  decision
    .then((decided) => {
      // Something else was sent meanwhile.
      if (wasSent(lookup.reply)) discard(decided);
      else act(decided, lookup, outcome);
    })
    .catch((error: unknown) => outcome.fail(error));
}

function act<Native>(decision: Decision, lookup: Lookup<Native>, outcome: Outcome): void {
  const { reply } = lookup;
  switch (decision.kind) {
    case "serve":
      return outcome.answer(
        () => serve(decision, lookup),
        () => undefined,
      );
    case "follow":
      return follow(decision, lookup, outcome);
    case "bypass":
      setFields(reply, decision.fields, decision);
      return outcome.proceed();
    case "fill":
      // The client disconnected while it waited. Another request that waits leads.
      if (isDisconnected(reply.raw)) return decision.abandon("aborted");
      return fill(decision, lookup, outcome, false);
  }
}

function serve<Native>({ reply: hit }: Serve, { request, reply, hooks }: Lookup<Native>): void {
  reply.code(hit.status);
  const isHead = request.method === "HEAD";
  setFields(reply, hit.fields, { making: hit.making, unlessSet: hit.unlessSet, isCounted: !isHead });
  if (isHead) notesOn(reply).headLength = reply.getHeader("content-length") ?? null;
  const isHooked = hooks.isHooked(request);
  // Fastify sets a content type on text and bytes, which a stored stream did not have.
  if (!isHooked && !reply.hasHeader("content-type")) notesOn(reply).isUntyped = true;
  // Fastify would add a charset to a text's content type, or pass the text to a serializer that a hook has set.
  const isTextAnyway = hit.text !== undefined && hit.making?.textIn === "utf8";
  const isBeyond = !isTextAnyway && hit.body !== undefined && areBeyondAscii(headersOf(reply));
  const payload = isHooked
    ? payloadForHooks(hit, reply.getHeader("content-type"), isBeyond)
    : payloadOf(hit, isBeyond);
  if (typeof payload === "string") {
    // Without hooks, no error handler sends anything after it.
    if (isHooked) notesOn(reply).restoreSerializer = serializeBy(reply, unchanged);
    else reply.serializer(unchanged);
  }
  reply.send(payload ?? undefined);
}

function follow<Native>(following: Follow, lookup: Lookup<Native>, outcome: Outcome): void {
  const { reply } = lookup;
  const leave = (): void => void following.content.return?.();
  if (isDisconnected(reply.raw)) return leave();
  // A hook may send something else, and then the content is not read.
  onceClosed(reply.raw, leave);
  // Until its turn on the connection it is sent nothing, so it is not a slow reader.
  onceItsTurn(reply.raw, () => {
    if (isDisconnected(reply.raw) || wasSent(reply)) return leave();
    if (!following.isCut()) return outcome.answer(() => sendFollowing(following, reply), leave);
    leave();
    lookUp(lookup, outcome);
  });
}

function sendFollowing(following: Follow, reply: FastifyReply): void {
  const { status, fields, making, content } = following;
  const names = [...(making?.removed ?? []), ...fields.map(([name]) => name)];
  notesOn(reply).followed = { names, before: reply.getHeaders() };
  setFields(reply.code(status), fields, following);
  const stream = Readable.from(content, { objectMode: false });
  abortWith(stream, reply);
  reply.send(stream);
}

function fill<Native>(run: Fill, lookup: Lookup<Native>, outcome: Outcome, isBackground: boolean): void {
  const { request, reply, hooks } = lookup;
  overrideHeaders(request.raw, run);
  if (run.target !== undefined) restoreAtEnd(reply.raw, overrideTarget(request, run));
  const hasLaterHooks = hooks.hasLaterHooks();
  const filling = new FastifyFill(run, reply, { isBackground, hasLaterHooks }, lookup.earlier?.());
  notesOn(reply).fill = filling;
  outcome.proceed(filling);
}

/** Drops a decision that is not needed any more. If it was to lead, another request that waits leads. */
function discard(decision: Decision): void {
  if (decision.kind === "follow") void decision.content.return?.();
  else if (decision.kind === "fill") decision.abandon("aborted");
}

/** The serializer of a payload that is text already. */
function unchanged(payload: unknown): string {
  return payload as string;
}
