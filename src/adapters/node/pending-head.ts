import type { ServerResponse } from "node:http";
import { applyHead } from "./write-arguments.ts";

/** A head that a handler has written and that is not sent yet. `res.headersSent` is true all the same. */
export class PendingHead {
  readonly #res: ServerResponse;
  readonly #before: Pick<ServerResponse, "statusCode" | "statusMessage" | "sendDate">;
  readonly #fields: ReturnType<ServerResponse["getHeaders"]>;

  constructor(res: ServerResponse) {
    const { statusCode, statusMessage, sendDate } = res;
    this.#res = res;
    this.#before = { statusCode, statusMessage, sendDate };
    this.#fields = res.getHeaders();
    Object.defineProperty(res, "headersSent", { configurable: true, get: () => true });
  }

  /** Sets the status, reason and fields of `writeHead(...args)` on the response. */
  write(args: readonly unknown[]): void {
    applyHead(this.#res, args);
  }

  /** Gives `res.headersSent` its own meaning back. */
  release(): void {
    Reflect.deleteProperty(this.#res, "headersSent");
  }

  /** Restores the response as it was before, for somebody else to respond. */
  undo(): void {
    const res = this.#res;
    for (const name of res.getHeaderNames()) {
      if (!(name in this.#fields)) res.removeHeader(name);
    }
    for (const [name, value] of Object.entries(this.#fields)) {
      if (value !== undefined && value !== res.getHeader(name)) res.setHeader(name, value);
    }
    Object.assign(res, this.#before);
  }
}
