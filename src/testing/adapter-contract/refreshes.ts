import assert from "node:assert/strict";
import type { ContractResponse, ContractRequest } from "../adapter-harness.ts";
import { testClock } from "../clock.ts";
import { assertHit } from "./outcome.ts";
import { bytes, cached, stream, text } from "./routes.ts";
import { sourceOf } from "./source.ts";
import type { Scenario, Scenarios, Stage } from "./stage.ts";
import { assertStale, counting, stale } from "./stale.ts";
import type { Next, StaleSite } from "./stale.ts";

const OPTIONS = { staleWhileRevalidate: 60 };
const KEY = { "x-key": "k" };

/** Stale responses that one background run of the handler refreshes (RFC 5861 §3). */
export const refreshes: Scenarios = {
  "a crowd on a stale response is served it at once, and one refresh runs in the background": async (
    stage,
  ) => {
    const gate = stage.gate();
    const { site, route } = await refreshing(stage, async (_, run) => {
      await gate.opened;
      return text(`run ${run}`);
    });
    const answers = await Promise.all(Array.from({ length: 20 }, () => site.get("/a")));
    for (const answer of answers) assertStale(answer, "run 1");
    await stage.until(() => route.seen.length === 2, "a refresh runs in the background");
    assertStale(await site.get("/a"), "run 1");
    gate.open();
    await stage.until(() => site.cache.stats().stored === 2, "the refreshed response is stored");
    const hit = await site.get("/a");
    assertHit(hit);
    assert.equal(hit.text, "run 2", "the next request gets the refreshed response");
    assert.equal(hit.header("age"), "0");
    assert.equal(route.seen.length, 2, "one refresh ran");
    assert.equal(site.cache.stats().refreshes, 1);
  },

  "a refresh that streams is stored": async (stage) => {
    const source = sourceOf(stage, ["one ", "two"]);
    const { site } = await refreshing(stage, () => stream(() => source.parts()));
    await site.get("/a");
    source.letGo(1);
    assertStale(await site.get("/a"), "run 1");
    source.finish();
    await stage.until(() => site.cache.stats().stored === 2, "the stream of a refresh is stored");
    const hit = await site.get("/a");
    assertHit(hit);
    assert.equal(hit.text, "one two");
  },

  "a refresh repeats its client's request without the client's conditions": async (stage) => {
    const { site, route } = await stale(stage, counting, { ...OPTIONS, query: ["b"] }, { path: "/a?b=1" });
    const headers = { "x-own": "1", "if-none-match": '"mine"', range: "bytes=0-1" };
    await site.get("/a?b=1&c=2", headers);
    await stage.until(() => route.seen.length === 2, "a refresh runs");
    const { method, url, header, query } = route.seen[1] as ContractRequest;
    assert.deepEqual([method, url, query("b"), header("x-own")], ["GET", "/a?b=1", ["1"], "1"]);
    assert.deepEqual(
      ["if-none-match", "range"].map((name) => header(name)),
      [undefined, undefined],
    );
  },

  "a HEAD request for a stale response is served at once and refreshed by a GET": async (stage) => {
    const { site, route } = await refreshing(stage);
    const head = await site.client.ask({ method: "HEAD", path: "/a" });
    assert.deepEqual([head.status, head.body.byteLength, head.header("content-length")], [200, 0, "5"]);
    await stage.until(() => site.cache.stats().stored === 2, "the refreshed response is stored");
    assert.equal(route.seen[1]?.method, "GET", "a refresh is a GET");
    const hit = await site.get("/a");
    assertHit(hit);
    assert.equal(hit.text, "run 2");
  },

  "a request whose condition holds for a stale response gets 304, and a refresh runs in the background":
    async (stage) => {
      const { site, first } = await refreshing(stage);
      const answer = await site.get("/a", { "if-none-match": first.header("etag") ?? "" });
      assert.deepEqual([answer.status, answer.body.byteLength], [304, 0]);
      await stage.until(() => site.cache.stats().stored === 2, "the refreshed response is stored");
      assert.equal((await site.get("/a")).text, "run 2");
    },

  "a before guard runs for a refresh as for a request": guardRuns("before"),
  "a framework guard runs for a refresh as for a request": guardRuns("framework"),
  "a refresh whose before guard fails keeps the entry and does not run the handler": guardFails("before"),
  "a refresh whose framework guard fails keeps the entry and does not run the handler":
    guardFails("framework"),

  "a refresh that throws keeps the entry, is reported to onError and is retried a second later": failsOnce(
    () => {
      throw new Error("the refresh fails, as it was told to");
    },
    1,
  ),
  "a refresh with status 500 keeps the entry and is retried a second later": failsOnce(
    () => ({ status: 500, body: "failed" }),
    0,
  ),
  "a refresh whose stream breaks midway keeps the entry and is retried a second later": failsOnce(
    () =>
      stream(async function* () {
        yield bytes("broken");
        await new Promise(setImmediate);
        throw new Error("the stream breaks, as it was told to");
      }),
    1,
  ),

  "a refresh with no-store removes the entry": async (stage) => {
    const { site, route } = await refreshing(stage, (_, run) =>
      text(`run ${run}`, { "cache-control": "no-store" }),
    );
    assertStale(await site.get("/a"), "run 1");
    await stage.until(() => site.cache.stats().refusals["no-store"] === 1, "the refresh is refused");
    assert.equal((await site.get("/a")).text, "run 3");
    assert.equal(route.seen.length, 3);
  },

  "a refresh that began before a purge is not stored": async (stage) => {
    const gate = stage.gate();
    const { site, route } = await stale(
      stage,
      async (_, run) => {
        if (run === 2) await gate.opened;
        return text(`run ${run}`);
      },
      { ...OPTIONS, key: () => "one" },
    );
    assertStale(await site.get("/a"), "run 1");
    await stage.until(() => route.seen.length === 2, "a refresh runs");
    await site.cache.invalidate("one");
    assert.equal((await site.get("/a")).text, "run 3");
    gate.open();
    await stage.until(() => site.cache.stats().refusals.purged === 1, "the refresh is refused");
    assert.equal((await site.get("/a")).text, "run 3");
  },

  "a response with must-revalidate is never served stale": async (stage) => {
    const answering = (_: ContractRequest, run: number): ContractResponse =>
      text(`run ${run}`, { "cache-control": "must-revalidate" });
    const route = cached("/a", answering, { ttl: 10, staleWhileRevalidate: 60 });
    const { get, clock } = await stage.site([route]);
    await get("/a");
    clock.advance(10);
    assert.equal((await get("/a")).text, "run 2");
  },

  "earlyRefresh refreshes a fresh entry in the background of a hit": async (stage) => {
    const clock = testClock();
    const slow: Next = (_, run) => {
      clock.advance(1);
      return text(`run ${run}`);
    };
    const route = cached("/a", slow, { ttl: 10, earlyRefresh: 1 });
    const { get, cache } = await stage.site([route], { clock, random: () => 0.99 });
    await get("/a");
    clock.advance(7);
    const hit = await get("/a");
    assertHit(hit);
    assert.equal(hit.text, "run 1");
    await stage.until(() => cache.stats().stored === 2, "the response is refreshed early");
    assert.equal((await get("/a")).text, "run 2");
  },
};

function refreshing(stage: Stage, next: Next = counting): Promise<StaleSite> {
  return stale(stage, next, OPTIONS);
}

function guardRuns(place: "before" | "framework"): Scenario {
  return async (stage) => {
    let runs = 0;
    const guard = { place, onRun: () => void runs++ };
    const { site } = await stale(stage, counting, OPTIONS, { headers: KEY, parts: { guard } });
    assertStale(await site.get("/a", KEY), "run 1");
    await stage.until(() => site.cache.stats().stored === 2, "the refreshed response is stored");
    assert.equal(runs, 3, "the guard ran for the miss, the stale response and its refresh");
    assert.equal((await site.get("/a")).status, 401);
  };
}

function guardFails(place: "before" | "framework"): Scenario {
  return async (stage) => {
    let runs = 0;
    const onRun = (): void => {
      if (++runs === 3) throw new Error("the guard of the refresh fails, as it was told to");
    };
    const parts = { guard: { place, onRun } };
    const { site, route } = await stale(stage, counting, OPTIONS, { headers: KEY, parts });
    assertStale(await site.get("/a", KEY), "run 1");
    await stage.until(() => site.cache.stats().refusals.failed === 1, "the refresh is abandoned");
    assertStale(await site.get("/a", KEY), "run 1");
    assert.equal(route.seen.length, 1, "the handler does not run where the guard fails");
  };
}

/** `reported` is how many errors `onError` receives. */
function failsOnce(failing: () => ContractResponse, reported: number): Scenario {
  return async (stage) => {
    const { site, route } = await refreshing(stage, (_, run) => (run === 2 ? failing() : text(`run ${run}`)));
    assertStale(await site.get("/a"), "run 1");
    await stage.until(() => site.cache.stats().refusals.failed === 1, "the refresh has failed");
    assertStale(await site.get("/a"), "run 1");
    assert.equal(route.seen.length, 2, "a failed refresh is not retried at once");
    assert.equal(site.errors.length, reported, "onError receives an error that no client gets");
    site.clock.advance(1);
    assertStale(await site.get("/a"), "run 1");
    await stage.until(() => site.cache.stats().stored === 2, "the next refresh is stored");
    assert.equal((await site.get("/a")).text, "run 3");
  };
}
