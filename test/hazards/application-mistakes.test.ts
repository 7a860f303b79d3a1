import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/index.ts";
import { chaosStore } from "../../src/testing/chaos-store.ts";
import { kitOf, openWith, fillOf, said, settle } from "../support/kit.ts";

describe("mistakes of the application and its store", () => {
  it("48: no rejection of the application's promises goes unhandled", async () => {
    const rejected: unknown[] = [];
    const note = (error: unknown): void => void rejected.push(error);
    process.on("unhandledRejection", note);
    const late: () => never = (async () => Promise.reject(new Error("down"))) as never;
    const down = (): Promise<never> => Promise.reject(new Error("down"));
    const store = {
      name: "down",
      shared: false,
      get: down,
      set: down,
      delete: down,
      clear: down,
      stats: late,
    };
    const cache = { store, reporter: late, onError: late, random: late };
    const rejecting = (): never => late();
    const { begin, cache: made } = kitOf({ cache, route: { ttl: rejecting, tags: rejecting, jitter: 1 } });

    const fill = fillOf(await begin());
    expect(() => openWith(fill)).toThrow("returned a Promise");
    await Promise.all([made.invalidate("k"), made.clear(), made.set("k", { body: "x" }), made.get("k")]);
    made.stats();
    await settle();
    process.off("unhandledRejection", note);

    expect(rejected).toEqual([]);
  });

  it.each([
    ["Transfer-Encoding", "chunked"],
    ["transfer-encoding", "chunked"],
    ["Content-Length", "3"],
    ["content-length", "3"],
    ["Set-Cookie", "session=eve"],
    ["set-cookie", "session=eve"],
  ])("49: a stored response with %s: %s is a miss, and its error is reported", (name, value) => {
    const errors: unknown[] = [];
    const store = chaosStore(memoryStore());
    const { ask, now } = kitOf({ cache: { store, onError: (error) => errors.push(error) } });
    ask();
    store.mode = "corrupt";
    store.corruption = (entry) => ({ ...entry, fields: [...entry.fields, [name, value]] });

    expect([now().kind, errors.length]).toEqual(["fill", 1]);
  });

  it("54: a response that the store does not keep is nowhere reported as stored", async () => {
    const told: string[] = [];
    const store = memoryStore({ maxBytes: 5000 });
    const { ask, cache } = kitOf({ cache: { store, reporter: ({ reason }) => void told.push(reason) } });
    const body = "x".repeat(10_000);

    const status = [ask({}, { body }), ask({}, { body })].map((reply) => said(reply, "cache-status"));

    expect(status.join()).not.toContain("stored");
    expect([cache.stats().stored, await cache.set("k", { body }), told]).toEqual([0, false, ["not-kept"]]);
  });
});
