import assert from "node:assert/strict";
import { assertHit, ownMember } from "./outcome.ts";
import { cached, inTwoParts, text } from "./routes.ts";
import type { Scenario, Scenarios } from "./stage.ts";

/** Concurrent requests for one resource (hazards 9, 10 and 22). */
export const flights: Scenarios = {
  "a crowd on a cold key runs the handler once": async (stage) => {
    const gate = stage.gate();
    const route = cached("/a", async (_, run) => {
      await gate.opened;
      return text(`run ${run}`);
    });
    const { get, store, cache } = await stage.site([route]);
    const crowd = Array.from({ length: 20 }, () => get("/a"));
    await stage.until(() => store.count("get") === 20, "all requests were looked up");
    gate.open();
    const answers = await Promise.all(crowd);
    assert.ok(answers.every((answer) => answer.status === 200 && answer.text === "run 1"));
    assert.equal(route.seen.length, 1);
    assert.equal(answers.filter((answer) => ownMember(answer).parameters.has("collapsed")).length, 19);
    assert.deepEqual([cache.stats().outcomes.miss, cache.stats().outcomes.collapsed], [1, 19]);
  },

  "each follower gets the response to its own request: 200, 206 or 304": async (stage) => {
    const gate = stage.gate();
    const route = cached("/a", async () => {
      await gate.opened;
      return text("whole", { etag: '"v1"' });
    });
    const { get, store } = await stage.site([route]);
    const leader = get("/a");
    await stage.until(() => store.count("get") === 1, "the leader runs");
    const followers = [get("/a", { "if-none-match": '"v1"' }), get("/a", { range: "bytes=0-1" }), get("/a")];
    await stage.until(() => store.count("get") === 4, "all requests wait");
    gate.open();
    assert.equal((await leader).text, "whole");
    const answers = await Promise.all(followers);
    assert.deepEqual(
      answers.map(({ status, text: body }) => [status, body]),
      [
        [304, ""],
        [206, "wh"],
        [200, "whole"],
      ],
    );
    assert.equal(route.seen.length, 1);
  },

  "followers of a leader that fails run the handler at once, side by side": async (stage) => {
    const gate = stage.gate();
    const together = stage.barrier(4);
    const route = cached("/a", async (_, run) => {
      if (run > 1) {
        await together();
        return text(`run ${run}`);
      }
      await gate.opened;
      throw new Error("the leader fails, as it was told to");
    });
    const { get, store } = await stage.site([route]);
    const crowd = Array.from({ length: 5 }, () => get("/a"));
    await stage.until(() => store.count("get") === 5, "all requests were looked up");
    gate.open();
    const statuses = (await Promise.all(crowd)).map(({ status }) => status).toSorted((a, b) => a - b);
    assert.deepEqual(statuses.slice(0, 4), [200, 200, 200, 200]);
    assert.ok((statuses[4] ?? 0) >= 500);
  },

  "a no-store response is not shared, and no request queues behind it": runsAtOnce({
    "cache-control": "no-store",
  }),
  "a private response is not shared, and no request queues behind it": runsAtOnce({
    "cache-control": "private",
  }),
  "a response with Set-Cookie is not shared, and no request queues behind it": runsAtOnce({
    "set-cookie": "sid=1",
  }),

  "a follower that the response's Vary tells apart does not get it": async (stage) => {
    const gate = stage.gate();
    const route = cached("/a", async (request, run) => {
      if (run === 1) await gate.opened;
      return text(`hello ${request.header("accept-language")}`, { vary: "accept-language" });
    });
    const { get, store } = await stage.site([route]);
    const leader = get("/a", { "accept-language": "fr" });
    await stage.until(() => store.count("get") === 1, "the leader runs");
    const followers = [get("/a", { "accept-language": "de" }), get("/a", { "accept-language": "fr" })];
    await stage.until(() => store.count("get") === 3, "all requests wait");
    gate.open();
    const answers = await Promise.all([leader, ...followers]);
    assert.deepEqual(
      answers.map((answer) => answer.text),
      ["hello fr", "hello de", "hello fr"],
    );
    assert.equal(route.seen.length, 2);
  },

  "a request with credentials waits for no other run": async (stage) => {
    const together = stage.barrier(3);
    const route = cached("/a", async (_, run) => {
      await together();
      return text(`run ${run}`);
    });
    const { get } = await stage.site([route]);
    const answers = await Promise.all([1, 2, 3].map((id) => get("/a", { cookie: `sid=${id}` })));
    assert.deepEqual(answers.map((answer) => answer.text).toSorted(), ["run 1", "run 2", "run 3"]);
  },

  "a run that began before a purge is not stored after it": async (stage) => {
    const gate = stage.gate();
    const route = cached(
      "/a",
      async (_, run) => {
        if (run === 1) await gate.opened;
        return text(`run ${run}`);
      },
      { ttl: 60, key: () => "one" },
    );
    const { get, cache, store } = await stage.site([route]);
    const early = get("/a");
    await stage.until(() => store.count("get") === 1, "the handler runs");
    await cache.invalidate("one");
    // A request after the purge does not wait for a run from before it.
    assert.equal((await get("/a")).text, "run 2");
    gate.open();
    assert.equal((await early).text, "run 1");
    const hit = await get("/a");
    assertHit(hit);
    assert.equal(hit.text, "run 2");
  },

  "a stream that was under way during a clear is not stored": async (stage) => {
    const gate = stage.gate();
    const { client, cache, store } = await stage.site([cached("/a", () => inTwoParts(gate, "old ", "data"))]);
    const open = await client.open({ path: "/a" });
    await open.next();
    await cache.clear();
    gate.open();
    assert.equal((await open.next())?.toString(), "data");
    await stage.until(() => cache.stats().refusals.purged === 1, "the response is refused");
    assert.equal(store.count("set"), 0);
  },
};

/** The response of the leader cannot be shared, so the rest of the crowd run the handler at the same time. */
function runsAtOnce(headers: Readonly<Record<string, string>>): Scenario {
  return async (stage) => {
    const gate = stage.gate();
    const [rest, next] = [stage.barrier(5), stage.barrier(6)];
    const route = cached("/a", async (_, run) => {
      if (run === 1) await gate.opened;
      else await (run <= 6 ? rest() : next());
      return text(`run ${run}`, headers);
    });
    const { get, store } = await stage.site([route]);
    const crowd = Array.from({ length: 6 }, () => get("/a"));
    await stage.until(() => store.count("get") === 6, "all requests were looked up");
    gate.open();
    const answers = await Promise.all(crowd);
    assert.equal(new Set(answers.map((answer) => answer.text)).size, 6, "each request gets its own response");
    // The resource is hit-for-miss now: the next crowd does not even wait for its first.
    const later = await Promise.all(Array.from({ length: 6 }, () => get("/a")));
    assert.equal(new Set(later.map((answer) => answer.text)).size, 6);
    assert.equal(store.count("set"), 0);
  };
}
