import { connect } from "node:net";
import type { Socket } from "node:net";
import { faultOf, isLarge, mayBreak } from "./judge.ts";
import type { Tags } from "./judge.ts";
import { ResponseParser } from "./parser.ts";
import type { Asked, Plan } from "./plan.ts";
import { bytesOf } from "./plan.ts";

/** When a client gives up what should have ended long before, in ms. */
const BOUND_MS = 20_000;

/** The machine gave this process no turn for so long that its clients count as slow readers, in ms. */
const STALL_MS = 20;
let stalledAt = -Infinity;
let lastTurnAt = performance.now();
setInterval(() => {
  const now = performance.now();
  if (now - lastTurnAt > STALL_MS) stalledAt = now;
  lastTurnAt = now;
}, 5).unref();

/** Against whom it is played. */
export interface Site {
  readonly port: number;
  /** Whether its handlers are fetch handlers. */
  readonly isFetch: boolean;
}

/** Plays one connection; answers what was wrong on it. */
export async function play(site: Site, plan: Plan, tags: Tags): Promise<string | undefined> {
  await later(plan.startMs);
  return new Connection(site, plan, tags).play();
}

class Connection {
  readonly #plan: Plan;
  readonly #tags: Tags;
  readonly #isFetch: boolean;
  readonly #sent: readonly (string | undefined)[];
  readonly #socket: Socket;
  readonly #parser: ResponseParser;
  readonly #startedAt = performance.now();
  #received = 0;
  #hasLeft = false;
  #isReset = false;
  #fault: string | undefined;
  #finish = (): void => undefined;

  constructor({ port, isFetch }: Site, plan: Plan, tags: Tags) {
    this.#plan = plan;
    this.#tags = tags;
    this.#isFetch = isFetch;
    this.#sent = plan.requests.map((asked) => (asked.condition === "seen" ? tags.last(asked) : undefined));
    this.#parser = new ResponseParser(plan.requests.map(({ method }) => method));
    this.#socket = connect({ port, host: "127.0.0.1" });
  }

  async play(): Promise<string | undefined> {
    const socket = this.#socket;
    const over = new Promise<void>((resolve) => (this.#finish = resolve));
    socket.on("error", () => (this.#isReset = true));
    socket.on("end", () => socket.end());
    socket.on("close", () => {
      // Where it has half closed the connection, Node does so, too: that ends no content.
      this.#parser.end(!this.#isReset && !this.#hasLeft);
      this.#finish();
    });
    const bound = setTimeout(() => this.#blame(`it has not ended after ${BOUND_MS} ms`), BOUND_MS);
    const leaves = this.#plan.leaves;
    const leaving =
      leaves && leaves.afterMs < Infinity ? setTimeout(() => this.#leave(), leaves.afterMs) : undefined;
    this.#read();
    void this.#send();
    await over;
    clearTimeout(bound);
    clearTimeout(leaving);
    socket.destroy();
    return this.#fault ?? this.#judge();
  }

  async #send(): Promise<void> {
    const { requests, pieces, gapMs } = this.#plan;
    const text = requests.map((asked, at) => bytesOf(asked, this.#sent[at], requests.length === 1)).join("");
    const length = Math.ceil(text.length / pieces);
    for (let at = 0; at < text.length; at += length) {
      if (at > 0) await later(gapMs);
      if (this.#socket.destroyed || this.#socket.writableEnded) return;
      this.#socket.write(text.slice(at, at + length));
    }
  }

  #read(): void {
    const { pauseMs, paceMs } = this.#plan;
    const socket = this.#socket;
    socket.on("data", (chunk: Buffer) => {
      this.#take(chunk);
      if (paceMs === 0) return;
      socket.pause();
      setTimeout(() => socket.resume(), paceMs);
    });
    if (pauseMs === 0) return;
    socket.pause();
    setTimeout(() => socket.resume(), pauseMs);
  }

  #take(chunk: Buffer): void {
    this.#received += chunk.length;
    try {
      this.#parser.read(chunk);
    } catch (error) {
      // Some servers say of a request that was cut short that it is none, in the middle of another answer.
      return this.#hasLeft ? undefined : this.#blame((error as Error).message);
    }
    if (this.#received >= (this.#plan.leaves?.atBytes ?? Infinity)) return this.#leave();
    // Something that should not be there comes at once.
    if (this.#parser.count === this.#plan.requests.length) setTimeout(this.#finish, 5);
  }

  #leave(): void {
    this.#hasLeft = true;
    const how = this.#plan.leaves?.how;
    if (how === "end") this.#socket.end();
    else if (how === "reset") this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  #blame(fault: string): void {
    this.#fault ??= fault;
    this.#finish();
  }

  #judge(): string | undefined {
    const { requests } = this.#plan;
    const { responses, excess, count } = this.#parser;
    for (const [at, got] of responses.entries()) {
      const asked = requests[at];
      if (asked === undefined) return `a response that nobody asked for: ${got.status}`;
      const tag = this.#sent[at];
      // Of a request that was cut short the server says so.
      if (got.status === 400 && this.#hasLeft) return undefined;
      const fault = faultOf(asked, tag, got);
      if (fault !== undefined) return `${nameOf(asked, at)}: ${fault}`;
      const said = got.fields.get("etag");
      if (said !== undefined) this.#tags.note(asked, said);
    }
    if (excess > 0) return `${excess} bytes after the last response`;
    if (count === requests.length || this.#hasLeft || this.#mayBeCut(count)) return undefined;
    const missing = requests[count];
    const came = responses[count]?.body.length;
    const how = this.#isReset ? "reset" : "closed";
    return `${missing && nameOf(missing, count)}: the connection was ${how} after ${came ?? "no"} bytes of its content`;
  }

  /** Whether the response at this place may break off, and with it those after it. */
  #mayBeCut(at: number): boolean {
    const asked = this.#plan.requests[at];
    if (asked === undefined) return false;
    const before = this.#plan.requests[at - 1];
    // The response to a HEAD is whole with its head; its handler may break the connection after that.
    if (before?.method === "HEAD" && mayBreak(before)) return true;
    const isSlow = this.#plan.pauseMs > 0 || this.#plan.paceMs > 0 || stalledAt >= this.#startedAt;
    // A fetch handler does not know of its place on a connection: what is behind something else there reads slowly.
    const isBehind = this.#isFetch && at > 0;
    return mayBreak(asked) || ((isSlow || isBehind) && isLarge(asked));
  }
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const nameOf = ({ method, kind, id }: Asked, at: number): string =>
  `request ${at + 1}, ${method} /${kind}/${id}`;
