import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { BrokenResponse } from "./client.ts";
import { cached, plain, stream, text } from "./routes.ts";
import { assertNext, hasSeen, restOf, sourceOf } from "./source.ts";
import type { Scenarios } from "./stage.ts";

const other = plain("/other", text("other"));

/** Clients that read a stream at different paces, and streams too large to buffer. */
export const backpressure: Scenarios = {
  "a follower that does not read holds no other client back, and gets every byte": async (stage) => {
    const whole = patterned(6_000_000);
    const gate = stage.gate();
    const parts = async function* (): AsyncGenerator<Uint8Array> {
      yield whole.subarray(0, 10);
      await gate.opened;
      yield* slices(whole, 60_000, 10);
    };
    const route = cached("/a", () => stream(parts), { ttl: 60, maxBodyBytes: 8_000_000 });
    const { client, cache } = await stage.site([route]);
    const leader = await client.open({ path: "/a" });
    const slow = await client.open({ path: "/a" });
    const quick = await client.open({ path: "/a" });
    gate.open();
    assert.ok((await restOf(leader)).equals(whole), "the leader gets every byte");
    assert.ok((await restOf(quick)).equals(whole), "the client that reads gets every byte");
    await stage.until(
      () => cache.stats().stored === 1,
      "the stream is stored although one client does not read",
    );
    assert.ok((await restOf(slow)).equals(whole), "the client that reads late gets every byte");
    assert.equal(route.seen.length, 1, "the handler ran once");
  },

  "a leader that does not read a followed stream too large to buffer is disconnected after maxWait": async (
    stage,
  ) => {
    const whole = patterned(24_000_000);
    const gate = stage.gate();
    const parts = async function* (): AsyncGenerator<Uint8Array> {
      yield whole.subarray(0, 10);
      await gate.opened;
      for (const part of slices(whole, 60_000, 10)) {
        // Like a real source, it leaves readers a turn of the event loop.
        await turn();
        yield part;
      }
    };
    // Twice this is more than the buffers of the leader's connection hold, so the other client cannot fall so far behind.
    const route = cached("/a", () => stream(parts), { ttl: 60, maxBodyBytes: 6_000_000, maxWait: 10 });
    const { client, clock, store } = await stage.site([route]);
    const leader = await client.open({ path: "/a" });
    const quick = await client.open({ path: "/a" });
    gate.open();
    let body: Buffer | undefined;
    const read = restOf(quick).then((all) => (body = all));
    await stage.until(() => {
      clock.advance(1);
      return body !== undefined;
    }, "the client that reads gets everything although the leader does not read");
    assert.ok((await read).equals(whole), "the client that reads gets every byte");
    await assert.rejects(restOf(leader), BrokenResponse, "the leader's connection breaks");
    assert.equal(store.count("set"), 0, "nothing is stored");
    assert.equal(route.seen.length, 1, "the handler ran once");
  },

  "a crowd gets every byte of a stream that comes at once and is too large to buffer": async (stage) => {
    // Too large to keep whole, and small enough for a machine on which one client runs ahead by all of it.
    const whole = patterned(1_900_000);
    const gate = stage.gate();
    const parts = async function* (): AsyncGenerator<Uint8Array> {
      yield* slices(whole, 50_000);
    };
    const route = cached(
      "/a",
      async () => {
        await gate.opened;
        return stream(parts);
      },
      { ttl: 60, maxBodyBytes: 1_000_000 },
    );
    const site = await stage.site([route, other]);
    const { get, store } = site;
    const crowd = Array.from({ length: 10 }, () => get("/a"));
    await stage.until(() => store.count("get") === 10, "all have looked it up");
    await hasSeen(site, "/other");
    gate.open();
    for (const { body } of await Promise.all(crowd))
      assert.ok(body.equals(whole), "each client gets every byte");
  },

  "a request that finds a stream past maxBodyBytes runs the handler": async (stage) => {
    const source = sourceOf(stage, ["12345", "67890", "end"]);
    const route = cached("/a", (_, run) => (run === 1 ? stream(() => source.parts()) : text(`run ${run}`)), {
      ttl: 60,
      maxBodyBytes: 9,
    });
    const site = await stage.site([route, other]);
    const { get, client } = site;
    source.letGo(1);
    const [leader, early] = [await client.open({ path: "/a" }), await client.open({ path: "/a" })];
    await assertNext(leader, "12345", "the leader");
    await assertNext(early, "12345", "the early follower");
    source.letGo(2);
    await assertNext(leader, "67890", "the leader");
    await hasSeen(site, "/other");
    assert.equal((await get("/a")).text, "run 2");
    source.finish();
    assert.equal((await restOf(leader)).toString(), "end");
    assert.equal((await restOf(early)).toString(), "67890end", "the early follower gets the rest");
  },
};

/** Bytes in a pattern that reveals a missing or misplaced part. */
function patterned(bytes: number): Uint8Array {
  return Buffer.alloc(bytes).map((_, index) => (index * 7 + (index >> 9)) % 256);
}

/** `whole` from `from` on, in parts of `bytes`. */
function* slices(whole: Uint8Array, bytes: number, from = 0): Generator<Uint8Array> {
  for (let at = from; at < whole.length; at += bytes) yield whole.subarray(at, at + bytes);
}
