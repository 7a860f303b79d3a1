import { describe, expect, it } from "vitest";
import { createCache, memoryStore } from "../../src/index.ts";
import type { Report, Store } from "../../src/index.ts";
import {
  answer,
  asyncStore,
  fillOf,
  kitOf,
  openWith,
  refresher,
  said,
  serveOf,
  settle,
} from "../support/kit.ts";
import type { Kit } from "../support/kit.ts";

const LARGE = "x".repeat(20_000);

/** Keeps what is small. */
const small = (): Store => memoryStore({ maxBytes: 10_000 });

function kitWith(store: Store, reports: Report[] = []): Kit {
  return kitOf({
    cache: { store, reporter: (report) => void reports.push(report), onError: () => undefined },
  });
}

describe("a response that the store does not keep", () => {
  it('has no "stored" in Cache-Status, and is reported once', () => {
    const reports: Report[] = [];
    const { ask, cache } = kitWith(small(), reports);

    const answers = [ask({}, { body: LARGE }), ask({}, { body: LARGE })];

    const status = "caching-route;fwd=uri-miss;fwd-status=200;detail=not-kept";
    expect(answers.map((one) => said(one, "cache-status"))).toEqual([status, status]);
    expect(cache.stats()).toMatchObject({ stored: 0, refusals: { "not-kept": 2 } });
    expect(reports.map(({ reason, message }) => [reason, /did not keep it.*maxBytes/.test(message)])).toEqual(
      [["not-kept", true]],
    );
  });

  it("leaves no older entry in its place", () => {
    const { ask, clock } = kitWith(small());
    ask({}, { body: "small" });
    clock.advance(60);
    ask({}, { body: LARGE });

    expect(said(ask({}, { body: "small" }), "cache-status")).toContain("fwd=uri-miss");
  });

  it("is counted where it streams, though its head is sent already", () => {
    const { now, cache } = kitWith(small());
    const { fields, sink } = openWith(fillOf(now())).stream();
    sink?.write(LARGE);
    sink?.end();

    expect([said({ fields }, "cache-status"), cache.stats()]).toMatchObject([
      "caching-route;fwd=uri-miss;fwd-status=200",
      { stored: 0, refusals: { "not-kept": 1 } },
    ]);
  });

  it('is counted where the store returns later, and Cache-Status has no "stored" until then', async () => {
    const { begin, cache } = kitWith(asyncStore(small()));
    const reply = answer(fillOf(await begin()), { body: LARGE });
    await settle();

    expect([said(reply, "cache-status"), cache.stats()]).toMatchObject([
      "caching-route;fwd=uri-miss;fwd-status=200",
      { stored: 0, refusals: { "not-kept": 1 } },
    ]);
  });

  it("is still shared with its followers", async () => {
    const { now, begin } = kitWith(small());
    const leader = fillOf(now());
    const follower = Promise.resolve(begin());
    answer(leader, { body: LARGE });

    expect(await follower).toMatchObject({ kind: "serve", outcome: "collapsed" });
  });

  it('has no "stored" in Cache-Status where it replaced a stale one', async () => {
    const { fills, refresh } = refresher();
    const kit = kitOf({
      cache: { store: small(), reporter: false },
      route: { ttl: 1, staleIfError: 60 },
    });
    kit.ask();
    kit.clock.advance(2);
    const waiting = Promise.resolve(kit.begin({ refresh }));
    answer(fills[0]!, { body: LARGE });
    const decision = await waiting;

    expect(decision).toMatchObject({ kind: "serve", outcome: "miss" });
    expect(said(serveOf(decision).reply, "cache-status")).not.toContain("stored");
  });

  it('has no "stored" where its head waits for the fields that are added as it is sent', () => {
    const open = openWith(fillOf(kitWith(small()).now()));
    const release = open.defer!();
    open.complete(LARGE);

    expect(said({ fields: release() }, "cache-status")).toContain("detail=not-kept");
  });
});

describe("a store that fails to write", () => {
  it.each([
    [
      "at once",
      (): never => {
        throw new Error("down");
      },
    ],
    ["later", () => Promise.reject(new Error("down"))],
  ])('has its response sent without "stored" in Cache-Status: %s', async (_, set) => {
    const { begin, cache } = kitWith({ ...asyncStore(), set });
    const reply = answer(fillOf(await begin()));
    await settle();

    expect([said(reply, "cache-status"), cache.stats().stored]).toEqual([
      "caching-route;fwd=uri-miss;fwd-status=200",
      0,
    ]);
  });
});

describe("cache.set", () => {
  it.each([
    ["at once", small()],
    ["later", asyncStore(small())],
  ])("returns false where the store does not keep the response, %s", async (_, store) => {
    const cache = createCache({ store, reporter: false });

    expect([await cache.set("k", { body: LARGE }), await cache.set("k", { body: "x" })]).toEqual([
      false,
      true,
    ]);
  });
});
