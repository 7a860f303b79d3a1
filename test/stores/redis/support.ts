import { Redis } from "ioredis";
import { afterAll, beforeAll } from "vitest";
import type { Entry, Mark, Read, Store } from "../../../src/index.ts";
import { redisStore } from "../../../src/stores/redis.ts";
import { startRedis } from "../../support/redis-servers.ts";
import type { RedisServer } from "../../support/redis-servers.ts";
import { entryOf as freshEntry } from "../../support/entry.ts";

/** One server for the tests of a file, a client, and a store with the prefix `cr:`. */
export interface Used {
  readonly server: RedisServer;
  readonly client: Redis;
  readonly store: Store & Required<Pick<Store, "marks" | "leases">>;
}

/** Starts a server for a file, and ends it after the last test. The result is filled before the first. */
export function useRedis(): Used {
  const used = {} as { -readonly [Name in keyof Used]: Used[Name] };
  beforeAll(async () => {
    used.server = await startRedis();
    used.client = new Redis(used.server.port);
    used.store = redisStore(used.client) as Used["store"];
  });
  afterAll(async () => {
    used.client?.disconnect();
    await used.server?.stop();
  });
  return used;
}

/** An entry that lives for a minute, with what matters to a test put in. */
export function entryOf(key: string, parts: Partial<Entry> = {}): Entry {
  return freshEntry({ key, body: new Uint8Array(10), storedAt: 0, deleteAt: 60_000, ...parts });
}

/** Reads a variant with its body. */
export async function read(store: Store, key: string, variant = ""): Promise<Read | undefined> {
  return store.get(key, () => variant, { likely: [], body: true });
}

/** The whole log, page by page. */
export async function logOf({ marks }: Store): Promise<readonly Mark[]> {
  const log: Mark[] = [];
  for (let page = await marks!.read(0); page.length > 0; page = await marks!.read(log.at(-1)!.position + 1))
    log.push(...page);
  return log;
}
