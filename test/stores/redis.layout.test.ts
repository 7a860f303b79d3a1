import { beforeEach, describe, expect, it } from "vitest";
import { redisStore } from "../../src/stores/redis.ts";
import { entryOf, read, useRedis } from "./redis/support.ts";
import { areServersMissing } from "../support/redis-servers.ts";

const TEN_MINUTES = 10 * 60 * 1000;
const used = useRedis();

beforeEach(async () => {
  await used.client.flushall();
});

describe.skipIf(areServersMissing)("the layout in Redis", () => {
  it("is a hash for each resource, with the list, heads and raw bodies", async () => {
    await used.store.set(
      entryOf("GET /a", { variant: "de", vary: ["accept-language"], body: Uint8Array.of(0, 255) }),
    );
    await used.store.set(entryOf("GET /a", { variant: "fr", vary: ["accept-language"] }));

    const fields = await used.client.hgetallBuffer("cr:r:GET /a");

    expect(Object.keys(fields).toSorted()).toEqual(["bde", "bfr", "hde", "hfr", "v"]);
    expect(fields["v"]!.toString()).toBe('["accept-language"]');
    expect(fields["bde"]).toEqual(Buffer.of(0, 255));
    expect(fields["hde"]!.toString()).toBe(
      '[1,"GET /a","de",["accept-language"],2,200,[],0,null,60000,0,[],{}]',
    );
  });

  it("a body of 100 KiB takes at most 1 KiB more than a bare SET of it", async () => {
    const body = new Uint8Array(102_400).fill(120);
    const fields = [
      ["content-type", "application/json; charset=utf-8"],
      ["etag", '"0123456789abcdef0123456789abcdef"'],
    ] as const;
    const names = ["t|users", "t|user:1", "r|GET /users/:id", "u|https://example.org /users/1"];
    await used.client.set("bare", Buffer.from(body));
    await used.store.set(entryOf("GET /users/:id https://example.org/users/1", { body, fields, names }));

    const [bare, hash] = await Promise.all(
      ["bare", "cr:r:GET /users/:id https://example.org/users/1"].map(async (name) =>
        used.client.memory("USAGE", name, "SAMPLES", 0),
      ),
    );

    expect(hash! - bare!).toBeLessThanOrEqual(1024);
  });

  it("a key that is long, or odd, or could choose a slot is hashed", async () => {
    const keys = ["a".repeat(129), "é", "a{b}c", "#a", "a\nb", "\ud800", "\ud801"];
    for (const key of keys) await used.store.set(entryOf(key));

    const names = await used.client.keys("*");

    expect(new Set(names).size).toBe(keys.length);
    expect(names.filter((name) => /^cr:r:#[\w-]{43}$/.test(name))).toHaveLength(keys.length);
  });

  it("a variant that is long or odd is hashed", async () => {
    for (const variant of ["a".repeat(129), "é", "{"])
      await used.store.set(entryOf("k", { variant, vary: ["accept"] }));
    const fields = await used.client.hkeys("cr:r:k");
    expect(fields.filter((name) => /^[bh]#[\w-]{43}$/.test(name))).toHaveLength(6);
  });

  it("a resource lives as long as its longest entry", async () => {
    const lives: number[] = [];
    const set = async (variant: string, life: number): Promise<void> => {
      await used.store.set(entryOf("k", { variant, storedAt: 500, deleteAt: 500 + life }));
      lives.push(await used.client.pttl("cr:r:k"));
    };

    await set("1", 10_000);
    await set("2", 100_000);
    await set("1", 20_000);

    expect(lives.map((life) => Math.ceil(life / 10_000) * 10_000)).toEqual([10_000, 100_000, 100_000]);
  });

  it("a resource whose only entry is replaced lives as long as the new one", async () => {
    await used.store.set(entryOf("k", { deleteAt: Infinity }));
    expect(await used.client.pttl("cr:r:k")).toBe(-1);
    await used.store.set(entryOf("k", { deleteAt: 10_000 }));
    const life = await used.client.pttl("cr:r:k");
    expect(life > 5000 && life <= 10_000).toBe(true);
  });

  it("an entry for ever keeps its resource for ever, whatever is set beside it", async () => {
    await used.store.set(entryOf("k", { variant: "1" }));
    await used.store.set(entryOf("k", { variant: "2", deleteAt: Infinity }));
    await used.store.set(entryOf("k", { variant: "3" }));
    expect(await used.client.pttl("cr:r:k")).toBe(-1);
  });

  it.each([1e300, Number.MAX_SAFE_INTEGER, 0.25, 0, -5])("a life of %s ms is no error", async (deleteAt) => {
    expect(await used.store.set(entryOf("k", { deleteAt, storedAt: 0 }))).toBe(true);
  });

  it("a deletion is remembered for ten minutes, and makes nothing alive", async () => {
    await used.store.set(entryOf("k", { deleteAt: Infinity }));
    expect(await used.store.delete("k", 100)).toBe(1);
    const life = await used.client.pttl("cr:r:k");
    expect([life > TEN_MINUTES - 10_000, life <= TEN_MINUTES]).toEqual([true, true]);
    expect(await read(used.store, "k")).toBeUndefined();
    expect(await used.store.delete("k", 50)).toBe(0);
  });

  it("a deletion is remembered beside an entry of a shorter life", async () => {
    await used.store.delete("k", 100);
    expect(await used.store.set(entryOf("k", { began: 100, deleteAt: 1000 }))).toBe(true);
    expect(await used.client.pttl("cr:r:k")).toBeGreaterThan(TEN_MINUTES - 10_000);
    expect(await used.store.set(entryOf("k", { began: 99 }))).toBe(false);
  });

  it("a deletion is remembered when the vary list changes", async () => {
    await used.store.delete("k", 100);
    await used.store.set(entryOf("k", { began: 101, vary: ["a"] }));
    await used.store.set(entryOf("k", { began: 101, vary: ["b"] }));
    expect(await used.store.set(entryOf("k", { began: 99, vary: ["b"] }))).toBe(false);
  });

  it("a resource keeps 256 variants, and the new one is among them", async () => {
    for (let at = 0; at < 300; at++) await used.store.set(entryOf("k", { variant: String(at), vary: ["a"] }));
    const fields = await used.client.hkeys("cr:r:k");
    const [heads, bodies] = ["h", "b"].map((kind) => fields.filter((name) => name.startsWith(kind)));
    expect([heads!.length >= 256, heads!.length < 260]).toEqual([true, true]);
    expect(bodies!.map((name) => `h${name.slice(1)}`).toSorted()).toEqual(heads!.toSorted());
    expect(heads).toContain("h299");
  });

  it("clear removes the resources of its prefix only, and no marks, deletions aside", async () => {
    const { client, store } = used;
    await client.mset({ "cr:x": "1", "crr:r:a": "1", other: "1" });
    for (let at = 0; at < 2500; at++) void store.set(entryOf(`k${at}`));
    await store.marks.add(["t|a", "k|b"], 0);
    await store.leases.acquire("a", "1", 60_000);

    await store.clear();

    expect((await client.keys("*")).toSorted()).toEqual(
      ["cr:l:a", "cr:x", "cr:{i}", "cr:{i}k", "crr:r:a", "other"].toSorted(),
    );
  });

  it("clear takes characters of the prefix as they are", async () => {
    const { client } = used;
    const odd = redisStore(client, { prefix: "a*[b]?\\:" });
    await odd.set(entryOf("k"));
    await client.set("aX[b]?\\:r:k", "1");
    await odd.clear();
    expect(await client.keys("*")).toEqual(["aX[b]?\\:r:k"]);
  });
});
