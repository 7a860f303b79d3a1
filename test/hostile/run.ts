import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Random } from "../simulation/random.ts";
import { play } from "./client.ts";
import type { Closing } from "./judge.ts";
import { sleep } from "./site.ts";
import { Tags } from "./judge.ts";
import { drawRound } from "./plan.ts";
import type { Plan } from "./plan.ts";

/** What is played against which application. */
export interface Options {
  readonly framework: string;
  readonly hasCache: boolean;
  /** The first round's. Each round after it has the next one. */
  readonly seed: number;
  readonly seconds: number;
  readonly rounds: number;
  /** How many rounds are played at a time. */
  readonly lanes: number;
  readonly onProgress: (rounds: number, connections: number, elapsed: number) => void;
}

/** What was wrong in a round. */
export interface Violation {
  readonly seed: number;
  readonly message: string;
  readonly plans: readonly Plan[];
}

/** What was played, and what was wrong first. */
export interface Played {
  readonly rounds: number;
  readonly connections: number;
  readonly requests: number;
  readonly seconds: number;
  readonly stats: unknown;
  readonly violation: Violation | undefined;
}

/** Plays rounds against one application until one shows a fault, there were enough, or the time is over. */
export async function playRounds(options: Options): Promise<Played> {
  const server = await Server.start(options);
  try {
    return await new Rounds(options, server).play();
  } finally {
    server.stop();
  }
}

class Rounds {
  readonly #options: Options;
  readonly #server: Server;
  readonly #tags = new Tags();
  readonly #startedAt = performance.now();
  readonly #underWay = new Map<number, readonly Plan[]>();
  #next: number;
  #rounds = 0;
  #connections = 0;
  #requests = 0;
  #violation: Violation | undefined;

  constructor(options: Options, server: Server) {
    this.#options = options;
    this.#server = server;
    this.#next = options.seed;
  }

  async play(): Promise<Played> {
    const { onProgress, lanes } = this.#options;
    const progress = setInterval(() => onProgress(this.#rounds, this.#connections, this.#elapsed()), 1000);
    const all = Promise.all(Array.from({ length: lanes }, () => this.#lane()));
    await Promise.race([all, this.#server.fault.then((message) => this.#blameServer(message))]);
    clearInterval(progress);
    if (this.#violation === undefined) await this.#settle();
    return {
      rounds: this.#rounds,
      connections: this.#connections,
      requests: this.#requests,
      seconds: this.#elapsed(),
      stats: this.#server.state?.stats,
      violation: this.#violation,
    };
  }

  #elapsed(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  async #lane(): Promise<void> {
    const { seed: first, rounds, seconds } = this.#options;
    while (this.#violation === undefined && this.#next < first + rounds && this.#elapsed() < seconds) {
      const seed = this.#next++;
      const plans = drawRound(new Random(seed), String(seed));
      this.#underWay.set(seed, plans);
      const faults = await Promise.all(plans.map((plan) => play(this.#server, plan, this.#tags)));
      this.#underWay.delete(seed);
      this.#rounds++;
      this.#connections += plans.length;
      this.#requests += plans.reduce((sum, { requests }) => sum + requests.length, 0);
      const at = faults.findIndex((fault) => fault !== undefined);
      if (at === -1) continue;
      // Where the process has ended, that is why.
      const ended = await Promise.race([this.#server.fault, sleep(500)]);
      if (ended === undefined)
        this.#violation ??= { seed, message: `connection ${at + 1}: ${faults[at]}`, plans };
    }
  }

  #blameServer(message: string): void {
    const seeds = [...this.#underWay.keys()];
    const [seed = this.#next] = seeds;
    const among = seeds.length > 1 ? `\nrounds that were under way: ${seeds.join(", ")}` : "";
    this.#violation ??= { seed, message: message + among, plans: this.#underWay.get(seed) ?? [] };
  }

  /** When all clients are gone, no handler runs on, and no connection is left. */
  async #settle(): Promise<void> {
    for (let tries = 0; tries < 300; tries++) {
      await sleep(100);
      const state = await Promise.race([this.#server.ask(), this.#server.fault]);
      if (typeof state === "string") return this.#blameServer(state);
      if (state.underWay.length === 0 && state.connections === 0) return;
    }
    const { underWay = [], connections } = this.#server.state ?? {};
    this.#blameServer(
      `half a minute after the last client left, ${connections} connections are open, and so many handlers or loggers wait: ${underWay.length}\n${underWay.slice(0, 10).join("\n")}`,
    );
  }
}

interface State {
  /** The handlers and loggers that wait. */
  readonly underWay: readonly string[];
  readonly connections: number;
  readonly stats: unknown;
}

/** An application in a process of its own. */
class Server {
  /** What is wrong with the process. */
  readonly fault: Promise<string>;
  port = 0;
  readonly isFetch: boolean;
  state: State | undefined;
  readonly #child: ChildProcess;
  #onState: (state: State) => void = () => undefined;
  readonly #onClosed: Map<number, (closing: Closing) => void> = new Map();

  private constructor(child: ChildProcess, isFetch: boolean) {
    this.#child = child;
    this.isFetch = isFetch;
    let errors = "";
    child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    this.fault = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        // What it says last comes after its end.
        setTimeout(() => resolve(`the process ended (${code ?? signal}):\n${errors.slice(-3000)}`), 50);
      });
      child.on("message", (message: { kind: string; text: string }) => {
        if (message.kind === "warning") resolve(`the process warns: ${message.text}`);
      });
    });
    child.on("message", (message: Closing & { kind: string; port: number }) => {
      if (message.kind !== "closed") return;
      this.#onClosed.get(message.port)?.(message);
      this.#onClosed.delete(message.port);
    });
    child.on("message", (message: State & { kind: string }) => {
      if (message.kind !== "state") return;
      this.state = message;
      this.#onState(message);
    });
  }

  static async start({ framework, hasCache }: Options): Promise<Server> {
    const file = fileURLToPath(new URL("server.js", import.meta.url));
    const child = fork(file, [framework, hasCache ? "with-cache" : "without-cache"], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    const server = new Server(child, ["fetch", "hono", "h3"].includes(framework));
    const ready = new Promise<undefined>((resolve) => {
      child.on("message", (message: { kind: string; port: number }) => {
        if (message.kind !== "ready") return;
        server.port = message.port;
        resolve(undefined);
      });
    });
    const fault = await Promise.race([ready, server.fault]);
    if (fault !== undefined) throw new Error(fault);
    return server;
  }

  /** Resolves once the server has closed the connection that comes from this port; undefined: its process has ended. */
  closing(port: number): Promise<Closing | undefined> {
    const closed = new Promise<Closing>((resolve) => this.#onClosed.set(port, resolve));
    return Promise.race([closed, this.fault.then(() => undefined)]);
  }

  ask(): Promise<State> {
    return new Promise((resolve) => {
      this.#onState = resolve;
      this.#child.send({});
    });
  }

  stop(): void {
    this.#child.kill();
  }
}
