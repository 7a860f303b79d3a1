import { describe, expect, it } from "vitest";
import { engineOf } from "../../src/adapter.ts";
import { createCache } from "../../src/index.ts";
import type { RouteOptions } from "../../src/index.ts";
import { requestOf, settle } from "../support/kit.ts";
import type { Asked } from "../support/kit.ts";
import { nodesOn, SharedServer } from "../support/shared-store.ts";
import type { SharedNode } from "../support/shared-store.ts";

const ROUTE: RouteOptions<Asked> = { ttl: 3600, tags: ["todos"], namespace: "lists", key: () => "list" };

async function twoNodes(): Promise<readonly [SharedNode, SharedNode]> {
  return (await nodesOn(new SharedServer(), 2, ROUTE)) as [SharedNode, SharedNode];
}

describe("two caches of one process on one store", () => {
  it("know of each other's invalidations at once", async () => {
    const [one] = await twoNodes();
    const second = createCache({ clock: one.clock, reporter: false, secret: "s", store: one.store });
    await one.ask();
    one.store.link = "stalled";
    void second.invalidate({ tag: "todos" });
    one.store.link = "up";

    expect((await one.begin()).kind).toBe("fill");
  });

  it("follow the log after one of them is closed", async () => {
    const [one, other] = await twoNodes();
    const second = createCache({
      clock: one.clock,
      reporter: false,
      secret: "s",
      onError: () => undefined,
      store: one.store,
    });
    const engine = engineOf(second);
    const policy = engine.policy<Asked>(ROUTE, { route: "GET /reports" });
    await one.ask();
    await one.cache.close();
    await other.cache.invalidate({ tag: "todos" });
    one.clock.advance(0.051);
    const { kind } = await engine.begin(requestOf(), policy);
    one.store.link = "marks-cut";
    await second.invalidate({ tag: "todos" });
    one.store.link = "up";
    await one.pass(0.5);

    expect([kind, second.stats().store.pending]).toEqual(["fill", 0]);
  });
});

describe("a cache that is closed", () => {
  it("has told the others what it had not been able to, and leaves no timers", async () => {
    const [one, other] = await twoNodes();
    await one.ask();
    one.store.link = "marks-cut";
    await one.cache.invalidate({ tag: "todos" });
    one.store.link = "up";

    await one.cache.close();
    other.clock.advance(0.051);

    expect([await other.ask(), one.clock.pending]).toEqual(["miss", 0]);
  });

  it("is not held by a store that is stalled", async () => {
    const [one] = await twoNodes();
    one.store.link = "stalled";
    void one.cache.invalidate({ tag: "todos" });
    const closed = one.cache.close();
    one.clock.advance(1);
    await settle();
    one.clock.advance(1);

    await closed;
    expect(one.clock.pending).toBe(0);
  });
});

it("the state of a store has that of its log", async () => {
  const [one] = await twoNodes();
  const { store: before } = one.cache.stats();
  one.store.link = "marks-cut";
  await one.cache.invalidate({ tag: "todos" });
  await one.begin();

  expect([before, one.cache.stats().store]).toEqual([
    expect.objectContaining({ state: "up", marks: 0, polls: 1, pending: 0 }),
    expect.objectContaining({ state: "blind", marks: 0, polls: 2, pending: 1 }),
  ]);
});
