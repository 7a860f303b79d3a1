import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import type { Fill } from "../../adapter.ts";
import { overridePath } from "../node/raw-headers.ts";
import { replay } from "../node/replay.ts";
import { NodeRequest } from "../node/request.ts";
import { shadow } from "../node/shadow.ts";

type PathParams = Readonly<Record<string, unknown>> | undefined;

/** A Fastify request as the core's plain record. */
export class FastifyRecord<Native> extends NodeRequest<Native> {
  readonly #request: FastifyRequest;

  constructor(request: FastifyRequest, native: Native, origin: string, arrivedAt?: number) {
    const { url = "/" } = request.raw;
    const { originalUrl, params } = request;
    const rewritten = url === originalUrl ? undefined : url;
    super(request.raw, origin, originalUrl, rewritten, native, undefined, arrivedAt, params as PathParams);
    this.#request = request;
  }

  /** Computed on demand: a hit on a GET does not need it. */
  override content(): unknown {
    return parsedContent(this.#request);
  }

  /**
   * Runs the route in the background, without this client. Undefined for methods that may have content.
   *
   * `inject` cannot do this. It loses properties of the connection (`protocol`, `trustProxy`), and it would need a header as
   * a mark, which a client could send.
   */
  get refresh(): ((fill: Fill) => void) | undefined {
    if (this.method !== "GET" && this.method !== "HEAD") return undefined;
    const { raw, server } = this.#request;
    const mount = mountOf(raw, this.target);
    return (fill) =>
      replay(raw, mount.url, fill, (request, response) => {
        Object.assign(request, mount.properties);
        server.routing(request, response);
      });
  }
}

/**
 * Returns the URL that Fastify received, and the properties that an outer framework has set. Express, for example, removes
 * from the URL the path at which the application is mounted. Fastify's own `rewriteUrl` runs again.
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

/** Returns the parsed content: empty text if the request has none, undefined if no parser has read it. */
function parsedContent({ body, raw }: FastifyRequest): unknown {
  if (body !== undefined && body !== null) return body;
  const { "content-length": length, "transfer-encoding": coding } = raw.headers;
  return coding === undefined && (length === undefined || length === "0") ? "" : undefined;
}

/**
 * Hides query parameters outside the key from the handler, under each name that Fastify and Node have for the URL
 * (hazards 18 and 39). Returns how to restore `originalUrl`.
 */
export function overrideTarget(
  request: FastifyRequest,
  { target = request.url, received = target, keepsParameter: keeps }: Fill,
): () => void {
  // Read before `raw.url` is changed: Fastify caches it at the first read.
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
