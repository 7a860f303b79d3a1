import { connect } from "node:net";
import type { Socket } from "node:net";
import { faultOf, isLarge, mayBreak, mayCutFollower, mayCutLeader, mayLead } from "./judge.ts";
import type { Closing, Tags } from "./judge.ts";
import { ResponseParser } from "./parser.ts";
import type { Asked, Plan } from "./plan.ts";
import { bytesOf } from "./plan.ts";

/** When a client gives up because nothing comes any more, in ms. */
const BOUND_MS = 60_000;

/** Against whom it is played. */
export interface Site {
  readonly port: number;
  /** Whether its handlers are fetch handlers. */
  readonly isFetch: boolean;
  /** Resolves once the server has closed the connection that comes from this port; undefined: nothing is known of it. */
  closing(port: number): Promise<Closing | undefined>;
}

/** Plays one connection; answers what was wrong on it. */
export async function play(site: Site, plan: Plan, tags: Tags): Promise<string | undefined> {
  await later(plan.startMs);
  return new Connection(site, plan, tags).play();
}

class Connection {
  readonly #plan: Plan;
  readonly #tags: Tags;
  readonly #sent: readonly (string | undefined)[];
  readonly #socket: Socket;
  readonly #parser: ResponseParser;
  readonly #isFetch: boolean;
  #closing: Promise<Closing | undefined> = Promise.resolve(undefined);
  #received = 0;
  #bound: NodeJS.Timeout | undefined;
  #hasLeft = false;
  #isReset = false;
  #fault: string | undefined;
  #finish = (): void => undefined;

  constructor(site: Site, plan: Plan, tags: Tags) {
    this.#plan = plan;
    this.#tags = tags;
    this.#isFetch = site.isFetch;
    this.#sent = plan.requests.map((asked) => (asked.condition === "seen" ? tags.last(asked) : undefined));
    this.#parser = new ResponseParser(plan.requests.map(({ method }) => method));
    const socket = (this.#socket = connect({ port: site.port, host: "127.0.0.1" }));
    socket.once("connect", () => {
      if (socket.localPort !== undefined) this.#closing = site.closing(socket.localPort);
    });
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
    this.#bound = setTimeout(() => this.#blame(this.#standstill()), BOUND_MS);
    const leaves = this.#plan.leaves;
    const leaving =
      leaves && leaves.afterMs < Infinity ? setTimeout(() => this.#leave(), leaves.afterMs) : undefined;
    this.#read();
    void this.#send();
    await over;
    clearTimeout(this.#bound);
    clearTimeout(leaving);
    socket.destroy();
    return this.#fault ?? (await this.#judge());
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
    this.#bound?.refresh();
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

  #standstill(): string {
    const { count, responses } = this.#parser;
    return `nothing came for ${BOUND_MS} ms, after ${this.#received} bytes: ${responses.length} responses have begun, ${count} are whole`;
  }

  async #judge(): Promise<string | undefined> {
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
    if (count === requests.length || this.#hasLeft || this.#mayBreak(count)) return undefined;
    const closing = await this.#closing;
    if (closing && this.#mayBeCut(count, closing)) return undefined;
    const missing = requests[count];
    const got = responses[count];
    const how = this.#isReset ? "reset" : "closed";
    const [came, silentMs] = closing?.progress[got?.fields.get("x-run") ?? ""] ?? [];
    return `${missing && nameOf(missing, count)}: the connection was ${how} after ${got?.body.length ?? "no"} bytes of its content
  (${got?.fields.get("cache-status") ?? "no cache-status"}; open for ${closing?.ageMs} ms; of its run ${came} bytes had come, the last of them ${silentMs} ms before)`;
  }

  /** Whether the response at this place may break off because the application breaks it. */
  #mayBreak(at: number): boolean {
    const asked = this.#plan.requests[at];
    if (asked === undefined) return false;
    const before = this.#plan.requests[at - 1];
    // The response to a HEAD is whole with its head; its handler may break the connection after that.
    return mayBreak(asked) || (before?.method === "HEAD" && mayBreak(before));
  }

  /** Whether the cache may have closed the connection before the response at this place was whole. */
  #mayBeCut(at: number, closing: Closing): boolean {
    const { requests } = this.#plan;
    const got = this.#parser.responses[at];
    const asked = requests[at];
    if (asked === undefined) return false;
    if (got !== undefined && mayCutFollower(asked, got, closing)) return true;
    if (requests.length === 1) return got !== undefined && mayLead(asked, got) && mayCutLeader(closing);
    // Of what waits for its turn nobody knows whether it leads. A fetch handler, which knows nothing of turns, is cut off
    // before its head where it follows, and may take what its client has still to read of the response before it along.
    const large = requests.slice(at).filter(isLarge);
    const mayFollow = this.#isFetch && (got === undefined ? isLarge(asked) : large.length > 1);
    return mayFollow || (large.length > 0 && mayCutLeader(closing));
  }
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const nameOf = ({ method, kind, id }: Asked, at: number): string =>
  `request ${at + 1}, ${method} /${kind}/${id}`;
