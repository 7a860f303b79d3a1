import type { FastifyReply } from "fastify";
import { trailersSymbol } from "./internals.ts";

/** The trailers that hooks set on the replies of one application. */
export class Trailers {
  /** Null until the first message without content. */
  #symbol: symbol | undefined | null = null;

  /**
   * Takes them back from a message that has no content, and so no trailers (RFC 9110 §6.4.1, §6.5): Fastify says a
   * chunked coding with them all the same.
   */
  dropUnfit(reply: FastifyReply): void {
    if (reply.statusCode !== 304 && reply.statusCode !== 204) return;
    if (this.#symbol === null) this.#symbol = trailersSymbol(reply);
    const set: unknown = this.#symbol && Reflect.get(reply, this.#symbol);
    if (typeof set !== "object" || set === null) return;
    for (const name of Object.keys(set)) reply.removeTrailer(name);
  }
}
