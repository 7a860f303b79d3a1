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
import { describesCoded } from "../node/compression-guard.ts";
import { isDisconnected, onceClosed, onceItsTurn } from "../node/connection-closed.ts";
import { areBeyondAscii } from "../node/response-form.ts";
import { replayedFill } from "../node/replay.ts";
import { restoreAtEnd } from "../node/shadow.ts";
import { overrideHeaders } from "../node/request.ts";
import { isAnswered, release } from "./sent-replies.ts";
import { asIs, contentOf, shownContentOf } from "./content.ts";
import { FastifyFill } from "./fill.ts";
import { arrangeHooks } from "./hooks.ts";
import { sendHooksOf } from "./internals.ts";
import { isResponse, isStream } from "./payload.ts";
import { FastifyRecord } from "./record.ts";
import { breakWith, restoreFields, setFields } from "./reply.ts";
import { serialised } from "./serialised.ts";
import { showTarget } from "./target.ts";
import { Trailers } from "./trailers.ts";

/** Goes on to the next hook with what is to be sent. */
type PayloadDone = (error: Error | null, payload?: unknown) => void;

type Headers = ReturnType<FastifyReply["getHeaders"]>;

/** The applications whose hooks have been seen to code what they send: a HEAD has another route than its GET. */
const CODING: WeakSet<object> = new WeakSet();

/** One cached route: its hooks, and the runs of its handler that are under way. */
export class CachedRoute {
  #engine: Engine;
  #policy: Policy<FastifyRequest>;
  /** The origin that was asked for last, which is mostly the only one. */
  #origin: { readonly protocol: string; readonly host: string | undefined; readonly text: string } = {
    protocol: "",
    host: "",
    text: "",
  };
  readonly #route: RouteOptions;
  readonly #sendHooks: number;
  #hasLater: boolean | undefined;
  #hooked: boolean | undefined;
  readonly #trailers = new Trailers();
  readonly #fills = new WeakMap<FastifyReply, FastifyFill>();
  /** The strong tags of what is said without a coding. */
  readonly #plain = new WeakMap<FastifyReply, string>();
  readonly #untyped = new WeakSet<FastifyReply>();
  readonly #following = new WeakMap<
    FastifyReply,
    { readonly names: readonly string[]; readonly before: Headers }
  >();
  readonly #headLengths = new WeakMap<FastifyReply, ReturnType<FastifyReply["getHeader"]>>();

  constructor(
    route: RouteOptions,
    before: readonly preHandlerHookHandler[],
    engine: Engine,
    policy: Policy<FastifyRequest>,
  ) {
    this.#engine = engine;
    this.#policy = policy;
    this.#route = route;
    const fills = this.#fills;
    const { handler } = route;
    // Where a handler returns nothing and its client is gone, Fastify calls no hook.
    route.handler = function handle(request, reply) {
      const result: unknown = handler.call(this, request, reply);
      fills.get(reply)?.returned(result);
      return result;
    };
    arrangeHooks(route, "preHandler", { last: [...before, this.#lookup] });
    arrangeHooks(route, "preSerialization", { last: [this.#serialise] });
    const isHead = [route.method].flat().includes("HEAD");
    const last = isHead ? [this.#guardCompression, this.#restoreLength] : [this.#guardCompression];
    this.#sendHooks = last.length + 1;
    arrangeHooks(route, "onSend", { first: [this.#send], last });
    arrangeHooks(route, "onError", { first: [this.#fail] });
  }

  /** Another cache takes over. */
  use(engine: Engine, policy: Policy<FastifyRequest>): void {
    this.#engine = engine;
    this.#policy = policy;
  }

  /** More is known of the same policy, unless another cache has taken over. */
  refine(policy: Policy<FastifyRequest>, refined: Policy<FastifyRequest>): void {
    if (this.#policy === policy) this.#policy = refined;
  }

  readonly #lookup = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    // A guard answers: nothing overtakes that.
    if (isAnswered(reply)) return;
    const replayed = replayedFill(request.raw);
    if (replayed !== undefined) {
      this.#fill(replayed, request, reply, false);
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
        // Somebody answered while the store was asked.
        if (isAnswered(reply)) release(decided);
        else this.#act(decided, request, reply, done);
      })
      .catch(fail);
  }

  #record(request: FastifyRequest): FastifyRecord {
    const { protocol } = request;
    // Fastify says the same of an empty host and of none.
    const host = request.host || request.raw.headers.host;
    // One text for all requests: its hash is known, and it is not joined anew.
    if (protocol !== this.#origin.protocol || host !== this.#origin.host) {
      this.#origin = { protocol, host, text: host === undefined ? protocol : `${protocol}://${host}` };
    }
    return new FastifyRecord(request, this.#origin.text);
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
    if (decision.kind === "bypass") setFields(reply, decision.fields);
    else if (isDisconnected(reply.raw)) {
      // The client left while its turn came: whoever waits behind it takes over.
      return decision.abandon("aborted");
    } else this.#fill(decision, request, reply, true);
    done();
  }

  #serve({ reply: said }: Serve, request: FastifyRequest, reply: FastifyReply): void {
    reply.code(said.status);
    const isHead = request.method === "HEAD";
    setFields(reply, said.fields, { making: said.making, isCounted: !isHead });
    if (isHead) this.#headLengths.set(reply, reply.getHeader("content-length"));
    const isHooked = this.#isHooked(request);
    // Fastify gives text and bytes a content type that a stored stream did not have.
    if (!isHooked && !reply.hasHeader("content-type")) this.#untyped.add(reply);
    // Fastify would add a charset to a text's content type, or hand it to a serializer that a hook has set.
    const isTextAnyway = said.text !== undefined && said.making?.textIn === "utf8";
    const isBeyond = !isTextAnyway && said.body !== undefined && areBeyondAscii(reply.getHeaders());
    const content = isHooked ? shownContentOf(said, reply, isBeyond) : contentOf(said, isBeyond);
    if (typeof content === "string") reply.serializer(asIs);
    reply.send(content ?? undefined);
  }

  /** Whether the application has `onSend` hooks of its own, which look at what is sent. */
  #isHooked(request: FastifyRequest): boolean {
    // Fastify knows them all when the first request comes.
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
    // A hook may send something else.
    onceClosed(reply.raw, leave);
    // Behind something else on its connection it is sent nothing, and is no slow reader.
    onceItsTurn(reply.raw, () => {
      if (isDisconnected(reply.raw) || isAnswered(reply)) return leave();
      if (!following.isCut()) return this.#sendFollowing(following, reply);
      leave();
      decideAgain();
    });
  }

  #sendFollowing({ status, fields, making, content }: Follow, reply: FastifyReply): void {
    const names = [...(making?.removed ?? []), ...fields.map(([name]) => name)];
    this.#following.set(reply, { names, before: reply.getHeaders() });
    setFields(reply.code(status), fields, { making });
    const stream = Readable.from(content, { objectMode: false });
    breakWith(stream, reply);
    reply.send(stream);
  }

  #fill(fill: Fill, request: FastifyRequest, reply: FastifyReply, hasClient: boolean): void {
    overrideHeaders(request.raw, fill);
    if (fill.target !== undefined) restoreAtEnd(reply.raw, showTarget(request, fill));
    this.#fills.set(reply, new FastifyFill(fill, reply, hasClient, this.#hasLaterHooks()));
  }

  readonly #serialise = (
    _request: FastifyRequest,
    reply: FastifyReply,
    payload: unknown,
    done: PayloadDone,
  ): void => {
    const run = this.#fills.get(reply);
    if (run?.awaitsText !== true) return done(null, payload);
    try {
      run.takeText(serialised(reply, payload));
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
    const run = this.#fills.get(reply);
    // Where a stream fails, Fastify destroys the response.
    if (isStream(payload) || isResponse(payload)) abortWhenDestroyed(reply.raw);
    if (run === undefined) {
      if (this.#untyped.has(reply)) reply.removeHeader("content-type");
      this.#trailers.dropUnfit(reply);
      this.#noteTag(reply);
      return done(null, payload);
    }
    try {
      const sent = run.send(payload);
      this.#trailers.dropUnfit(reply);
      this.#noteTag(reply);
      return done(null, sent);
    } catch (error) {
      return done(error as Error);
    }
  };

  /** Fastify's own HEAD routes take the length of what they would send, which on a hit is nothing. */
  readonly #restoreLength = (
    _request: FastifyRequest,
    reply: FastifyReply,
    payload: unknown,
    done: PayloadDone,
  ): void => {
    if (this.#headLengths.has(reply)) {
      const length = this.#headLengths.get(reply);
      if (length === undefined) reply.removeHeader("content-length");
      else reply.header("content-length", length);
    }
    done(null, payload);
  };

  /** A strong tag names bytes; those that hooks have coded since have a weak one (RFC 9110 §8.8.1). */
  readonly #guardCompression = (
    request: FastifyRequest,
    reply: FastifyReply,
    payload: unknown,
    done: PayloadDone,
  ): void => {
    const tag = this.#plain.get(reply);
    if (tag !== undefined && reply.getHeader("etag") === tag) {
      const coding = reply.getHeader("content-encoding") ?? "identity";
      if (coding !== "identity") CODING.add(reply.server);
      const isEmpty = reply.statusCode === 304 || request.method === "HEAD";
      const isCoded =
        coding !== "identity" ||
        (isEmpty && describesCoded(request.raw, reply.statusCode, tag, CODING.has(reply.server)));
      if (isCoded) reply.header("etag", `W/${tag}`);
    }
    this.#fills.get(reply)?.left();
    done(null, payload);
  };

  /** Notes a strong tag that is said of content without a coding, where hooks may still code it. */
  #noteTag(reply: FastifyReply): void {
    if (!this.#isHooked(reply.request) || reply.hasHeader("content-encoding")) return;
    const tag = reply.getHeader("etag");
    if (typeof tag === "string" && tag.startsWith('"')) this.#plain.set(reply, tag);
  }

  readonly #fail = (_request: FastifyRequest, reply: FastifyReply, error: Error, done: () => void): void => {
    this.#fills.get(reply)?.fail(error);
    // What another request's response says of itself is not said of an error.
    const following = this.#following.get(reply);
    if (following === undefined) return done();
    const names = following.names.filter((name) => name !== "cache-status");
    restoreFields(reply.code(200), names, following.before);
    done();
  };
}
