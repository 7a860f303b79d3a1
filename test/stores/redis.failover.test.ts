import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import type { MaybePromise } from "../../src/index.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { areServersMissing, startRedisSentinels } from "../support/redis-servers.ts";
import { libraries } from "./redis/clients.ts";
import { entryOf, logOf, read } from "./redis/support.ts";

/** Tries until it works: what is called while no primary is there fails, or is lost with its connection. */
async function eventually<T>(call: () => MaybePromise<T>): Promise<T> {
  for (const giveUpAt = Date.now() + 25_000; ;) {
    const result = await Promise.race([
      Promise.resolve(call()).then(
        (value) => ({ value }),
        () => undefined,
      ),
      wait(1000),
    ]);
    if (result !== undefined) return result.value;
    if (Date.now() > giveUpAt) throw new Error("no primary comes back");
    await wait(50);
  }
}

const ofEachKind = libraries.filter(({ name }) => ["node-redis 6", "ioredis 6", "iovalkey"].includes(name));

describe.skipIf(areServersMissing).each(ofEachKind)("the Redis store with sentinels and $name", (library) => {
  it("goes on with the replica when its primary is gone, with what that had received", async () => {
    const servers = await startRedisSentinels();
    onTestFinished(async () => servers.stop());
    const { client, close } = await library.sentinel(servers);
    onTestFinished(async () => void (await close()));
    const store = redisStore(client);
    const [primary, replica] = servers.servers;
    await store.set(entryOf("kept"));
    const before = await store.marks!.add(["t|a"], 0);
    await expect.poll(async () => replica!.command("KEYS", "*")).toContain("cr:{i}");

    await primary!.kill();

    expect((await eventually(async () => read(store, "kept")))?.head?.key).toBe("kept");
    expect(await eventually(async () => store.set(entryOf("new")))).toBe(true);
    const after = await eventually(async () => store.marks!.add(["t|b"], 0));
    expect(after).toBeGreaterThan(before);
    expect((await logOf(store)).map(({ name }) => name)).toEqual(["*", "t|a", "t|b"]);
    expect(await replica!.command("HLEN", "cr:r:new")).toBe("3");
  });
});
