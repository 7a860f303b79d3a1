import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { createCache, memoryStore } from "../../index.ts";
import type { Cache, CacheOptions } from "../../index.ts";
import type { AdapterHarness, ContractRoute, ContractServer } from "../adapter-harness.ts";
import { chaosStore } from "../chaos-store.ts";
import type { ChaosStore } from "../chaos-store.ts";
import { testClock } from "../clock.ts";
import type { TestClock } from "../clock.ts";
import { Client } from "./client.ts";
import type { Answer, ContractClient } from "./client.ts";
import { Http2Client } from "./client-http2.ts";

/** The body of one check. */
export type Scenario = (stage: Stage) => Promise<void>;

/** Checks by name. */
export type Scenarios = Readonly<Record<string, Scenario>>;

/** A promise that a check resolves. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

/** A server with its own cache, clock and store, and a client for it. */
export interface Site {
  readonly cache: Cache;
  readonly clock: TestClock;
  /** Logs its calls and fails on demand. */
  readonly store: ChaosStore;
  readonly client: ContractClient;
  /** The errors that `onError` received. */
  readonly errors: readonly unknown[];
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Posts an object as JSON. */
  post(path: string, content: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

/** Everything that a check starts and its end stops. */
export class Stage {
  readonly #harness: AdapterHarness;
  readonly #servers: ContractServer[] = [];
  readonly #clients: ContractClient[] = [];
  readonly #gates: Gate[] = [];
  readonly #boundMs: number;

  /** `boundMs` is the timeout of each wait. */
  constructor(harness: AdapterHarness, boundMs: number) {
    this.#harness = harness;
    this.#boundMs = boundMs;
  }

  /** Starts a server of the adapter's framework with these routes. */
  async site(routes: readonly ContractRoute[], options: CacheOptions = {}): Promise<Site> {
    const { cache, clock, store, errors } = this.cache(options);
    const server = await this.#harness.start(cache, routes);
    this.#servers.push(server);
    const ClientOf = this.#harness.protocol === "h2c" ? Http2Client : Client;
    const client = new ClientOf(server.origin, this.#boundMs);
    this.#clients.push(client);
    return {
      cache,
      clock,
      store,
      client,
      errors,
      get: (path, headers) => client.ask({ path, ...(headers && { headers }) }),
      post: (path, content, headers = {}) => {
        const body = JSON.stringify(content);
        const described = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
        return client.ask({ method: "POST", path, headers: { ...described, ...headers }, body });
      },
    };
  }

  /** Returns a cache with a test clock, a chaos store and no reporter. */
  cache(options: CacheOptions = {}): Pick<Site, "cache" | "clock" | "store" | "errors"> {
    const clock = testClock();
    const store = chaosStore(memoryStore(), { clock });
    const errors: unknown[] = [];
    const onError = (error: unknown): void => void errors.push(error);
    return {
      cache: createCache({ clock, store, reporter: false, onError, ...options }),
      clock,
      store,
      errors,
    };
  }

  /** Returns a gate. The end of the check opens it at the latest. */
  gate(): Gate {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const gate = { opened, open };
    this.#gates.push(gate);
    return gate;
  }

  /** Returns a function whose promise resolves once it was called `count` times: all callers run at the same time. */
  barrier(count: number): () => Promise<void> {
    const gate = this.gate();
    let inside = 0;
    return () => {
      inside++;
      if (inside >= count) gate.open();
      return gate.opened;
    };
  }

  /** Waits until something has happened that no client can observe. */
  async until(happened: () => boolean, what: string): Promise<void> {
    const endAt = Date.now() + this.#boundMs;
    while (!happened()) {
      assert.ok(Date.now() < endAt, `waited in vain until ${what}`);
      await turn();
    }
  }

  /** Stops everything. */
  async close(): Promise<void> {
    for (const gate of this.#gates) gate.open();
    for (const client of this.#clients) client.close();
    await Promise.all(this.#servers.map((server) => server.close()));
  }
}
