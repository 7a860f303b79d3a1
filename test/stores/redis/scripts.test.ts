import { createClient } from "redis";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { redisStore } from "../../../src/stores/redis.ts";
import { namesOf } from "../../../src/stores/redis/names.ts";
import { entryOf, read, useRedis } from "./support.ts";
import { areServersMissing } from "../../support/redis-servers.ts";

/** What the types of ioredis leave out. */
type Scripting = Record<"evalshaBuffer" | "evalBuffer", (...args: readonly unknown[]) => Promise<unknown>>;

const used = useRedis();

afterEach(() => vi.restoreAllMocks());

describe.skipIf(areServersMissing)("the scripts of the Redis store", () => {
  it("are sent again after the server has forgotten them", async () => {
    const { client, store } = used;
    await store.set(entryOf("a"));
    await client.script("FLUSH");
    expect(await store.set(entryOf("b"))).toBe(true);
    await client.script("FLUSH");
    expect(await store.delete("b", 1)).toBe(1);
    await client.script("FLUSH");
    expect(await store.marks.add(["t|a"], 0)).toBeGreaterThan(0);
    await client.script("FLUSH");
    expect(await store.marks.read(0)).toHaveLength(2);
    await client.script("FLUSH");
    expect(await store.leases.acquire("a", "1", 1000)).toBe("mine");
  });

  it("are sent once, and then by their digest", async () => {
    await used.client.script("FLUSH");
    const [digests, texts] = (["evalshaBuffer", "evalBuffer"] as const).map((name) =>
      vi.spyOn(used.client as unknown as Scripting, name),
    );
    await used.store.set(entryOf("a"));
    await used.store.set(entryOf("b"));
    expect([digests?.mock.calls.length, texts?.mock.calls.length]).toEqual([2, 1]);
  });

  it("that fail reject with the error of the server", async () => {
    await used.client.set("cr:{i}", "text");
    onTestFinished(async () => void (await used.client.del("cr:{i}", "cr:{i}k")));
    await used.client.set("cr:{i}k", "text");
    await expect(used.store.marks.add(["t|a"], 0)).rejects.toThrow(/WRONGTYPE/);
    await expect(used.store.marks.read(0)).rejects.toThrow(/WRONGTYPE/);
  });
});

describe.skipIf(areServersMissing)("what some other program wrote in place of a deletion", () => {
  it.each(["abc", "", "inf", "nan", "1e300"])("(%j) hinders neither a deletion nor a response", async (x) => {
    const entry = entryOf(`x${x}`, { began: 5 });
    await used.client.hset(namesOf("cr:").resource(entry.key), "x", x);
    expect(await used.store.set(entry)).toBe(true);
    expect(await used.store.delete(entry.key, 6)).toBe(1);
    expect(await used.store.set(entry)).toBe(false);
  });
});

describe.skipIf(areServersMissing)("a lookup in Redis", () => {
  it("reads once if the list is the likely one, and again if not", async () => {
    await used.store.set(entryOf("k", { vary: ["accept"], variant: "json" }));
    const chosen: string[][] = [];
    const choose = (vary: readonly string[]): string => {
      chosen.push([...vary]);
      return vary.includes("accept") ? "json" : "";
    };

    const likely = ["accept"];
    const right = await used.store.get("k", choose, { likely, body: true });
    expect([chosen, right?.head?.variant, right?.vary]).toEqual([[["accept"]], "json", ["accept"]]);
    expect(right?.vary).toBe(likely);

    chosen.length = 0;
    const wrong = await used.store.get("k", choose, { likely: ["cookie"], body: true });
    expect([chosen, wrong?.head?.variant]).toEqual([[["cookie"], ["accept"]], "json"]);
  });

  it("gives up on a variant whose list never stays the same", async () => {
    let changes = 0;
    const choose = async (): Promise<void> => {
      await used.store.set(entryOf("k", { vary: [`x-${changes++}`] }));
    };
    const client = new Proxy(used.client, {
      get(target, name) {
        if (name !== "hmgetBuffer") return Reflect.get(target, name, target) as unknown;
        return async (...args: [string, ...string[]]) => {
          await choose();
          return target.hmgetBuffer(...args);
        };
      },
    });
    const found = await redisStore(client).get("k", () => "", { likely: [], body: true });
    expect(found).toEqual({ vary: ["x-3"] });
  });

  it("of the head alone reads no body", async () => {
    await used.store.set(entryOf("k", { body: new Uint8Array(100) }));
    const found = await used.store.get("k", () => "", { likely: [], body: false });
    expect(found?.head?.length).toBe(100);
    expect(found).not.toHaveProperty("body");
  });

  it("rejects if the client is closed", async () => {
    const closed = createClient({ url: used.server.url });
    await expect(read(redisStore(closed), "k")).rejects.toThrow(/closed/);
    await expect(redisStore(closed).clear()).rejects.toThrow(/closed/);
  });
});
