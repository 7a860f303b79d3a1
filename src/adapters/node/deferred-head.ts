import type { ServerResponse } from "node:http";
import { applyHead } from "./write-arguments.ts";

/** A head that a handler has written and that is not sent yet: its response says that it is. */
export class DeferredHead {
  readonly #res: ServerResponse;
  readonly #earlier: Pick<ServerResponse, "statusCode" | "statusMessage" | "sendDate">;
  readonly #fields: ReturnType<ServerResponse["getHeaders"]>;

  constructor(res: ServerResponse) {
    const { statusCode, statusMessage, sendDate } = res;
    this.#res = res;
    this.#earlier = { statusCode, statusMessage, sendDate };
    this.#fields = res.getHeaders();
    Object.defineProperty(res, "headersSent", { configurable: true, get: () => true });
  }

  /** Sets what `writeHead(...args)` says. */
  write(args: readonly unknown[]): void {
    applyHead(this.#res, args);
  }

  /** From now on the response says itself whether its head is sent. */
  release(): void {
    Reflect.deleteProperty(this.#res, "headersSent");
  }

  /** Makes the response what it was before: somebody else answers. */
  takeBack(): void {
    const res = this.#res;
    for (const name of res.getHeaderNames()) {
      if (!(name in this.#fields)) res.removeHeader(name);
    }
    for (const [name, value] of Object.entries(this.#fields)) {
      if (value !== undefined && value !== res.getHeader(name)) res.setHeader(name, value);
    }
    Object.assign(res, this.#earlier);
  }
}
