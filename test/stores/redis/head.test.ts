import { describe, expect, it } from "vitest";
import { redisStore } from "../../../src/stores/redis.ts";
import { CORRUPT, decodeHead, encodeHead } from "../../../src/stores/redis/head.ts";
import { entryOf, read, useRedis } from "./support.ts";
import { areServersMissing } from "../../support/redis-servers.ts";

describe.skipIf(areServersMissing)("a stored head", () => {
  const used = useRedis();

  it("is the same object as long as its bytes are the same", async () => {
    await used.store.set(entryOf("same"));
    const [one, two] = [await read(used.store, "same"), await read(used.store, "same")];
    expect(two?.head).toBe(one?.head);
    await used.store.set(entryOf("same"));
    expect((await read(used.store, "same"))?.head).toBe(one?.head);
    await used.store.set(entryOf("same", { status: 404 }));
    const changed = await read(used.store, "same");
    expect(changed?.head).not.toBe(one?.head);
    expect(changed?.head?.status).toBe(404);
  });

  it("of each variant is remembered", async () => {
    await used.store.set(entryOf("each", { variant: "1", vary: ["a"] }));
    await used.store.set(entryOf("each", { variant: "2", vary: ["a"] }));
    const heads = await Promise.all(
      ["1", "2", "1", "2"].map(async (variant) => read(used.store, "each", variant)),
    );
    expect(heads[2]?.head).toBe(heads[0]?.head);
    expect(heads[3]?.head).toBe(heads[1]?.head);
    expect(heads[0]?.head).not.toBe(heads[1]?.head);
  });

  it("of another version is a miss, and is replaced", async () => {
    await used.store.set(entryOf("version"));
    await used.client.hset("cr:r:version", "h", '[2,"in","a","way","to","come"]');
    expect(await read(used.store, "version")).toEqual({ vary: [] });
    await used.store.set(entryOf("version"));
    expect((await read(used.store, "version"))?.head?.key).toBe("version");
  });

  it.each(["", "nonsense", "{}", "[]", "null", '["1"]', "[1]", "[1,2,3,4,5,6,7,8,9,10,11,12,13]"])(
    "that is %s is returned as one that the core refuses",
    async (text) => {
      await used.store.set(entryOf("garbage"));
      await used.client.hset("cr:r:garbage", "h", text);
      const found = await read(used.store, "garbage");
      expect(found?.vary).toEqual([]);
      expect(found?.head?.key).not.toBe("garbage");
      expect(found?.head?.fields).not.toEqual([]);
    },
  );

  it.each(["", "nonsense", "{}", "[1]", '"a"'])("beside a list that is %s is corrupt", async (text) => {
    await used.store.set(entryOf("list"));
    await used.client.hset("cr:r:list", "v", text);
    // Who knows the variant does not read the list.
    expect(await read(redisStore(used.client), "list")).toEqual({ vary: [], head: CORRUPT });
    await used.store.set(entryOf("list"));
    expect((await read(used.store, "list"))?.head?.key).toBe("list");
  });

  it("without its body is returned alone", async () => {
    await used.store.set(entryOf("bodiless"));
    await used.client.hdel("cr:r:bodiless", "b");
    const found = await read(used.store, "bodiless");
    expect([found?.head?.length, found?.body]).toEqual([10, undefined]);
  });

  it("is not looked for in a value of another type, which the next entry replaces", async () => {
    await used.client.set("cr:r:type", "text");
    expect(await read(used.store, "type")).toEqual({ vary: [], head: CORRUPT });
    expect(await used.store.set(entryOf("type"))).toBe(true);
    expect((await read(used.store, "type"))?.head?.key).toBe("type");
    await used.client.set("cr:r:type", "text");
    expect(await used.store.delete("type", 1)).toBe(0);
  });
});

describe("decoding", () => {
  it("returns what was encoded, and nothing more", () => {
    const entry = entryOf("k", {
      staleWhileRevalidateUntil: Infinity,
      staleIfErrorUntil: 5,
      fillMs: 0,
      making: { isParted: true, removed: ["a"] },
      staleAt: Infinity,
      deleteAt: Infinity,
      fields: [["set-cookie", ["a=1", "b=2"]]],
      names: ["t|\ud800"],
    });
    const { body, ...head } = entry;
    expect(decodeHead(encodeHead(entry))).toStrictEqual({ ...head, length: body.byteLength });
    expect(Object.keys(decodeHead(encodeHead(entryOf("k"))) ?? {}).toSorted()).toEqual(
      Object.keys({ ...entryOf("k"), length: 0 })
        .filter((name) => name !== "body")
        .toSorted(),
    );
  });
});
