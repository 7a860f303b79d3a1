import type { Leases } from "../../core/contract/store.ts";
import type { Connection } from "./client.ts";
import { ACQUIRE, RELEASE, RENEW, run } from "./scripts.ts";

const RESULTS = ["mine", "held", "alone"] as const;

/** Leases: a key each, which ends by itself. */
export class RedisLeases implements Leases {
  readonly #connection: Connection;
  readonly #name: (name: string) => string;

  constructor(connection: Connection, name: (name: string) => string) {
    this.#connection = connection;
    this.#name = name;
  }

  async acquire(name: string, token: string, ms: number): Promise<"mine" | "held" | "alone"> {
    const result = await run(this.#connection, ACQUIRE, [this.#name(name)], [token, whole(ms)]);
    return RESULTS[Number(result)] ?? "held";
  }

  async renew(name: string, token: string, ms: number): Promise<boolean> {
    return Number(await run(this.#connection, RENEW, [this.#name(name)], [token, whole(ms)])) === 1;
  }

  async release(name: string, token: string, verdict?: { readonly alone: number }): Promise<void> {
    const alone = verdict === undefined ? "0" : whole(verdict.alone);
    await run(this.#connection, RELEASE, [this.#name(name)], [token, alone]);
  }
}

/** Redis takes whole milliseconds above 0. */
function whole(ms: number): string {
  return String(Math.max(1, Math.ceil(ms)));
}
