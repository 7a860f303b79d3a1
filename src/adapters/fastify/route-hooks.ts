import type { FastifyReply, FastifyRequest, RouteOptions, preHandlerHookHandler } from "fastify";
import { abortWhenDestroyed } from "../node/abort-response.ts";
import { describesCoded } from "../node/compression-guard.ts";
import { processWide } from "../node/process-wide.ts";
import { arrangeHooks } from "./hooks.ts";
import { sendHooksOf } from "./internals.ts";
import { isResponse, isStream, serialized } from "./payload.ts";
import { dropTrailers, restoreFields, withdraw } from "./reply.ts";
import { notesOf, notesOn } from "./reply-notes.ts";

/** Goes on to the next hook with the payload to be sent. */
type PayloadDone = (error: Error | null, payload?: unknown) => void;

/** The applications whose hooks have been seen to compress: a HEAD has another route than its GET. */
const COMPRESSING = processWide("fastify.compressing", () => new WeakSet<object>());

/** The hooks of one route whose requests are looked up: they see what is sent, for the fill and for hits. */
export class RouteHooks {
  /** The origin of the last request, which is usually the only one. */
  #origin: { readonly protocol: string; readonly host: string | undefined; readonly text: string } = {
    protocol: "",
    host: "",
    text: "",
  };
  readonly #route: RouteOptions;
  readonly #isActive: (reply: FastifyReply) => boolean;
  readonly #sendHooks: number;
  #hasLater: boolean | undefined;
  #hooked: boolean | undefined;

  /** `isActive` returns whether a reply is for a request that is looked up. Others are left as they are. */
  constructor(
    route: RouteOptions,
    isActive: (reply: FastifyReply) => boolean,
    preHandler: {
      readonly guards?: readonly preHandlerHookHandler[];
      readonly last?: readonly preHandlerHookHandler[];
    } = {},
  ) {
    this.#route = route;
    this.#isActive = isActive;
    const { handler } = route;
    // If a handler returns nothing and its client has disconnected, Fastify calls no hook.
    route.handler = function handle(request, reply) {
      const result: unknown = handler.call(this, request, reply);
      notesOf(reply)?.fill?.returned(result);
      return result;
    };
    arrangeHooks(route, "preHandler", preHandler);
    arrangeHooks(route, "preSerialization", { last: [this.#serialize] });
    const isHead = [route.method].flat().includes("HEAD");
    const last = isHead ? [this.#guardCompression, this.#restoreLength] : [this.#guardCompression];
    this.#sendHooks = last.length + 1;
    arrangeHooks(route, "onSend", { first: [this.#send], last });
    arrangeHooks(route, "onError", { first: [this.#fail] });
  }

  /** Returns scheme and authority of a request: one string for all, so that it is joined and hashed once. */
  originOf(request: FastifyRequest): string {
    const { protocol } = request;
    // Fastify's `host` is empty for an empty `Host` and for none.
    const host = request.host || request.raw.headers.host;
    if (protocol !== this.#origin.protocol || host !== this.#origin.host) {
      this.#origin = { protocol, host, text: host === undefined ? protocol : `${protocol}://${host}` };
    }
    return this.#origin.text;
  }

  /** Whether the application has `onSend` hooks of its own, which read what is sent. */
  isHooked(request: FastifyRequest): boolean {
    // Fastify knows all hooks only at the first request.
    this.#hooked ??= sendHooksOf(request) > this.#sendHooks;
    return this.#hooked;
  }

  /** Whether the route has `onSend` hooks that run after the first of these: they may still change the head. */
  hasLaterHooks(): boolean {
    this.#hasLater ??= [this.#route.onSend ?? []].flat().length > this.#sendHooks;
    return this.#hasLater;
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
    if (!this.#isActive(reply)) return done(null, payload);
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
    if (!this.isHooked(reply.request) || reply.hasHeader("content-encoding")) return;
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
