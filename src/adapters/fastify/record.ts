import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import type { Fill } from "../../adapter.ts";
import { replay } from "../node/replay.ts";
import { NodeRequest } from "../node/request.ts";

/** A Fastify request as the core's plain record. */
export class FastifyRecord extends NodeRequest<FastifyRequest> {
  constructor(request: FastifyRequest, origin: string) {
    const { url = "/" } = request.raw;
    const { originalUrl } = request;
    super(request.raw, origin, originalUrl, url === originalUrl ? undefined : url, request, undefined);
  }

  /** Read only by routes that cache a method with content: a hit on a GET does not look for it. */
  override content(): unknown {
    return contentAtHand(this.native);
  }

  /**
   * How the route is run without this client, who asked with a method that has no content.
   *
   * Not through `inject`: that loses what the connection tells (`protocol`, `trustProxy`), and needs a header as its mark,
   * which a client can send.
   */
  get refresh(): ((fill: Fill) => void) | undefined {
    if (this.method !== "GET" && this.method !== "HEAD") return undefined;
    const { raw, server } = this.native;
    const mount = mountOf(raw, this.target);
    return (fill) =>
      replay(raw, mount.url, fill, (request, response) => {
        Object.assign(request, mount.said);
        server.routing(request, response);
      });
  }
}

/**
 * The URL that Fastify was given, and what an outer framework says of its own: Express takes the path at which it has
 * mounted an application off the URL. What Fastify's `rewriteUrl` takes off, it takes off anew.
 */
function mountOf(raw: IncomingMessage, originalUrl: string): { readonly url: string; readonly said: object } {
  const { baseUrl } = raw as { baseUrl?: unknown };
  if (typeof baseUrl !== "string" || baseUrl === "" || !originalUrl.startsWith(baseUrl))
    return { url: originalUrl, said: {} };
  const rest = originalUrl.slice(baseUrl.length);
  return { url: rest.startsWith("/") ? rest : `/${rest}`, said: { originalUrl, baseUrl } };
}

/** The parsed content; the empty text where the request has none, undefined where a parser left it in the stream. */
function contentAtHand({ body, raw }: FastifyRequest): unknown {
  if (body !== undefined && body !== null) return body;
  const { "content-length": length, "transfer-encoding": coding } = raw.headers;
  return coding === undefined && (length === undefined || length === "0") ? "" : undefined;
}
