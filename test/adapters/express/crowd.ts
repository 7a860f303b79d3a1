import { EventEmitter, once } from "node:events";
import type { ClientRequest } from "node:http";
import type { Express, Request, RequestHandler, Response } from "express";
import { cacheRoute } from "../../../src/adapters/express.ts";
import type { CacheRouteOptions } from "../../../src/adapters/express.ts";
import type { Cache } from "../../../src/index.ts";
import type { Answer, Client } from "./client.ts";
import { counted, quietCache, visit } from "./support.ts";

/** One cached route, a leader that runs its handler, and followers. */
export interface Crowd {
  readonly client: Client;
  readonly cache: Cache;
  readonly handler: { readonly runs: number };
  /** What a handler noticed of its client's leaving. */
  readonly noticed: string[];
  /** Starts the request that leads, and waits until its handler runs. */
  lead(): Promise<ClientRequest>;
  /** Starts requests that follow, and waits until the server has them all. */
  follow(count: number): Promise<Promise<Answer>[]>;
  /** Goes away, and waits until the server has heard of it. */
  leave(leader: { destroy(): unknown }): Promise<void>;
}

/** Sets a crowd up around a handler. */
export async function crowd(
  express: () => Express,
  answer: (res: Response, req: Request) => unknown,
  options: CacheRouteOptions = {},
  front: readonly RequestHandler[] = [],
  more: (app: Express) => unknown = () => undefined,
): Promise<Crowd> {
  const told = new EventEmitter().setMaxListeners(0);
  const noticed: string[] = [];
  const cache = quietCache();
  const handler = counted((req, res) => {
    notice(req, res, noticed);
    told.emit("runs");
    // Express 4 does not wait for promises, and the errors of these are expected.
    Promise.resolve(answer(res, req)).catch(() => undefined);
  });
  const app = express();
  app.set("env", "test");
  app.use((req, _res, next) => {
    const name = String(req.headers["x-name"]);
    req.socket.once("close", () => setImmediate(() => told.emit(`gone ${name}`)));
    next();
    told.emit(`came ${name}`);
  });
  app.get("/a", ...front, cacheRoute(cache, { ttl: 60, maxBodyBytes: 8_000_000, ...options }), handler);
  more(app);
  const client = await visit(app);
  return {
    client,
    cache,
    handler,
    noticed,
    async lead() {
      const runs = once(told, "runs");
      const leader = client.start({ path: "/a", headers: { "x-name": "leader" } });
      await runs;
      return leader;
    },
    async follow(count) {
      const names = Array.from({ length: count }, (_, at) => `follower ${at} of ${Math.random()}`);
      const came = names.map((name) => once(told, `came ${name}`));
      const answers = names.map((name) => client.ask({ path: "/a", headers: { "x-name": name } }));
      await Promise.all(came);
      return answers;
    },
    async leave(leader) {
      const gone = once(told, "gone leader");
      leader.destroy();
      await gone;
    },
  };
}

/** Records what tells a handler that its client has disconnected. */
function notice(req: Request, res: Response, noticed: string[]): void {
  res.once("close", () => res.writableFinished || noticed.push("response closed"));
  res.once("error", () => noticed.push("response failed"));
  req.once("aborted", () => noticed.push("request aborted"));
  req.once("error", () => noticed.push("request failed"));
  req.socket.once("close", () => res.writableFinished || noticed.push("connection closed"));
  req.socket.once("error", () => noticed.push("connection failed"));
}

/** Something that a handler waits for, and that a test knows it waits for. */
export class Gate {
  readonly #told = new EventEmitter();
  readonly reached: Promise<unknown> = once(this.#told, "reached");
  readonly #opened = once(this.#told, "open");

  async pass(): Promise<void> {
    this.#told.emit("reached");
    await this.#opened;
  }

  open(): void {
    this.#told.emit("open");
  }
}

const PART = 65_536;
const COUNT = 20;

/** What all the parts are, joined. */
export const WHOLE: string = Array.from({ length: COUNT }, (_, at) => partOf(at)).join("");

/** The parts of a content, of which a gate holds back those from `at` on. */
export async function* parts(gate: Gate, at: number): AsyncGenerator<Buffer> {
  for (let index = 0; index <= COUNT; index++) {
    if (index === at) await gate.pass();
    if (index < COUNT) yield Buffer.from(partOf(index));
  }
}

function partOf(index: number): string {
  return String.fromCharCode(97 + index).repeat(PART);
}
