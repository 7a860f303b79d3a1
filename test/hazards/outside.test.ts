import { describe, expect, it } from "vitest";
import { kitOf, openWith, fillOf, settle } from "../core/support.ts";

describe("what the application and its store do by mistake", () => {
  it("48: no promise of the application's rejects without anybody to hear it", async () => {
    const rejected: unknown[] = [];
    const note = (error: unknown): void => void rejected.push(error);
    process.on("unhandledRejection", note);
    const late = (async () => Promise.reject(new Error("down"))) as never;
    const down = (): Promise<never> => Promise.reject(new Error("down"));
    const store = { name: "down", get: down, set: down, delete: down, clear: down, stats: late };
    const cache = { store, reporter: late, onError: late, random: late };
    const { begin, cache: made } = kitOf({ cache, route: { ttl: late, tags: late, jitter: 1 } });

    const fill = fillOf(await begin());
    expect(() => openWith(fill)).toThrow("returned a promise");
    await Promise.all([made.invalidate("k"), made.clear(), made.set("k", { body: "x" }), made.get("k")]);
    made.stats();
    await settle();
    process.off("unhandledRejection", note);

    expect(rejected).toEqual([]);
  });
});
