import type { FastifyRequest } from "fastify";
import type { Fill } from "../../adapter.ts";
import { replay } from "../node/replay.ts";
import { NodeRequest } from "../node/request.ts";

/** A Fastify request as the core's plain record. */
export class FastifyRecord extends NodeRequest<FastifyRequest> {
  constructor(request: FastifyRequest, origin: string) {
    super(request.raw, origin, request.raw.url ?? "/", request, undefined);
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
    const { raw, originalUrl, server } = this.native;
    return (fill) => replay(raw, originalUrl, fill, (request, response) => server.routing(request, response));
  }
}

/** The parsed content; the empty text where the request has none, undefined where a parser left it in the stream. */
function contentAtHand({ body, raw }: FastifyRequest): unknown {
  if (body !== undefined && body !== null) return body;
  const { "content-length": length, "transfer-encoding": coding } = raw.headers;
  return coding === undefined && (length === undefined || length === "0") ? "" : undefined;
}
