import assert from "node:assert/strict";
import type { ContractResponse } from "../adapter-harness.ts";
import { assertHit } from "./outcome.ts";
import { cached, plain, stream, text } from "./routes.ts";
import type { WatchedRoute } from "./routes.ts";
import { assertNext, hasSeen, restOf, sourceOf } from "./source.ts";
import type { Source } from "./source.ts";
import type { Scenario, Scenarios } from "./stage.ts";

const TEXTS = ["one ", "two ", "three"];
const WHOLE = TEXTS.join("");
const other = plain("/other", text("other"));

/** Clients that disconnect from a response that others wait for or read (hazard 9). */
export const disconnects: Scenarios = {
  "a leader whose client disconnects before the head goes on for its followers": disconnectsBeforeHead(() =>
    text(WHOLE),
  ),
  "a leader whose client disconnects before the head of a stream goes on for its followers":
    disconnectsBeforeHead((source) => {
      source.finish();
      return stream(() => source.parts());
    }),
  "a leader whose client disconnects after the head goes on for its followers": disconnectsAfter(0),
  "a leader whose client disconnects midway goes on for its followers": disconnectsAfter(1),
  "a leader whose client disconnects after the last byte goes on for its followers": disconnectsAfter(3),

  "a follower that disconnects does not affect the other readers": async (stage) => {
    const source = sourceOf(stage, TEXTS);
    const route = cached("/a", () => stream(() => source.parts()));
    const site = await stage.site([route, other]);
    const { get, client } = site;
    source.letGo(1);
    const [leader, leaving, staying] = [
      await client.open({ path: "/a" }),
      await client.open({ path: "/a" }),
      await client.open({ path: "/a" }),
    ];
    for (const answer of [leader, leaving, staying]) await assertNext(answer, "one ", "each reader");
    leaving.abort();
    await hasSeen(site, "/other");
    source.finish();
    assert.equal((await restOf(leader)).toString(), "two three");
    assert.equal((await restOf(staying)).toString(), "two three");
    assertHit(await get("/a"));
    assert.equal(route.seen.length, 1, "the handler ran once");
  },

  "a stream is not stored once all its readers have disconnected": async (stage) => {
    const source = sourceOf(stage, TEXTS);
    const route = cached("/a", (_, run) => (run === 1 ? stream(() => source.parts()) : text(`run ${run}`)));
    const { get, client, cache, store } = await stage.site([route]);
    source.letGo(1);
    const [leader, follower] = [await client.open({ path: "/a" }), await client.open({ path: "/a" })];
    for (const answer of [leader, follower]) await assertNext(answer, "one ", "each reader");
    leader.abort();
    follower.abort();
    await stage.until(() => {
      const { aborted = 0, failed = 0 } = cache.stats().refusals;
      return aborted + failed > 0;
    }, "the run is abandoned because nobody reads it");
    await stage.until(() => isTold(route), "the handler is told of the disconnect");
    assert.equal((await get("/a")).text, "run 2", "the next request does not follow an abandoned run");
    source.finish();
    const hit = await get("/a");
    assertHit(hit);
    assert.equal(hit.text, "run 2");
    assert.equal(store.count("set"), 1);
  },

  "a leader whose client disconnects without followers leaves the next request to run the handler": async (
    stage,
  ) => {
    const gate = stage.gate();
    const route = cached("/a", async (_, run) => {
      if (run === 1) await gate.opened;
      return text(`run ${run}`);
    });
    const site = await stage.site([route, other]);
    const { get, client, cache } = site;
    const leader = client.start({ path: "/a" });
    await stage.until(() => route.seen.length === 1, "the leader runs");
    leader.destroy();
    await stage.until(() => cache.stats().refusals.aborted === 1, "the server has noticed the disconnect");
    await stage.until(() => isTold(route), "the handler is told of the disconnect");
    assert.equal((await get("/a")).text, "run 2", "the next request does not wait for a disconnected leader");
    gate.open();
    await hasSeen(site, "/other");
    assert.equal((await get("/a")).text, "run 2");
  },
};

function disconnectsBeforeHead(answering: (source: Source) => ContractResponse): Scenario {
  return async (stage) => {
    const gate = stage.gate();
    const source = sourceOf(stage, TEXTS);
    const route = cached("/a", async () => {
      await gate.opened;
      return answering(source);
    });
    const site = await stage.site([route, other]);
    const { get, client, store } = site;
    const leader = client.start({ path: "/a" });
    await stage.until(() => route.seen.length === 1, "the leader runs");
    const crowd = Array.from({ length: 5 }, () => get("/a"));
    await stage.until(() => store.count("get") === 6, "the followers wait");
    leader.destroy();
    await hasSeen(site, "/other");
    assertNotTold(route);
    gate.open();
    const answers = await Promise.all(crowd);
    assert.deepEqual(
      answers.map((answer) => [answer.status, answer.text]),
      answers.map(() => [200, WHOLE]),
      "the followers get the whole response",
    );
    const hit = await get("/a");
    assertHit(hit);
    assert.equal(hit.text, WHOLE);
    assert.equal(route.seen.length, 1, "the handler ran once although its client disconnected");
  };
}

/** The leader disconnects after `count` parts. */
function disconnectsAfter(count: number): Scenario {
  return async (stage) => {
    const source = sourceOf(stage, TEXTS);
    const route = cached("/a", () => stream(() => source.parts()));
    const site = await stage.site([route, other]);
    const { get, client } = site;
    // Some frameworks send the head together with the first part.
    source.letGo(Math.max(count, 1));
    const leader = await client.open({ path: "/a" });
    const crowd = await Promise.all(Array.from({ length: 5 }, () => client.open({ path: "/a" })));
    for (let read = 0; read < TEXTS.slice(0, count).join("").length;)
      read += (await leader.next())?.byteLength ?? Infinity;
    leader.abort();
    await hasSeen(site, "/other");
    assertNotTold(route);
    source.finish();
    const bodies = await Promise.all(crowd.map(async (answer) => (await restOf(answer)).toString()));
    assert.deepEqual(
      bodies,
      bodies.map(() => WHOLE),
      "the followers get the whole response",
    );
    const hit = await get("/a");
    assertHit(hit);
    assert.equal(hit.text, WHOLE);
    assert.equal(route.seen.length, 1, "the handler ran once although its client disconnected");
  };
}

/** A handler that stops on a disconnect would break the responses of its followers. */
function assertNotTold({ seen }: WatchedRoute): void {
  assert.notEqual(seen[0]?.signal?.aborted, true, "the handler is not told of the disconnect");
}

/** Whether the first run was told of the disconnect, or cannot be told. */
function isTold({ seen }: WatchedRoute): boolean {
  return seen[0]?.signal?.aborted !== false;
}
