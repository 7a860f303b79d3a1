import assert from "node:assert/strict";
import { BrokenResponse } from "./client.ts";
import { assertHit, assertMiss, ownMember } from "./outcome.ts";
import { bytes, cached, stream, text } from "./routes.ts";
import { assertNext, restOf, sourceOf } from "./source.ts";
import type { Scenario, Scenarios, Site } from "./stage.ts";

/** A response that is sent to several clients while its handler still produces it (hazards 9 and 10). */
export const followers: Scenarios = {
  "a request that finds a stream under way follows it from its first byte": async (stage) => {
    const source = sourceOf(stage, ["one ", "two ", "three"]);
    const route = cached("/a", () => stream(() => source.parts()));
    const { get, client, cache } = await stage.site([route]);
    source.letGo(1);
    const leader = await client.open({ path: "/a" });
    await assertNext(leader, "one ", "the leader");
    const [second, third] = [await client.open({ path: "/a" }), await client.open({ path: "/a" })];
    await assertNext(second, "one ", "the second");
    await assertNext(third, "one ", "the third");
    assert.ok(ownMember(second).parameters.has("collapsed"), "a follower's Cache-Status has collapsed");
    assert.equal(second.header("content-type"), "text/plain; charset=utf-8");
    source.letGo(2);
    for (const answer of [leader, second, third]) await assertNext(answer, "two ", "each reader");
    source.finish();
    for (const answer of [leader, second, third]) {
      await assertNext(answer, "three", "each reader");
      await assertNext(answer, undefined, "each reader");
    }
    const hit = await get("/a");
    assertHit(hit);
    assert.equal(hit.text, "one two three");
    assert.equal(route.seen.length, 1, "the handler ran once");
    assert.deepEqual([cache.stats().outcomes.miss, cache.stats().outcomes.collapsed], [1, 2]);
  },

  "a request that waits for a stream's head follows it": async (stage) => {
    const gate = stage.gate();
    const source = sourceOf(stage, ["one ", "two"]);
    const route = cached("/a", async () => {
      await gate.opened;
      return stream(() => source.parts(), { "content-length": "7" });
    });
    const { client, store } = await stage.site([route]);
    const crowd = Array.from({ length: 5 }, () => client.open({ path: "/a" }));
    await stage.until(() => store.count("get") === 5, "all requests were looked up");
    gate.open();
    source.letGo(1);
    const answers = await Promise.all(crowd);
    for (const answer of answers) await assertNext(answer, "one ", "each of the crowd");
    assert.deepEqual(
      answers.map((answer) => answer.header("content-length")),
      answers.map(() => "7"),
      "each gets the handler's Content-Length",
    );
    source.finish();
    for (const answer of answers) assert.equal((await restOf(answer)).toString(), "two");
    assert.equal(route.seen.length, 1, "the handler ran once");
  },

  "a follower whose condition holds gets 304 while the stream is under way": async (stage) => {
    const source = sourceOf(stage, ["one ", "two"]);
    const route = cached("/a", () => stream(() => source.parts(), { etag: '"v1"' }));
    const { get, client } = await stage.site([route]);
    source.letGo(1);
    const leader = await client.open({ path: "/a" });
    await assertNext(leader, "one ", "the leader");
    const answer = await get("/a", { "if-none-match": '"v1"' });
    assert.deepEqual([answer.status, answer.body.byteLength], [304, 0]);
    assert.equal(answer.header("etag"), '"v1"');
    source.finish();
    assert.equal((await restOf(leader)).toString(), "two");
    assert.equal(route.seen.length, 1, "the handler ran once");
  },

  "a follower passes the guard first": async (stage) => {
    const source = sourceOf(stage, ["secret ", "too"]);
    const guard = { place: "before" as const };
    const route = cached("/a", () => stream(() => source.parts()), { ttl: 60 }, { guard });
    const { get, client } = await stage.site([route]);
    const headers = { "x-key": "k" };
    source.letGo(1);
    const [leader, follower] = [
      await client.open({ path: "/a", headers }),
      await client.open({ path: "/a", headers }),
    ];
    assert.equal((await get("/a")).status, 401, "a request that the guard refuses does not follow");
    source.finish();
    assert.equal((await restOf(leader)).toString(), "secret too");
    assert.equal((await restOf(follower)).toString(), "secret too");
    assert.equal(route.seen.length, 1, "the handler ran once");
  },

  "a stream that breaks midway breaks each follower's connection, and stores nothing": async (stage) => {
    const [begun, fails] = [stage.gate(), stage.gate()];
    const source = sourceOf(stage, ["one "]);
    const parts = async function* (): AsyncGenerator<Uint8Array> {
      yield (await source.parts().next()).value as Uint8Array;
      begun.open();
      await fails.opened;
      throw new Error("the stream breaks, as it was told to");
    };
    const route = cached("/a", (_, run) => (run === 1 ? stream(parts) : text(`run ${run}`)));
    const { get, client, store } = await stage.site([route]);
    source.letGo(1);
    const readers = [
      await client.open({ path: "/a" }),
      await client.open({ path: "/a" }),
      await client.open({ path: "/a" }),
    ];
    for (const reader of readers) await assertNext(reader, "one ", "each reader");
    await begun.opened;
    fails.open();
    for (const reader of readers)
      await assert.rejects(
        reader.next(),
        BrokenResponse,
        "a broken stream does not end cleanly for any reader",
      );
    assert.equal(store.count("set"), 0, "nothing is stored");
    const next = await get("/a");
    assertMiss(next);
    assert.equal(next.text, "run 2");
  },

  "a stream that breaks midway resets the connection of an HTTP/1.0 client": async (stage) => {
    const fails = stage.gate();
    const parts = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes("one ");
      await fails.opened;
      throw new Error("the stream breaks, as it was told to");
    };
    const route = cached("/a", () => stream(parts));
    const { client, store } = await stage.site([route]);
    const ask = "GET /a HTTP/1.0\r\nHost: a.test\r\n\r\n";
    const readers = [0, 1, 2].map(() => client.rawBegun(ask, "one "));
    await Promise.all(readers.map(({ begun }) => begun));
    const ends = Promise.allSettled(readers.map(({ whole }) => whole));
    fails.open();
    for (const end of await ends)
      assert.ok(
        end.status === "rejected" && end.reason instanceof BrokenResponse,
        "a broken stream does not end cleanly for any reader",
      );
    assert.equal(route.seen.length, 1, "the handler ran once");
    assert.equal(store.count("set"), 0, "nothing is stored");
  },

  "requests that waited for a stream that may not be shared run the handler while it is under way": async (
    stage,
  ) => {
    const gate = stage.gate();
    const together = stage.barrier(3);
    const source = sourceOf(stage, ["one ", "two"]);
    const route = cached("/a", async (_, run) => {
      if (run > 1) {
        await together();
        return text(`run ${run}`, { "cache-control": "private" });
      }
      await gate.opened;
      return stream(() => source.parts(), { "cache-control": "private" });
    });
    const { get, client, store } = await stage.site([route]);
    const leader = client.open({ path: "/a" });
    await stage.until(() => route.seen.length === 1, "the leader runs");
    const waiting = [get("/a"), get("/a"), get("/a")];
    await stage.until(() => store.count("get") === 4, "the followers wait");
    gate.open();
    source.letGo(1);
    const open = await leader;
    await assertNext(open, "one ", "the leader");
    const answers = await Promise.all(waiting);
    assert.deepEqual(answers.map((answer) => answer.text).toSorted(), ["run 2", "run 3", "run 4"]);
    source.finish();
    assert.equal((await restOf(open)).toString(), "two");
    assert.equal(store.count("set"), 0);
  },

  "a stream whose key is purged midway is neither stored nor followed": purged((cache) =>
    cache.invalidate("one"),
  ),
  "a stream whose tag is purged midway is neither stored nor followed": purged((cache) =>
    cache.invalidate({ tag: "t" }),
  ),
};

function purged(purge: (cache: Site["cache"]) => unknown): Scenario {
  return async (stage) => {
    const source = sourceOf(stage, ["old ", "data"]);
    const route = cached("/a", (_, run) => (run === 1 ? stream(() => source.parts()) : text(`run ${run}`)), {
      ttl: 60,
      key: () => "one",
      tags: ["t"],
    });
    const { get, client, cache } = await stage.site([route]);
    source.letGo(1);
    const early = [await client.open({ path: "/a" }), await client.open({ path: "/a" })];
    for (const reader of early) await assertNext(reader, "old ", "a reader from before the purge");
    await purge(cache);
    assert.equal((await get("/a")).text, "run 2", "a request after the purge does not follow");
    source.finish();
    for (const reader of early)
      assert.equal((await restOf(reader)).toString(), "data", "a reader from before the purge gets the rest");
    await stage.until(() => cache.stats().refusals.purged === 1, "the response is refused");
    assert.equal((await get("/a")).text, "run 2", "nothing from before the purge is served");
  };
}
