import { describe, expect, it } from "vitest";
import { engineOf } from "../../src/adapter.ts";
import type { Decision, MaybePromise } from "../../src/adapter.ts";
import { memoryStore } from "../../src/index.ts";
import type { Store } from "../../src/index.ts";
import { answer, fillOf, kitOf, requestOf, serveOf } from "../support/kit.ts";
import type { Kit, KitOptions } from "../support/kit.ts";

const ROUTE = { ttl: 60, tags: ["todos"] };

/** A cache, and how to look up a request that has arrived at an instant that the cache returned. */
function sited(options: KitOptions = {}): Kit & {
  readonly arrive: () => number;
  readonly lookUp: (arrivedAt: number) => MaybePromise<Decision>;
} {
  const kit = kitOf({ route: ROUTE, ...options });
  const engine = engineOf(kit.cache);
  const lookUp = (arrivedAt: number): MaybePromise<Decision> =>
    engine.begin({ ...requestOf(), arrivedAt }, kit.policy);
  return { ...kit, arrive: () => engine.arrival(), lookUp };
}

describe("a response to a request that arrived before an invalidation, and whose handler began after it", () => {
  it("is not stored: a guard may have read the old data", async () => {
    const { cache, arrive, lookUp, now } = sited();
    const arrivedAt = arrive();
    await cache.invalidate({ tag: "todos" });

    const reply = answer(fillOf(await lookUp(arrivedAt)));

    expect(reply.fields).toContainEqual(["cache-status", expect.stringContaining("detail=purged")]);
    expect(now().kind).toBe("fill");
  });

  it("is not stored after a soft one", async () => {
    const { cache, arrive, lookUp, now } = sited();
    const arrivedAt = arrive();
    await cache.invalidate({ tag: "todos" }, { soft: true });

    answer(fillOf(await lookUp(arrivedAt)));

    expect(now().kind).toBe("fill");
  });

  it("is stored if the tag is another one's", async () => {
    const { cache, arrive, lookUp, now } = sited();
    const arrivedAt = arrive();
    await cache.invalidate({ tag: "users" });

    answer(fillOf(await lookUp(arrivedAt)));

    expect(serveOf(now()).outcome).toBe("hit");
  });

  it("is not shared with a request that arrived after the invalidation", async () => {
    const { cache, arrive, lookUp } = sited();
    const arrivedAt = arrive();
    await cache.invalidate({ tag: "todos" });
    const leader = fillOf(await lookUp(arrivedAt));
    const later = lookUp(arrive());

    answer(leader);

    expect((await later).kind).toBe("fill");
  });

  it.each([false, true])(
    "is not shared with a request that arrived after one of two invalidations, soft: %s",
    async (soft) => {
      const { cache, arrive, lookUp } = sited();
      const arrivedAt = arrive();
      await cache.invalidate({ tag: "todos" }, { soft });
      const between = arrive();
      await cache.invalidate({ tag: "todos" }, { soft });
      const leader = fillOf(await lookUp(arrivedAt));
      const later = lookUp(between);

      answer(leader);

      expect((await later).kind).toBe("fill");
    },
  );

  it("is shared with those that arrived before it, so that the handler runs once", async () => {
    const { cache, arrive, lookUp } = sited();
    const arrivedAt = arrive();
    const other = arrive();
    await cache.invalidate({ tag: "todos" });
    const leader = fillOf(await lookUp(arrivedAt));
    const waiting = lookUp(other);

    answer(leader);

    expect(serveOf(await waiting).outcome).toBe("collapsed");
  });
});

describe("a request whose adapter does not know when it arrived", () => {
  it("arrives when its lookup begins, before the store has returned", async () => {
    const inner = memoryStore();
    const store: Store = {
      name: "slow",
      shared: false,
      get: async (key, choose, look) => inner.get(key, choose, look),
      set: (entry) => inner.set(entry),
      delete: (key, position) => inner.delete(key, position),
      clear: () => inner.clear(),
    };
    const { cache, begin } = sited({ cache: { store } });
    const decision = begin();
    await cache.invalidate({ tag: "todos" });

    answer(fillOf(await decision));

    expect((await begin()).kind).toBe("fill");
  });
});
