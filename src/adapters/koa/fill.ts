import type { Context, Next } from "koa";
import { changesOf, takeTags } from "../../adapter.ts";
import type { Abandoned, Fields, Fill, OpenFill, Refusal } from "../../adapter.ts";
import { Client } from "../node/client.ts";
import { allowListeners } from "../node/connection-closed.ts";
import { HandlerStream } from "../node/handler-stream.ts";
import { HeaderRecorder } from "../node/header-recorder.ts";
import { onHeaders } from "../node/on-headers.ts";
import { fieldsOf, replaceFields, setFields } from "../node/reply-fields.ts";
import { makingOf } from "../node/response-form.ts";
import { overrideHeaders } from "../node/request.ts";
import { restoreAtEnd, shadow } from "../node/shadow.ts";
import type { AnyStream } from "../node/source.ts";
import { watchLateFields } from "../node/wrapped-head.ts";
import { bodyOf, capturedBody, isEmpty, setBody } from "./body.ts";
import type { Captured } from "./body.ts";
import { abortWith } from "./follow.ts";
import { guard } from "./head.ts";
import { narrowRequest } from "./request.ts";

/** The life of a run. */
type State =
  /** The handler runs, and nothing has been sent. */
  | { readonly kind: "running" }
  /** Koa has what the cache returned. Middleware in front may still change it, until the head is sent. */
  | {
      readonly kind: "opened";
      readonly opened: OpenFill;
      readonly status: number;
      readonly publish: ((refusal?: Refusal) => Fields) | undefined;
      readonly lateRefusal: () => Refusal | undefined;
      readonly stream: HandlerStream | undefined;
    }
  /** The head was sent. */
  | { readonly kind: "sent"; readonly stream: HandlerStream | undefined }
  /** The cache expects nothing more. The head gets the fields for the reason, if there is one. */
  | { readonly kind: "over"; readonly reason: Abandoned | undefined };

/**
 * Follows one run of a handler.
 *
 * What it has left as the body is captured when it is done, before middleware in front compresses or changes that: this
 * middleware runs again on every hit. Nothing is stored or shared before the head is sent, since a session may set its
 * cookie until then (hazard 33).
 */
export class KoaFill {
  readonly #fill: Fill;
  readonly #ctx: Context;
  /** The fields that were set before the lookup. */
  readonly #earlier: Fields;
  readonly #recorder: HeaderRecorder;
  readonly #client: Client;
  #state: State = { kind: "running" };
  #isStopped = false;
  /** The handler's stream, where the cache reads it. */
  #shared: { readonly errored?: unknown } | undefined;

  constructor(fill: Fill, ctx: Context, isBackground: boolean) {
    const { res } = ctx;
    this.#fill = fill;
    this.#ctx = ctx;
    this.#earlier = fieldsOf(res);
    allowListeners(res, OWN_LISTENERS);
    this.#recorder = new HeaderRecorder(res);
    onHeaders(res, () => this.#onHead());
    this.#client = new Client(res, isBackground, {
      disconnect: () => this.#disconnect(),
      close: () => this.#close(),
    });
    this.#withholdErrorPages();
  }

  /** Runs the handler. Throws what it throws. */
  async run(next: Next): Promise<void> {
    const restore = narrowRequest(this.#ctx, this.#fill);
    let hasStream = false;
    try {
      await next();
      hasStream = this.#respond();
    } catch (error) {
      this.#fail(error);
      throw error;
    } finally {
      this.#recorder.stop();
      if (hasStream) this.#restoreLater(restore);
      else restore();
    }
  }

  /**
   * A stream may read the request while it is sent. Middleware in front is not shown the client's conditions either, which
   * it would evaluate, and end the stream by a 304; nor those of the cache.
   */
  #restoreLater(restore: () => void): void {
    const { req, res } = this.#ctx;
    const hidden = this.#fill.conditions.map(([name]) => name);
    if (hidden.length > 0) overrideHeaders(req, { hidden, conditions: [] });
    restoreAtEnd(res, restore);
  }

  /** Gives the cache what the handler has left. Returns whether others may read its stream. */
  #respond(): boolean {
    if (this.#state.kind !== "running") return false;
    const ctx = this.#ctx;
    if (ctx.respond === false) {
      this.#abandonUnheard();
      return false;
    }
    const captured = capturedBody(ctx);
    if (captured.kind === "stream") return this.#flow(captured.stream);
    this.#complete(captured);
    return false;
  }

  #complete({ content, textIn, added }: Extract<Captured, { kind: "whole" }>): void {
    const ctx = this.#ctx;
    const { status, res } = ctx;
    const isObject = textIn !== undefined && typeof ctx.body === "object" && ctx.body !== null;
    const { fields: own, opened } = this.#open({ textIn }, added);
    const reply = opened.complete(content);
    if (reply.status !== status) setBody(ctx, reply.status, bodyOf(reply));
    // On a hit, middleware in front is given the text.
    else if (isObject) setBody(ctx, status, String(content));
    replaceFields(res, { own, earlier: this.#earlier }, reply);
    this.#guard(opened, reply.status, undefined);
  }

  #flow(body: AnyStream): boolean {
    const ctx = this.#ctx;
    const { status, res } = ctx;
    const { fields: own, opened } = this.#open({ isParted: true });
    const streamed = opened.stream(() => this.#stop());
    const { sink } = streamed;
    if (sink === undefined) {
      replaceFields(res, { own, earlier: this.#earlier }, streamed);
      this.#guard(opened, status, undefined);
      // Nobody reads a response that is neither shared nor has a client.
      if (!this.#client.isConnected) this.#client.stop();
      return false;
    }
    this.#shared = body as { readonly errored?: unknown };
    const stream = new HandlerStream(body);
    this.#keepFromKoa(body);
    // Before the body is set: Koa destroys it at once where the client is gone.
    const content = this.#client.isBackground ? undefined : streamed.content;
    stream.share(sink, content, this.#client, () => this.#state.kind !== "sent");
    if (!this.#client.isBackground) abortWith(stream.stream, res);
    setBody(ctx, status, stream.stream);
    replaceFields(res, { own, earlier: this.#earlier }, streamed);
    this.#guard(opened, status, stream);
    if (this.#client.isClosed) stream.destroy();
    return true;
  }

  #open(
    form: Pick<Parameters<typeof makingOf>[0], "textIn" | "isParted">,
    added: Fields = [],
  ): { readonly fields: Fields; readonly opened: OpenFill } {
    const { res, status } = this.#ctx;
    const changes = changesOf(fieldsOf(res), this.#earlier);
    const given = this.#recorder.given(changes.fields, changes.added);
    const fields = [...(isEmpty(status) ? given.filter(([name]) => !OF_CONTENT.has(name)) : given), ...added];
    const making = makingOf(form, changes);
    // Set first: a fill that throws as it is opened must not be abandoned too.
    this.#state = { kind: "over", reason: undefined };
    const opened = this.#fill.open({ status, fields, earlier: this.#earlier, making, tags: takeTags(res) });
    this.#setOpened(opened, opened.defer?.(), undefined);
    return { fields, opened };
  }

  #setOpened(
    opened: OpenFill,
    publish: ((refusal?: Refusal) => Fields) | undefined,
    stream: HandlerStream | undefined,
  ): void {
    const { res, status } = this.#ctx;
    this.#state = { kind: "opened", opened, status, publish, lateRefusal: watchLateFields(res), stream };
  }

  /** Guards the head against compression, and begins to watch what middleware in front does to it. */
  #guard(opened: OpenFill, status: number, stream: HandlerStream | undefined): void {
    const vary = this.#earlier.find(([name]) => name === "vary")?.[1];
    guard(this.#ctx, status, vary);
    if (this.#state.kind === "opened") this.#setOpened(opened, this.#state.publish, stream);
  }

  /** The head is about to be sent. */
  #onHead(): void {
    const { res } = this.#ctx;
    // The handler writes without Koa, and the cache cannot read that.
    if (this.#state.kind === "running") this.#abandonUnheard();
    const state = this.#state;
    if (state.kind === "over" && state.reason !== undefined && state.reason !== "aborted")
      setFields(res, this.#fill.passed(state.reason));
    if (state.kind !== "opened") return;
    this.#state = { kind: "sent", stream: state.stream };
    // Middleware in front has sent something else, an error page for example. A 304 is for the same content.
    const isReplaced = res.statusCode !== state.status && res.statusCode !== 304;
    const refusal = isReplaced ? "failed" : state.lateRefusal();
    for (const [name, value] of state.publish?.(refusal) ?? []) res.setHeader(name, value);
  }

  /** The handler has thrown. What is sent for that is made where the cache cannot see it. */
  #fail(error: unknown): void {
    const state = this.#state;
    if (state.kind === "opened") state.opened.abandon("failed");
    if (state.kind === "running") this.#fill.isAnswer(error);
    this.#abandon("failed", error);
  }

  #abandon(reason: Abandoned, error?: unknown): void {
    if (this.#state.kind !== "running") return;
    this.#state = { kind: "over", reason };
    this.#fill.abandon(reason, error);
  }

  #abandonUnheard(): void {
    this.#abandon("unheard");
    this.#client.stop();
  }

  /** Nobody wants the rest of what the handler sends. */
  #stop(): void {
    this.#isStopped = true;
    this.#stream?.stop();
    this.#client.stop();
  }

  get #stream(): HandlerStream | undefined {
    const state = this.#state;
    return state.kind === "opened" || state.kind === "sent" ? state.stream : undefined;
  }

  /** The client disconnects; returns whether the run goes on. */
  #disconnect(): boolean {
    const state = this.#state;
    switch (state.kind) {
      case "running":
        if (this.#fill.leave()) return true;
        this.#state = { kind: "over", reason: "aborted" };
        return false;
      case "opened":
        // A whole response is stored once its head is sent.
        return state.stream === undefined || state.stream.detach();
      case "sent":
        return state.stream?.detach() ?? false;
      case "over":
        return false;
    }
  }

  /** The response is closed: its client has all of it, or has disconnected. */
  #close(): void {
    const state = this.#state;
    if (state.kind === "opened") state.opened.abandon("aborted");
    if (state.kind !== "running") this.#stream?.destroy();
    else if (this.#client.isBackground || this.#client.isDetached) this.#abandon("failed");
    else this.#disconnect();
  }

  /** Koa destroys what was set as the body at the end of the response, though others may still read it. */
  #keepFromKoa(body: AnyStream): void {
    if ("getReader" in body) return;
    const stream = body as NodeJS.ReadableStream & { destroy(): unknown };
    this.#ctx.res.prependListener("finish", () => {
      const restore = shadow(stream, { destroy: () => stream });
      queueMicrotask(() => {
        restore();
        if (this.#isStopped) stream.destroy();
      });
    });
  }

  /**
   * Koa sends an error page for an error of the connection, which a run that goes on without it must not notice.
   *
   * Koa 2 does so for one of a stream, too, before its first byte, and reports the same error for the handler's stream and
   * for that of the cache. A refresh sends nothing: its error has to reach the cache.
   */
  #withholdErrorPages(): void {
    const ctx = this.#ctx;
    const { req, res, onerror } = ctx;
    const { socket, stream } = req as typeof req & { readonly stream?: { readonly errored?: unknown } };
    let reported: unknown;
    shadow(ctx, {
      onerror: (error: unknown) => {
        const isOfClient = this.#client.isDetached && [socket, stream].some((end) => end?.errored === error);
        const isOfStream = this.#shared?.errored === error;
        if (!(error instanceof Error) || !(isOfClient || isOfStream))
          return onerror.call(ctx, error as Error);
        if (reported === error) return;
        reported = error;
        const canRespond = this.#client.isConnected && !res.headersSent && !res.destroyed && ctx.writable;
        if (canRespond) return onerror.call(ctx, error);
        ctx.app.emit("error", Object.assign(error, { headerSent: true }), ctx);
      },
    });
  }
}

/** How many listeners of one event a run adds to its response at most. */
const OWN_LISTENERS = 3;

/** The fields that Koa removes from a response without content. */
const OF_CONTENT: ReadonlySet<string> = new Set(["content-type", "content-length", "transfer-encoding"]);
