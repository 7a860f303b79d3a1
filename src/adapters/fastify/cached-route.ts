import { Readable } from "node:stream";
import type {
  FastifyReply,
  FastifyRequest,
  HookHandlerDoneFunction,
  RouteOptions,
  preHandlerHookHandler,
} from "fastify";
import type { Decision, Engine, Fill, Follow, Policy, Serve } from "../../adapter.ts";
import { abortWhenDestroyed } from "../node/abort-response.ts";
import { arrivalOf } from "../node/arrivals.ts";
import { describesCoded } from "../node/compression-guard.ts";
import { isDisconnected, onceClosed, onceItsTurn } from "../node/connection-closed.ts";
import { processWide } from "../node/process-wide.ts";
import { replayedFill } from "../node/replay.ts";
import { overrideHeaders } from "../node/request.ts";
import { areBeyondAscii } from "../node/response-form.ts";
import { restoreAtEnd } from "../node/shadow.ts";
import { FastifyFill } from "./fill.ts";
import { arrangeHooks } from "./hooks.ts";
import { headersOf, sendHooksOf } from "./internals.ts";
import { isResponse, isStream, serializeBy, serialized } from "./payload.ts";
import {
  abortWith,
  dropTrailers,
  payloadForHooks,
  payloadOf,
  restoreFields,
  setFields,
  withdraw,
} from "./reply.ts";
import { notesOf, notesOn } from "./reply-notes.ts";
import { FastifyRecord, overrideTarget } from "./request.ts";
import { wasSent } from "./sent-replies.ts";

/** Goes on to the next hook with the payload to be sent. */
type PayloadDone = (error: Error | null, payload?: unknown) => void;

/** The applications whose hooks have been seen to compress: a HEAD has another route than its GET. */
const COMPRESSING = processWide("fastify.compressing", () => new WeakSet<object>());

/** One cached route: its hooks, and the runs of its handler that are under way. */
export class CachedRoute {
  #engine: Engine;
  #policy: Policy<FastifyRequest>;
  /** The origin of the last request, which is usually the only one. */
  #origin: { readonly protocol: string; readonly host: string | undefined; readonly text: string } = {
    protocol: "",
    host: "",
    text: "",
  };
  readonly #route: RouteOptions;
  readonly #sendHooks: number;
  #hasLater: boolean | undefined;
  #hooked: boolean | undefined;

  constructor(
    route: RouteOptions,
    before: readonly preHandlerHookHandler[],
    engine: Engine,
    policy: Policy<FastifyRequest>,
  ) {
    this.#engine = engine;
    this.#policy = policy;
    this.#route = route;
    const { handler } = route;
    // If a handler returns nothing and its client has disconnected, Fastify calls no hook.
    route.handler = function handle(request, reply) {
      const result: unknown = handler.call(this, request, reply);
      notesOf(reply)?.fill?.returned(result);
      return result;
    };
    arrangeHooks(route, "preHandler", { guards: before, last: [this.#lookup] });
    arrangeHooks(route, "preSerialization", { last: [this.#serialize] });
    const isHead = [route.method].flat().includes("HEAD");
    const last = isHead ? [this.#guardCompression, this.#restoreLength] : [this.#guardCompression];
    this.#sendHooks = last.length + 1;
    arrangeHooks(route, "onSend", { first: [this.#send], last });
    arrangeHooks(route, "onError", { first: [this.#fail] });
  }

  /** Replaces the cache by another one. */
  use(engine: Engine, policy: Policy<FastifyRequest>): void {
    this.#engine = engine;
    this.#policy = policy;
  }

  /** Replaces a policy by a more precise one, unless another cache has taken over. */
  refine(policy: Policy<FastifyRequest>, refined: Policy<FastifyRequest>): void {
    if (this.#policy === policy) this.#policy = refined;
  }

  readonly #lookup = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    // A guard has sent a response, which must not be overtaken.
    if (wasSent(reply)) return;
    const replayed = replayedFill(request.raw);
    if (replayed !== undefined) {
      this.#fill(replayed, request, reply, true);
      return done();
    }
    const decision = this.#begin(request, done);
    if (decision instanceof Promise) this.#wait(decision, request, reply, done);
    else if (decision !== undefined) this.#act(decision, request, reply, done);
  };

  #begin(request: FastifyRequest, done: HookHandlerDoneFunction): ReturnType<Engine["begin"]> | undefined {
    try {
      return this.#engine.begin(this.#record(request), this.#policy);
    } catch (error) {
      done(error as Error);
      return undefined;
    }
  }

  #wait(
    decision: Promise<Decision>,
    request: FastifyRequest,
    reply: FastifyReply,
    done: HookHandlerDoneFunction,
  ): void {
    const fail = (error: Error): void => done(error);
    decision
      .then((decided) => {
        // Something else was sent meanwhile.
        if (wasSent(reply)) discard(decided);
        else this.#act(decided, request, reply, done);
      })
      .catch(fail);
  }

  #record(request: FastifyRequest): FastifyRecord {
    const { protocol } = request;
    // Fastify's `host` is empty for an empty `Host` and for none.
    const host = request.host || request.raw.headers.host;
    // One string for all requests, so that it is joined and hashed once.
    if (protocol !== this.#origin.protocol || host !== this.#origin.host) {
      this.#origin = { protocol, host, text: host === undefined ? protocol : `${protocol}://${host}` };
    }
    return new FastifyRecord(request, this.#origin.text, arrivalOf(request.raw, this.#engine));
  }

  #act(
    decision: Decision,
    request: FastifyRequest,
    reply: FastifyReply,
    done: HookHandlerDoneFunction,
  ): void {
    if (decision.kind === "serve") return this.#serve(decision, request, reply);
    if (decision.kind === "follow")
      return this.#follow(decision, reply, () => this.#lookup(request, reply, done));
    if (decision.kind === "bypass") setFields(reply, decision.fields, decision);
    else if (isDisconnected(reply.raw)) {
      // The client disconnected while it waited. Another request that waits leads.
      return decision.abandon("aborted");
    } else this.#fill(decision, request, reply, false);
    done();
  }

  #serve({ reply: hit }: Serve, request: FastifyRequest, reply: FastifyReply): void {
    reply.code(hit.status);
    const isHead = request.method === "HEAD";
    setFields(reply, hit.fields, { making: hit.making, unlessSet: hit.unlessSet, isCounted: !isHead });
    if (isHead) notesOn(reply).headLength = reply.getHeader("content-length") ?? null;
    const isHooked = this.#isHooked(request);
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

  /** Whether the application has `onSend` hooks of its own, which read what is sent. */
  #isHooked(request: FastifyRequest): boolean {
    // Fastify knows all hooks only at the first request.
    this.#hooked ??= sendHooksOf(request) > this.#sendHooks;
    return this.#hooked;
  }

  /** Whether the route has `onSend` hooks that run after the first of these: they may still change the head. */
  #hasLaterHooks(): boolean {
    this.#hasLater ??= [this.#route.onSend ?? []].flat().length > this.#sendHooks;
    return this.#hasLater;
  }

  #follow(following: Follow, reply: FastifyReply, decideAgain: () => void): void {
    const leave = (): void => void following.content.return?.();
    if (isDisconnected(reply.raw)) return leave();
    // A hook may send something else, and then the content is not read.
    onceClosed(reply.raw, leave);
    // Until its turn on the connection it is sent nothing, so it is not a slow reader.
    onceItsTurn(reply.raw, () => {
      if (isDisconnected(reply.raw) || wasSent(reply)) return leave();
      if (!following.isCut()) return this.#sendFollowing(following, reply);
      leave();
      decideAgain();
    });
  }

  #sendFollowing(following: Follow, reply: FastifyReply): void {
    const { status, fields, making, content } = following;
    const names = [...(making?.removed ?? []), ...fields.map(([name]) => name)];
    notesOn(reply).followed = { names, before: reply.getHeaders() };
    setFields(reply.code(status), fields, following);
    const stream = Readable.from(content, { objectMode: false });
    abortWith(stream, reply);
    reply.send(stream);
  }

  #fill(fill: Fill, request: FastifyRequest, reply: FastifyReply, isBackground: boolean): void {
    overrideHeaders(request.raw, fill);
    if (fill.target !== undefined) restoreAtEnd(reply.raw, overrideTarget(request, fill));
    const hasLaterHooks = this.#hasLaterHooks();
    notesOn(reply).fill = new FastifyFill(fill, reply, { isBackground, hasLaterHooks });
  }

  readonly #serialize = (
    _request: FastifyRequest,
    reply: FastifyReply,
    payload: unknown,
    done: PayloadDone,
  ): void => {
    const fill = notesOf(reply)?.fill;
    if (fill?.awaitsText !== true) return done(null, payload);
    try {
      fill.captureText(serialized(reply, payload));
      return done(null, payload);
    } catch (error) {
      return done(error as Error);
    }
  };

  readonly #send = (
    _request: FastifyRequest,
    reply: FastifyReply,
    payload: unknown,
    done: PayloadDone,
  ): void => {
    // As without a cache.
    if (!this.#policy.isEnabled) return done(null, payload);
    // Where a stream fails, Fastify destroys the response.
    if (isStream(payload) || isResponse(payload)) abortWhenDestroyed(reply.raw);
    const notes = notesOf(reply);
    const fill = notes?.fill;
    if (fill === undefined) {
      if (notes?.isUntyped === true) reply.removeHeader("content-type");
      dropTrailers(reply);
      this.#noteTag(reply);
      return done(null, payload);
    }
    try {
      const sent = fill.send(payload);
      dropTrailers(reply);
      this.#noteTag(reply);
      return done(null, sent);
    } catch (error) {
      return done(error as Error);
    }
  };

  /** Fastify's own HEAD routes set the length of what they would send, which on a hit is nothing. */
  readonly #restoreLength = (
    _request: FastifyRequest,
    reply: FastifyReply,
    payload: unknown,
    done: PayloadDone,
  ): void => {
    const length = notesOf(reply)?.headLength;
    if (length === null) reply.removeHeader("content-length");
    else if (length !== undefined) reply.header("content-length", length);
    done(null, payload);
  };

  /** A strong tag identifies bytes: the tag of content that hooks have compressed since is weak (RFC 9110 §8.8.1). */
  readonly #guardCompression = (
    request: FastifyRequest,
    reply: FastifyReply,
    payload: unknown,
    done: PayloadDone,
  ): void => {
    const notes = notesOf(reply);
    const tag = notes?.uncodedTag;
    if (tag !== undefined && reply.getHeader("etag") === tag) {
      const coding = reply.getHeader("content-encoding") ?? "identity";
      if (coding !== "identity") COMPRESSING.add(reply.server);
      const isEmpty = reply.statusCode === 304 || request.method === "HEAD";
      const isCoded =
        coding !== "identity" ||
        (isEmpty && describesCoded(request.raw, reply.statusCode, tag, COMPRESSING.has(reply.server)));
      if (isCoded) reply.header("etag", `W/${tag}`);
    }
    notes?.fill?.end();
    done(null, payload);
  };

  /** Notes the strong tag of content without a coding, where hooks may still compress it. */
  #noteTag(reply: FastifyReply): void {
    if (!this.#isHooked(reply.request) || reply.hasHeader("content-encoding")) return;
    const tag = reply.getHeader("etag");
    if (typeof tag === "string" && tag.startsWith('"')) notesOn(reply).uncodedTag = tag;
  }

  readonly #fail = (_request: FastifyRequest, reply: FastifyReply, error: Error, done: () => void): void => {
    const notes = notesOf(reply);
    notes?.fill?.fail(error);
    notes?.restoreSerializer?.();
    withdraw(reply);
    const followed = notes?.followed;
    if (followed === undefined) return done();
    // The fields of another request's response, but for the cache's own, do not describe an error.
    const names = followed.names.filter((name) => name !== "cache-status");
    restoreFields(reply.code(200), names, followed.before);
    done();
  };
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
