import { describe, expect, it } from "vitest";
import { useRedis } from "./support.ts";
import { areServersMissing } from "../../support/redis-servers.ts";

const used = useRedis();

describe.skipIf(areServersMissing)("leases in Redis", () => {
  it("are keys that end by themselves, with what the holder said", async () => {
    const { client, store } = used;
    await store.leases.acquire("a", "token", 5000);
    expect(await client.get("cr:l:a")).toBe("htoken");
    expect(await client.pttl("cr:l:a")).toBeLessThanOrEqual(5000);
    await store.leases.release("a", "token", { alone: 3000 });
    expect(await client.get("cr:l:a")).toBe("a");
    expect(await client.pttl("cr:l:a")).toBeLessThanOrEqual(3000);
  });

  it("are taken again by the token that has them, since a client may send a command twice", async () => {
    await used.store.leases.acquire("b", "1", 1000);
    expect(await used.store.leases.acquire("b", "1", 60_000)).toBe("mine");
    expect(await used.client.pttl("cr:l:b")).toBeGreaterThan(1000);
  });

  it("take any token, and any length of time", async () => {
    expect(await used.store.leases.acquire("c", "", 0.5)).toBe("mine");
    expect(await used.store.leases.acquire("d", "a", 0)).toBe("mine");
    expect(await used.store.leases.acquire("e", "a", 1000)).toBe("mine");
    expect(await used.store.leases.acquire("e", "b", 1000)).toBe("held");
  });

  it("hash long and odd names", async () => {
    await used.store.leases.acquire("a".repeat(200), "1", 1000);
    expect(await used.client.keys("cr:l:#*")).toHaveLength(1);
  });
});
