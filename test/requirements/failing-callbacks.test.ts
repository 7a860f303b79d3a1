import { afterEach, describe, expect, it, vi } from "vitest";
import { createCache } from "../../src/index.ts";
import type { CacheOptions, Clock, OnError, Store } from "../../src/index.ts";
import { show } from "../../src/core/contract/errors.ts";
import { testClock } from "../../src/testing/clock.ts";
import { fillOf, kitOf, openWith, said, settle } from "../support/kit.ts";

afterEach(() => vi.restoreAllMocks());

/** Collects the errors that would end a process. */
async function rejectionsOf(happens: () => unknown): Promise<readonly unknown[]> {
  const rejected: unknown[] = [];
  const note = (error: unknown): void => void rejected.push(error);
  process.on("unhandledRejection", note);
  await happens();
  await settle();
  process.off("unhandledRejection", note);
  return rejected;
}

// Not an async function: that is refused where the route is declared.
const late = (() => Promise.reject(new Error("down"))) as never;

const down = (): never => {
  throw new Error("down");
};

const broken: Store = { name: "broken", shared: false, get: down, set: down, delete: down, clear: down };

describe("a function of a route that is asynchronous", () => {
  it.each(["key", "scope"] as const)(
    "fails its request, and the error names the reason: %s",
    async (option) => {
      const { begin } = kitOf({ route: { [option]: late } });

      const rejected = await rejectionsOf(() =>
        expect(() => begin()).toThrow(`the function given as "${option}" returned a Promise`),
      );

      expect(rejected).toEqual([]);
    },
  );

  it.each(["ttl", "tags"] as const)(
    "fails its request, and the error names the reason: %s",
    async (option) => {
      const { now } = kitOf({ route: { [option]: late } });

      const rejected = await rejectionsOf(() =>
        expect(() => openWith(fillOf(now()))).toThrow(`the function given as "${option}" returned a Promise`),
      );

      expect(rejected).toEqual([]);
    },
  );

  it("is found, with its failure, in the cause of that error", async () => {
    const { begin } = kitOf({ route: { key: late } });

    const failing = Promise.resolve().then(() => begin());

    await expect(failing).rejects.toMatchObject({ code: "ERR_CACHE_KEY", cause: expect.any(Promise) });
  });

  it("is refused at declaration as the JSON Schema of a query", async () => {
    const query = { "~standard": { jsonSchema: { input: late } } } as never;

    const rejected = await rejectionsOf(() =>
      expect(() => kitOf({ route: { query } })).toThrow(
        /"query" returned a Promise.*ERR_CACHE_OPTION_INVALID/,
      ),
    );

    expect(rejected).toEqual([]);
  });
});

describe("a function of a route that throws something other than an error", () => {
  it.each([[undefined], [null], ["route"], [0]])("fails its request with an error: %s", (thrown) => {
    const route = {
      key: () => {
        throw thrown as unknown as Error;
      },
    };

    expect(() => kitOf({ route }).begin()).toThrow(`something threw ${show(thrown)}`);
  });
});

describe("a value", () => {
  const hostile = {
    get a(): never {
      throw new Error("lazy");
    },
    toJSON(): never {
      throw new Error("lazy");
    },
    get [Symbol.toStringTag](): never {
      throw new Error("lazy");
    },
  };

  it.each([
    ["an object that throws at every touch", hostile, "a value of type object"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["a long text", "x".repeat(10_000_000), `"${"x".repeat(56)}...`],
    ["nothing", undefined, "undefined"],
    ["an object without a prototype", Object.create(null) as unknown, "{}"],
    [
      "a function whose name throws",
      Object.defineProperty(() => 0, "name", { get: down }),
      "[object Function]",
    ],
  ])("is shown in a message, whatever it is: %s", (_, value, text) => {
    expect(show(value)).toContain(text);
  });
});

describe("a random function that returns no number below 1", () => {
  it.each([[2], [Number.NaN], [-1], [undefined], [1]])(
    "leaves the lifetime within its bounds: %s",
    (chance) => {
      const told: unknown[] = [];
      const random = (): never => chance as never;
      const cache: CacheOptions = { random, onError: (error, failure) => told.push([error, failure]) };
      const { ask } = kitOf({ cache, route: { ttl: 60, jitter: 0.5 } });
      ask();

      const ttl = Number(/ttl=(\d+)/.exec(said(ask(), "cache-status") ?? "")?.[1]);

      expect(ttl).toBeGreaterThanOrEqual(29);
      expect(ttl).toBeLessThanOrEqual(60);
      expect(told).toEqual([
        [
          expect.objectContaining({ code: "ERR_CACHE_CALLBACK" }),
          { operation: "callback", option: "random" },
        ],
      ]);
    },
  );
});

describe("a clock", () => {
  it("is replaced by the machine's where it is asynchronous", async () => {
    const clock = { now: late, schedule: late } as unknown as Clock;
    const told: unknown[] = [];

    const rejected = await rejectionsOf(() => {
      const { ask } = kitOf({ cache: { clock, onError: (_, failure) => told.push(failure) } });
      ask();
      expect(said(ask(), "x-cache")).toBe("HIT");
    });

    expect(rejected).toEqual([]);
    expect(told).toContainEqual({ operation: "callback", option: "clock.now" });
  });

  it("with a schedule that throws lets a store hold a request no longer than storeTimeout", async () => {
    const clock: Clock = {
      now: () => 0,
      schedule: () => {
        throw new Error("no timers");
      },
    };
    const never = new Promise<never>(() => undefined);
    const store: Store = {
      name: "frozen",
      shared: false,
      get: () => never,
      set: () => never,
      delete: () => 0,
      clear: () => undefined,
    };

    const decision = await kitOf({ cache: { clock, store, storeTimeout: 0.01, onError: () => 0 } }).begin();

    expect(decision.kind).toBe("fill");
  });
});

describe("the result of a store", () => {
  const clock = testClock();
  const storeOf = (parts: object): Store => ({
    name: "odd",
    shared: false,
    get: () => undefined,
    set: () => undefined,
    delete: () => 0,
    clear: () => undefined,
    ...parts,
  });

  it.each([["1"], [-1], [Number.NaN], [null], [{}], [Promise.resolve("1")]])(
    "of delete is a count, or its error is reported: %s",
    async (answered) => {
      const onError = vi.fn<OnError>();
      const cache = createCache({ store: storeOf({ delete: () => answered }), clock, onError });

      expect(await cache.invalidate("k")).toEqual({ everywhere: true });
      expect(onError.mock.calls).toEqual([
        [expect.objectContaining({ code: "ERR_CACHE_STORE_ANSWER" }), { operation: "delete", store: "odd" }],
      ]);
    },
  );

  it.each([
    ["text", () => "many"],
    ["null", () => null],
    ["counts that are none", () => ({ entries: "1", bytes: 1, evictions: 0 })],
    ["a promise", () => Promise.reject(new Error("down"))],
    ["what throws", () => Object.defineProperty({}, "entries", { get: down })],
  ])("of stats is a set of counts, or its error is reported: %s", async (_, stats) => {
    const onError = vi.fn<OnError>();
    const cache = createCache({ store: storeOf({ stats }), clock, onError });

    const rejected = await rejectionsOf(() => expect(cache.stats().store).not.toHaveProperty("entries"));

    expect(rejected).toEqual([]);
    expect(onError).toHaveBeenCalledWith(expect.any(Error), { operation: "stats", store: "odd" });
  });

  it("of stats may be an exception, and cache.stats does not throw", () => {
    const stats = (): never => {
      throw new Error("down");
    };
    const cache = createCache({ store: storeOf({ stats }), clock, onError: () => undefined });

    expect(cache.stats()).toMatchObject({ store: { name: "odd", state: "up" }, storeErrors: 1 });
  });
});

describe("a listener that rejects", () => {
  it("is reported to the console, and does not end the process", async () => {
    const error = vi.spyOn(console, "error").mockReturnValue();

    const rejected = await rejectionsOf(async () => {
      const { now, cache } = kitOf({ cache: { reporter: late, onError: late, store: broken } });
      openWith(fillOf(now()), { headers: { "set-cookie": "a=1" } }).complete("x");
      await cache.clear();
    });

    expect(rejected).toEqual([]);
    expect(error).toHaveBeenCalledTimes(2);
  });
});
