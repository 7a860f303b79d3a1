import { Buffer } from "node:buffer";
import { CacheError, show } from "../core/contract/errors.ts";
import { checkedOptions } from "../core/contract/options.ts";
import type { ChooseVariant, Entry, Leases, Look, Marks, Read, Store } from "../core/contract/store.ts";
import { connectionOf } from "./redis/client.ts";
import type { Connection, IoRedisClient, NodeRedisClient, RedisClient } from "./redis/client.ts";
import { CORRUPT, encodeHead, parsed } from "./redis/head.ts";
import { Heads } from "./redis/heads.ts";
import type { Asked, ReadVariant } from "./redis/heads.ts";
import { RedisLeases } from "./redis/leases.ts";
import { RedisMarks } from "./redis/marks.ts";
import { namesOf } from "./redis/names.ts";
import { DELETE, run, SET } from "./redis/scripts.ts";

export type { IoRedisClient, NodeRedisClient, RedisClient };

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /**
   * The start of all keys in Redis. Caches with different responses need different ones, and none may begin with another. With
   * `{...}` in it, everything is in one slot of a cluster. Default: `"cr:"`.
   */
  prefix?: string;
}

/**
 * Returns a store in Redis 6.2 or later, or in Valkey. All processes with the same server and prefix share the responses, and
 * see all invalidations.
 *
 * `client` is a client of node-redis 5 or 6, ioredis 5 or 6, or iovalkey: for one server, for a cluster or with sentinels. It
 * remains yours: connect it, handle its errors and close it. Many responses need no memory limit of ours: set `maxmemory` and an
 * eviction policy on the server.
 *
 * Throws `ERR_CACHE_STORE_CLIENT` for anything else than such a client, and for one that reads from replicas or has a
 * `keyPrefix`. Throws `ERR_CACHE_OPTION_INVALID` or `ERR_CACHE_OPTION_UNKNOWN` for a wrong option.
 *
 * @example
 * import { createClient } from "redis";
 *
 * const client = await createClient({ url: "redis://localhost:6379" }).on("error", console.error).connect();
 * const cache = createCache({ store: redisStore(client) });
 *
 * @example
 * import { Redis } from "ioredis";
 *
 * const cache = createCache({ store: redisStore(new Redis("redis://localhost:6379"), { prefix: "shop:" }) });
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): Store {
  checkedOptions(options, "redisStore", { known: ["prefix"], example: '{ prefix: "shop:" }', isSetup: true });
  return new RedisStore(connectionOf(client), checkedPrefix(options.prefix ?? "cr:"));
}

/** The most variants of one resource, as in memory. */
const MOST_VARIANTS = "256";
/** How long a deletion is remembered: a fill that took longer is not stored. */
const DELETION_MS = String(10 * 60 * 1000);
/** A life of more milliseconds is for ever: Redis refuses much larger numbers. */
const LONGEST_LIFE = 1e15;
/** How often a lookup guesses again when other processes change the vary list meanwhile. */
const MOST_READS = 4;
/** How many keys the server looks at in one step of a `clear`. */
const SCAN_COUNT = "1000";

class RedisStore implements Store {
  readonly name = "redis";
  readonly shared = true;
  readonly marks: Marks;
  readonly leases: Leases;
  readonly #connection: Connection;
  readonly #heads: Heads;
  readonly #resources: string;

  constructor(connection: Connection, prefix: string) {
    const names = namesOf(prefix);
    this.#connection = connection;
    this.#heads = new Heads(names.resource);
    this.#resources = names.resources;
    this.marks = new RedisMarks(connection, names.marks);
    this.leases = new RedisLeases(connection, names.lease);
  }

  async get(key: string, choose: ChooseVariant, look: Look): Promise<Read | undefined> {
    let vary = look.likely;
    try {
      let variant = choose(vary);
      const known = this.#heads.known(key, variant);
      if (known !== undefined) {
        const [bytes, content] = await this.#read(known, look);
        const read = bytes ? this.#heads.read(key, variant, bytes, content ?? undefined) : undefined;
        if (read !== undefined && isSame(read.head.vary, vary)) return readOf(vary, read);
        this.#heads.forget(key, variant);
      }
      for (let reads = 1; ; reads++) {
        const [list, bytes, content] = await this.#read(this.#heads.asked(key, variant), look);
        if (!list) return undefined;
        const actual = list.toString() === textOf(vary) ? vary : listIn(list);
        if (actual === undefined) return CORRUPTED;
        if (actual === vary) {
          const read = bytes ? this.#heads.read(key, variant, bytes, content ?? undefined) : undefined;
          return read === undefined ? { vary } : readOf(vary, read);
        }
        if (reads === MOST_READS) return { vary: actual };
        vary = actual;
        variant = choose(vary);
      }
    } catch (error) {
      // Some other program wrote to this key. The next response replaces it.
      if (error instanceof Error && error.message.startsWith("WRONGTYPE")) return CORRUPTED;
      throw error;
    }
  }

  #read({ name, whole, bare }: Asked, { body }: Look): Promise<Found> {
    return this.#connection.send(name, "HMGET", body ? whole : bare) as Promise<Found>;
  }

  async set(entry: Entry): Promise<boolean> {
    const { buffer, byteOffset, byteLength } = entry.body;
    const { name, part } = this.#heads.asked(entry.key, entry.variant);
    // The time since the response was made is not subtracted, so that no clock is read. Expiry only frees memory.
    const life = entry.deleteAt - entry.storedAt;
    const kept = await run(
      this.#connection,
      SET,
      [name],
      [
        String(entry.began),
        textOf(entry.vary),
        part,
        encodeHead(entry),
        Buffer.from(buffer, byteOffset, byteLength),
        life < LONGEST_LIFE ? String(Math.max(1, Math.ceil(life))) : "",
        MOST_VARIANTS,
        DELETION_MS,
      ],
    );
    return Number(kept) === 1;
  }

  async delete(key: string, position: number): Promise<number> {
    const name = this.#heads.nameOf(key);
    return Number(await run(this.#connection, DELETE, [name], [String(position), DELETION_MS]));
  }

  async clear(): Promise<void> {
    const { send, primaries, isCluster } = this.#connection;
    // A client of a cluster knows its nodes after its first command.
    if (isCluster) await send(this.#resources, "HMGET", [this.#resources, "v"]);
    const nodes = await primaries();
    await Promise.all(
      nodes.map(async (node) => {
        let cursor = "0";
        do {
          const args = [cursor, "MATCH", this.#resources, "COUNT", SCAN_COUNT];
          const [next, found] = (await node("SCAN", args)) as readonly [Buffer, readonly Buffer[]];
          cursor = String(next);
          const [first] = found;
          if (isCluster) await Promise.all(found.map(async (name) => send(String(name), "UNLINK", [name])));
          else if (first !== undefined) await send(String(first), "UNLINK", found);
        } while (cursor !== "0");
      }),
    );
  }
}

type Found = readonly (Buffer | null | undefined)[];

function readOf(vary: readonly string[], { head, body }: ReadVariant): Read {
  return body === undefined ? { vary, head } : { vary, head, body };
}

/** Whether a list from a head, which may be anything, has the members of another one. */
function isSame(list: unknown, other: readonly string[]): boolean {
  return list === other || (Array.isArray(list) && textOf(list) === textOf(other));
}

/** What the core reports as corrupt. */
const CORRUPTED: Read = { vary: [], head: CORRUPT };

const TEXTS = new WeakMap<readonly string[], string>();

/** Returns a vary list as it is stored. */
function textOf(vary: readonly string[]): string {
  let text = TEXTS.get(vary);
  if (text === undefined) {
    text = JSON.stringify(vary);
    TEXTS.set(vary, text);
  }
  return text;
}

/** Returns a stored vary list. Undefined: it is none. */
function listIn(bytes: Buffer): readonly string[] | undefined {
  const list = parsed(bytes.toString());
  return Array.isArray(list) && list.every((name) => typeof name === "string") ? list : undefined;
}

function checkedPrefix(prefix: unknown): string {
  const isGood =
    typeof prefix === "string" &&
    prefix !== "" &&
    !/\p{Surrogate}/u.test(prefix) &&
    // The first braces of a key choose its slot, unless nothing is between them.
    (!prefix.includes("{") || /^[^{}]*\{[^{}]+\}[^{}]*$/.test(prefix));
  if (isGood) return prefix;
  throw new CacheError(
    "ERR_CACHE_OPTION_INVALID",
    `redisStore: the option "prefix" is ${show(prefix)}; write the start of all its keys, such as "shop:"`,
  );
}
