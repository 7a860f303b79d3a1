import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Store } from "../../src/index.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { areServersMissing, startRedisCluster } from "../support/redis-servers.ts";
import type { RedisServer, RedisServers } from "../support/redis-servers.ts";
import { libraries } from "./redis/clients.ts";
import { entryOf, logOf, read } from "./redis/support.ts";

const PAGE = readFileSync("docs/redis.md", "utf8");
let cluster: RedisServers;

beforeAll(async () => {
  cluster = await startRedisCluster();
});
afterAll(async () => cluster?.stop());

const keys = Array.from({ length: 60 }, (_, at) => `key ${at}`);
const primaries = (): readonly RedisServer[] => cluster.servers.slice(0, 3);

async function namesOn(server: RedisServer, pattern: string): Promise<readonly string[]> {
  const names = await server.command("KEYS", pattern);
  return names === "" ? [] : names.split("\n");
}

describe.skipIf(areServersMissing).each(libraries)("the Redis store on a cluster with $name", (library) => {
  const prefix = `${library.name}:`;
  let store: Store;
  let close: () => Promise<unknown>;

  beforeAll(async () => {
    const opened = await library.cluster(cluster, {
      ...(library.name.startsWith("node-redis") && { useReplicas: true }),
    });
    store = redisStore(opened.client, { prefix });
    close = opened.close;
  });
  afterAll(async () => close?.());

  it("spreads resources over all primaries, and clears them from all", async () => {
    for (const key of keys) await store.set(entryOf(key));
    const before = await Promise.all(primaries().map(async (server) => namesOn(server, `${prefix}r:*`)));
    expect(before.every((names) => names.length > 0)).toBe(true);

    await store.clear();

    const after = await Promise.all(primaries().map(async (server) => namesOn(server, `${prefix}r:*`)));
    expect(after.flat()).toEqual([]);
  });

  it("clears with its first command, too", async () => {
    for (const key of keys) await store.set(entryOf(key));
    const opened = await library.cluster(cluster);
    onTestFinished(async () => void (await opened.close()));
    await redisStore(opened.client, { prefix }).clear();
    expect(await Promise.all(keys.map(async (key) => read(store, key)))).toEqual(keys.map(() => undefined));
  });

  it("sends its scripts again to each primary that forgot them", async () => {
    await Promise.all(primaries().map(async (server) => server.command("SCRIPT", "FLUSH")));
    const kept = await Promise.all(keys.map(async (key) => store.set(entryOf(key))));
    expect(kept).toEqual(keys.map(() => true));
    expect((await logOf(store)).length + (await store.marks!.add(["t|a", "k|b"], 0))).toBeGreaterThan(0);
    expect((await logOf(store)).map(({ name }) => name)).toEqual(["*", "t|a", "k|b"]);
  });

  it("reads nothing from replicas", async () => {
    const replicas = cluster.servers.slice(3);
    await Promise.all(replicas.map(async (server) => server.command("CONFIG", "RESETSTAT")));

    for (const key of keys) await read(store, key);
    await store.marks!.read(0);

    const ofReplicas = await Promise.all(
      replicas.map(async (server) => server.command("INFO", "commandstats")),
    );
    expect(ofReplicas.join("\n")).toMatch(/cmdstat_/);
    expect(ofReplicas.join("\n")).not.toMatch(/cmdstat_(?:hmget|eval|evalsha|zrangebyscore):/);
  });

  it("works on while the slot of a resource moves to another primary, and after", async () => {
    const name = `${prefix}r:moving`;
    const entry = entryOf("moving", { body: new Uint8Array(1000).fill(7) });
    await store.set(entry);
    const slot = await primaries()[0]!.command("CLUSTER", "KEYSLOT", name);
    const holders = await Promise.all(
      primaries().map(async (server) => server.command("EXISTS", name).catch(String)),
    );
    const from = primaries()[holders.indexOf("1")]!;
    const to = primaries().find((server) => server !== from)!;
    const [fromId, toId] = await Promise.all(
      [from, to].map(async (server) => server.command("CLUSTER", "MYID")),
    );
    const move = { isOver: false };
    const lengths = new Set<number | undefined>();
    const used = (async () => {
      for (let rounds = 0; !move.isOver || rounds < 20; rounds++) {
        lengths.add((await read(store, "moving"))?.body?.byteLength);
        expect(await store.set(entry)).toBe(true);
      }
    })();

    await to.command("CLUSTER", "SETSLOT", slot, "IMPORTING", fromId!);
    await from.command("CLUSTER", "SETSLOT", slot, "MIGRATING", toId!);
    await from.command("MIGRATE", to.host, String(to.port), name, "0", "5000");
    lengths.add((await read(store, "moving"))?.body?.byteLength);
    for (const server of [to, from, ...primaries()])
      await server.command("CLUSTER", "SETSLOT", slot, "NODE", toId!);
    move.isOver = true;
    await used;

    expect([...lengths]).toEqual([1000]);
    expect(await to.command("EXISTS", name)).toBe("1");
    expect(await store.delete("moving", 1)).toBe(1);
  });

  it("needs no more rights than those on the page", async () => {
    const rights = [/ACL SETUSER cache (.*)/.exec(PAGE)![1]!, ...PAGE.match(/\+cluster\|\w+/g)!].join(" ");
    for (const server of cluster.servers)
      await server.command("ACL", "SETUSER", "cache", ...rights.split(" "));
    const user = { username: "cache", password: "a-long-secret" };
    const isOfNodeRedis = library.name.startsWith("node-redis");
    const opened = await library.cluster(
      cluster,
      isOfNodeRedis ? { defaults: user } : { redisOptions: user },
    );
    onTestFinished(async () => void (await opened.close()));
    const own = redisStore(opened.client, { prefix: `cr:${library.name}:` });

    for (const key of keys) expect(await own.set(entryOf(key))).toBe(true);
    const found = await Promise.all(keys.map(async (key) => read(own, key)));
    await own.clear();

    expect(found.map((each) => each?.head?.key)).toEqual(keys);
    expect(await read(own, keys[0]!)).toBeUndefined();
    expect(await own.marks!.add(["t|a"], 0)).toBeGreaterThan(0);
  });
});
