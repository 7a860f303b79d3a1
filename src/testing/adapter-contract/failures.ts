import assert from "node:assert/strict";
import { memoryStore } from "../../index.ts";
import type { ChaosMode } from "../chaos-store.ts";
import { corruptions } from "../corruptions.ts";
import { assertHit, assertMiss, ownMember } from "./outcome.ts";
import { cached, text } from "./routes.ts";
import type { Scenario, Scenarios } from "./stage.ts";

/** Stores that fail, are slow or return corrupt entries (law 2; hazards 19, 23 and 24). */
export const failures: Scenarios = {
  "a handler error has its reason in Cache-Status and is reported once": async (stage) => {
    const reports: string[] = [];
    const reporter = ({ reason }: { readonly reason: string }): void => void reports.push(reason);
    const route = cached("/a", () => {
      throw new Error("the handler fails, as it was told to");
    });
    const { get, cache } = await stage.site([route], { reporter });
    for (const answer of [await get("/a"), await get("/a")]) {
      assert.ok(answer.status >= 500, "the framework sends an error");
      assertMiss(answer, { detail: "failed" });
    }
    assert.deepEqual([reports, cache.stats().refusals], [["failed"], { failed: 2 }]);
  },

  "a store that throws fails no request": survives("throw"),
  "a store that rejects fails no request": survives("reject"),
  "a store that loses what is written fails no request": async (stage) => {
    const { get, store } = await stage.site([cached("/a")]);
    store.mode = "lose";
    assertMiss(await get("/a"));
    assert.equal((await get("/a")).text, "run 2");
    store.mode = "calm";
    await get("/a");
    assertHit(await get("/a"));
  },

  "a store whose get never returns holds a request no longer than storeTimeout": async (stage) => {
    const { get, store, clock, errors } = await stage.site([cached("/a")], { storeTimeout: 0.25 });
    await get("/a");
    store.mode = "hang";
    store.only = ["get"];
    const request = get("/a");
    await stage.until(() => store.count("get") === 2, "the store is called");
    clock.advance(0.25);
    const answer = await request;
    assertMiss(answer);
    assert.equal(answer.text, "run 2");
    assert.equal(errors.length, 1);
  },

  "a store whose set never returns holds no request": async (stage) => {
    const { get, store, clock, errors } = await stage.site([cached("/a")], { storeTimeout: 0.25 });
    store.mode = "hang";
    store.only = ["set"];
    assert.equal((await get("/a")).text, "run 1");
    clock.advance(0.25);
    await stage.until(() => errors.length === 1, "the failure is reported");
    store.mode = "calm";
    assert.equal((await get("/a")).text, "run 2");
    assertHit(await get("/a"));
  },

  "a slow store that returns within storeTimeout gives a hit": async (stage) => {
    const { get, store, clock } = await stage.site([cached("/a")], { storeTimeout: 0.25 });
    await get("/a");
    store.mode = "slow";
    store.delayMs = 200;
    const request = get("/a");
    await stage.until(() => clock.pending > 0 && store.count("get") === 2, "the store is called");
    clock.advance(0.2);
    const hit = await request;
    assertHit(hit);
    assert.equal(hit.text, "run 1");
  },

  "a crowd on a broken store runs the handler once": async (stage) => {
    const gate = stage.gate();
    const route = cached("/a", async (_, run) => {
      await gate.opened;
      return text(`run ${run}`);
    });
    const { get, store } = await stage.site([route]);
    store.mode = "reject";
    const crowd = Array.from({ length: 5 }, () => get("/a"));
    await stage.until(() => store.count("get") === 5, "all requests were looked up");
    // One turn more than the rejections need, so that all requests wait for the first.
    await stage.until(() => route.seen.length === 1, "the first runs");
    gate.open();
    const answers = await Promise.all(crowd);
    assert.ok(answers.every((answer) => answer.text === "run 1"));
  },

  'a response that the store does not keep is served without "stored" in Cache-Status': async (stage) => {
    const store = memoryStore({ maxBytes: 10_000 });
    const { get, cache } = await stage.site([cached("/a", text("x".repeat(20_000)))], { store });
    const answers = [await get("/a"), await get("/a")];
    for (const answer of answers) {
      assertMiss(answer, { detail: "not-kept" });
      assert.ok(!ownMember(answer).parameters.has("stored"), "Cache-Status has no stored");
      assert.equal(answer.text.length, 20_000);
    }
    assert.equal(cache.stats().stored, 0);
  },

  'a response whose write fails is served without "stored" in Cache-Status': async (stage) => {
    const { get, store } = await stage.site([cached("/a")]);
    store.mode = "throw";
    store.only = ["set"];
    const answer = await get("/a");
    assertMiss(answer);
    assert.ok(!ownMember(answer).parameters.has("stored"), "Cache-Status has no stored");
  },

  "a purge of a failing store returns a result and does not throw": async (stage) => {
    const { cache, store, errors } = stage.cache();
    store.mode = "reject";
    assert.deepEqual(await cache.invalidate("one"), { everywhere: true });
    assert.deepEqual(await cache.clear(), { everywhere: true });
    assert.equal(errors.length, 2);
  },

  ...Object.fromEntries(
    Object.entries(corruptions).map(([name, corruption]): [string, Scenario] => [
      `a corrupt entry is a miss: ${name}`,
      async (stage) => {
        const { get, store, errors } = await stage.site([cached("/a")]);
        await get("/a");
        store.mode = "corrupt";
        store.corruption = corruption;
        const answer = await get("/a");
        assert.equal(answer.header("x-cache"), "MISS");
        assert.deepEqual([answer.status, answer.text], [200, "run 2"]);
        assert.deepEqual([answer.header("x-forged"), answer.lines("set-cookie")], [undefined, []]);
        assert.equal(errors.length, 1, "onError receives it");
        store.mode = "calm";
        assertHit(await get("/a"));
      },
    ]),
  ),
};

function survives(mode: ChaosMode): Scenario {
  return async (stage) => {
    const route = cached("/a");
    const { get, store, errors, cache } = await stage.site([route]);
    store.mode = mode;
    const answers = [await get("/a"), await get("/a")];
    assert.deepEqual(
      answers.map((answer) => [answer.status, answer.text, answer.header("x-cache")]),
      [
        [200, "run 1", "MISS"],
        [200, "run 2", "MISS"],
      ],
    );
    assert.equal(errors.length, 4, "onError receives each read and each write");
    assert.equal(cache.stats().storeErrors, 4);
    store.mode = "calm";
    await get("/a");
    assertHit(await get("/a"));
  };
}
