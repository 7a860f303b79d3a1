import type { IncomingMessage, Server } from "node:http";
import type { Fill } from "../../adapter.ts";
import { mayChangeContent } from "./method-override.ts";
import { hasHandler, originalUrl } from "./original-url.ts";
import { parsedContent } from "./parsed-content.ts";
import { processWide } from "./process-wide.ts";
import { replay, replayedFill } from "./replay.ts";
import { NodeRequest } from "./request.ts";
import { originOf, targetOf } from "./route.ts";
import type { NodeCall } from "./route.ts";

/** The purpose of a replayed request. */
interface Purpose {
  /** Who looks it up; it may pass others before. */
  readonly owner: object;
  /** The record of the client's request: the replayed one has to have its URL. */
  readonly record: Pick<NodeRequest<unknown>, "origin" | "target" | "rewritten">;
  /** It has another URL, or did not reach the route. */
  miss(): void;
}

const PURPOSES = processWide("node.purposes.1", () => new WeakMap<IncomingMessage, Purpose>());
/** Servers that rewrite the same URL in different ways: a refresh has to go to the application itself. */
const REWRITING = processWide("node.rewriting", () => new WeakSet<Server>());

/** A call as the core's plain record. */
export class CallRecord<Native> extends NodeRequest<Native> {
  readonly #call: NodeCall<Native>;
  readonly #owner: object;

  constructor(call: NodeCall<Native>, owner: object, arrivedAt?: number) {
    const { req, origin = originOf(call), target = targetOf(call), rewritten, native, params } = call;
    super(req, origin, target, rewritten, native, undefined, arrivedAt, params);
    this.#call = call;
    this.#owner = owner;
  }

  override header(name: string): string | undefined {
    const { req, res } = this.#call;
    // A range cannot be cut out of content that middleware may still change. All methods of HTTP/2 are other than these.
    if (name === "range" && req.httpVersionMajor === 1 && mayChangeContent(res)) return undefined;
    return super.header(name);
  }

  /** Computed on demand: a hit on a GET does not need it. */
  override content(): unknown {
    const { req } = this.#call;
    if (this.#call.content !== undefined) return this.#call.content();
    return parsedContent(req, (req as { readonly body?: unknown }).body);
  }

  /** Undefined for methods with content: only GET and HEAD can be replayed. */
  get refresh(): ((fill: Fill) => void) | undefined {
    const { method } = this;
    if (method !== "GET" && method !== "HEAD") return undefined;
    return (fill) => refresh(this.#call, { record: this, owner: this.#owner }, fill);
  }
}

/**
 * Returns the fill of a replayed request that is for this owner, or no fill if it is for another. Undefined for the request
 * of a client.
 */
export function replayed(
  call: NodeCall<unknown>,
  owner: object,
): { readonly fill: Fill | undefined } | undefined {
  const { req, res, origin = originOf(call), target = targetOf(call), rewritten } = call;
  const purpose = PURPOSES.get(req);
  if (purpose === undefined) return undefined;
  if (purpose.owner !== owner) return { fill: undefined };
  const { record } = purpose;
  const isSame =
    req.method === "GET" &&
    record.target === target &&
    record.rewritten === rewritten &&
    record.origin === origin;
  if (!isSame) {
    purpose.miss();
    // Without a response the refresh fails.
    res.destroy();
    return { fill: undefined };
  }
  // Caches after this one treat it as any request.
  PURPOSES.delete(req);
  return { fill: replayedFill(req) };
}

/**
 * Passes the request through the whole server again, so that everything before the route decides again.
 *
 * It has the URL that the client sent, because code before the framework that rewrote the URL does so again.
 */
function refresh(call: NodeCall<unknown>, purpose: Omit<Purpose, "miss">, fill: Fill): void {
  const { req } = call;
  const { target } = purpose.record;
  const received = originalUrl(req);
  replay(req, received ?? target, fill, (request, response) => {
    const { server } = request.socket as { server?: Server };
    const isServed = server !== undefined && hasHandler(server);
    if (call.dispatch !== undefined && (!isServed || REWRITING.has(server))) {
      PURPOSES.set(request, { ...purpose, miss: () => undefined });
      request.url = target;
      return call.dispatch(request, response);
    }
    if (!isServed) throw new Error("a refresh has no server to pass its request to");
    // If the original URL is unknown, the next refresh may know it.
    const miss = (): void => void (received !== undefined && REWRITING.add(server));
    PURPOSES.set(request, { ...purpose, miss });
    server.emit("request", request, response);
    const { originalUrl = target } = request as { readonly originalUrl?: string };
    // It may not have reached the route at all.
    if (originalUrl !== target) miss();
    return undefined;
  });
}
