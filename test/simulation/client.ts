import type { Fields } from "../../src/adapter.ts";
import { fieldNamed } from "./fields.ts";
import type { VirtualClock } from "./clock.ts";
import type { Fate, History, Request } from "./history.ts";

/** How a client behaves. */
export interface Making {
  /** After how many ms it goes away; undefined: it stays. */
  readonly leavesAfterMs: number | undefined;
  /** At how many bytes it goes away; Infinity: at the last one. */
  readonly leavesAtBytes: number | undefined;
  /** How long it takes to read a part. */
  readonly paceMs: number;
}

/** The longest that any client stays, in ms: longer than anything that ends takes. */
export const PATIENCE_MS = 600_000;

/** One client: what it receives, and when it goes away. */
export class Client {
  readonly request: Request;
  readonly paceMs: number;
  /** Is called when the client goes away before its exchange is over. */
  onLeave: () => void = () => undefined;
  readonly #making: Making;
  readonly #clock: VirtualClock;
  readonly #history: History;
  readonly #timers: (() => void)[] = [];

  constructor(request: Request, making: Making, clock: VirtualClock, history: History) {
    this.request = request;
    this.paceMs = making.paceMs;
    this.#making = making;
    this.#clock = clock;
    this.#history = history;
  }

  get isGone(): boolean {
    return this.request.over !== undefined;
  }

  /** The request is on its way. */
  begin(): void {
    this.request.began = this.#history.moment();
    const { leavesAfterMs } = this.#making;
    if (leavesAfterMs !== undefined)
      this.#timers.push(this.#clock.after(leavesAfterMs, () => this.#leave("left")));
    this.#timers.push(this.#clock.after(PATIENCE_MS, () => this.#leave("gave up")));
  }

  /** Receives a head. */
  head(status: number, fields: Fields): void {
    const { request } = this;
    const by = fieldNamed(fields, "x-run");
    request.headed = this.#history.moment();
    request.status = status;
    request.headBy = by === undefined ? undefined : Number(by);
    request.etag = fieldNamed(fields, "etag");
    request.age = fieldNamed(fields, "age");
    request.cacheStatus = fieldNamed(fields, "cache-status");
    request.contentRange = fieldNamed(fields, "content-range");
    this.#history.tell(`q${request.id} is sent the head`, status, by && `of r${by}`);
  }

  /** Receives a part of the content. */
  part(text: string, whole = Infinity): void {
    const { request } = this;
    if (this.isGone) return;
    request.body += text;
    const { leavesAtBytes } = this.#making;
    if (leavesAtBytes !== undefined && request.body.length >= Math.min(leavesAtBytes, whole))
      this.#leave("left");
  }

  /** The exchange ends, cleanly or not. */
  end(fate: "clean" | "broken"): void {
    if (this.isGone) return;
    this.#over(fate);
    this.#history.tell(`q${this.request.id} ends ${fate} with ${this.request.body.length} bytes`);
  }

  #leave(fate: "left" | "gave up"): void {
    if (this.isGone) return;
    this.#history.tell(`q${this.request.id} goes away (${fate}) with ${this.request.body.length} bytes`);
    this.#over(fate);
    this.onLeave();
  }

  #over(fate: Fate): void {
    this.request.over = this.#history.moment();
    this.request.fate = fate;
    for (const cancel of this.#timers) cancel();
  }
}
