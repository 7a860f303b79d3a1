import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import type { Fill } from "../../adapter.ts";
import { overridePath } from "../node/raw-headers.ts";
import { replay } from "../node/replay.ts";
import { NodeRequest } from "../node/request.ts";
import { shadow } from "../node/shadow.ts";

/** A Fastify request as the core's plain record. */
export class FastifyRecord extends NodeRequest<FastifyRequest> {
  constructor(request: FastifyRequest, origin: string) {
    const { url = "/" } = request.raw;
    const { originalUrl } = request;
    super(request.raw, origin, originalUrl, url === originalUrl ? undefined : url, request, undefined);
  }

  /** Read only by routes that cache a method with content: a hit on a GET does not look for it. */
  override content(): unknown {
    return parsedContent(this.native);
  }

  /**
   * Runs the route without this client, in the background. Undefined for methods that may have content.
   *
   * `inject` would not do: it loses what the connection tells (`protocol`, `trustProxy`), and would need a header as its
   * mark, which a client can send.
   */
  get refresh(): ((fill: Fill) => void) | undefined {
    if (this.method !== "GET" && this.method !== "HEAD") return undefined;
    const { raw, server } = this.native;
    const mount = mountOf(raw, this.target);
    return (fill) =>
      replay(raw, mount.url, fill, (request, response) => {
        Object.assign(request, mount.properties);
        server.routing(request, response);
      });
  }
}

/**
 * Returns the URL that Fastify was given, and the properties that an outer framework has set: Express removes the path
 * at which it has mounted an application from the URL. What Fastify's `rewriteUrl` removes, it removes again.
 */
function mountOf(
  raw: IncomingMessage,
  originalUrl: string,
): { readonly url: string; readonly properties: object } {
  const { baseUrl } = raw as { baseUrl?: unknown };
  if (typeof baseUrl !== "string" || baseUrl === "" || !originalUrl.startsWith(baseUrl))
    return { url: originalUrl, properties: {} };
  const rest = originalUrl.slice(baseUrl.length);
  return { url: rest.startsWith("/") ? rest : `/${rest}`, properties: { originalUrl, baseUrl } };
}

/** The parsed content; the empty text where the request has none, undefined where a parser left it in the stream. */
function parsedContent({ body, raw }: FastifyRequest): unknown {
  if (body !== undefined && body !== null) return body;
  const { "content-length": length, "transfer-encoding": coding } = raw.headers;
  return coding === undefined && (length === undefined || length === "0") ? "" : undefined;
}

/**
 * Limits what the handler sees of the URL to what the key holds, under each name that Fastify and Node have for the URL
 * (hazards 18 and 39). The returned function restores `originalUrl`.
 */
export function overrideTarget(
  request: FastifyRequest,
  { target = request.url, received = target, keepsParameter: keeps }: Fill,
): () => void {
  // Fastify caches it at the first read, so it is read before `raw.url` is changed.
  const { raw, originalUrl } = request;
  const parameters = Object.entries(request.query as Record<string, unknown>);
  raw.url = target;
  request.query = Object.fromEntries(parameters.filter(([name]) => keeps?.(name) ?? true));
  overridePath(raw, received);
  const restore = shadow(request, { originalUrl: received });
  Object.assign(raw, { originalUrl: received });
  return () => {
    restore();
    Object.assign(raw, { originalUrl });
  };
}
