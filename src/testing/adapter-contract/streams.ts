import assert from "node:assert/strict";
import type { Cache } from "../../index.ts";
import { BrokenResponse } from "./client.ts";
import { assertHit, assertMiss, ownMember } from "./outcome.ts";
import { bytes, cached, stream, text } from "./routes.ts";
import type { Gate, Scenarios } from "./stage.ts";

/** Streamed content, and content that breaks off (hazard 9). */
export const streams: Scenarios = {
  "a stream's first byte is not held back, and a stream that ends cleanly is stored": async (stage) => {
    const gate = stage.gate();
    const route = cached("/a", () => stream(() => inTwoParts(gate)));
    const { get, client, cache } = await stage.site([route]);
    const open = await client.open({ path: "/a" });
    assertMiss(open);
    assert.equal((await open.next())?.toString(), "one ");
    // The stream goes on only after its first part has arrived.
    gate.open();
    assert.equal((await open.next())?.toString(), "two");
    assert.equal(await open.next(), undefined);
    await stage.until(() => cache.stats().stored === 1, "the stream is stored");
    const hit = await get("/a");
    assertHit(hit);
    assert.equal(hit.text, "one two");
    assert.equal(hit.header("content-length"), "7");
    assert.match(hit.header("etag") ?? "", /^"[^"]+"$/);
    assert.equal(route.seen.length, 1);
  },

  "a stream's chunks are copied, so that their buffer may be reused": async (stage) => {
    const parts = async function* (): AsyncGenerator<Uint8Array> {
      const buffer = bytes("aa");
      yield buffer.slice();
      const reused = bytes("bb");
      yield reused;
      reused.fill(0x78);
    };
    const { get, cache } = await stage.site([cached("/a", () => stream(parts))]);
    await get("/a");
    await stage.until(() => cache.stats().stored === 1, "the stream is stored");
    assert.equal((await get("/a")).text, "aabb");
  },

  "a large binary stream is replayed byte for byte": async (stage) => {
    const whole = new Uint8Array(300_000).map((_, index) => (index * 11 + (index >> 7)) % 256);
    const parts = async function* (): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < whole.length; at += 50_000) yield whole.slice(at, at + 50_000);
    };
    const { get, cache } = await stage.site([cached("/a", () => stream(parts))]);
    assert.ok((await get("/a")).body.equals(whole), "the miss is byte for byte what the handler sent");
    await stage.until(() => cache.stats().stored === 1, "the stream is stored");
    const hit = await get("/a");
    assertHit(hit);
    assert.ok(hit.body.equals(whole), "the hit is byte for byte what the handler sent");
  },

  "an empty stream is stored as empty content": async (stage) => {
    const { get, cache } = await stage.site([cached("/a", () => stream(none))]);
    await get("/a");
    await stage.until(() => cache.stats().stored === 1, "the stream is stored");
    const hit = await get("/a");
    assertHit(hit);
    assert.equal(hit.body.byteLength, 0);
  },

  "a stream that fails midway breaks the connection and stores nothing": async (stage) => {
    const route = cached("/a", (_, run) => (run === 1 ? stream(broken) : text("whole")));
    const { get, cache, store } = await stage.site([route]);
    await assert.rejects(get("/a"), BrokenResponse);
    await stage.until(() => isAbandoned(cache), "the run is abandoned");
    assert.equal(store.count("set"), 0);
    const next = await get("/a");
    assertMiss(next);
    assert.equal(next.text, "whole");
  },

  "a stream shorter than its Content-Length is not stored": async (stage) => {
    const short = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes("short");
    };
    const route = cached("/a", (_, run) =>
      run === 1 ? stream(short, { "content-length": "50" }) : text("whole"),
    );
    const { get, store } = await stage.site([route]);
    await assert.rejects(get("/a"), BrokenResponse);
    const next = await get("/a");
    assert.equal(next.text, "whole");
    assert.equal(route.seen.length, 2);
    assert.equal(store.count("set"), 1);
  },

  "a stream larger than maxBodyBytes is served whole and not stored": async (stage) => {
    const parts = async function* (): AsyncGenerator<Uint8Array> {
      for (let count = 0; count < 10; count++) yield new Uint8Array(200).fill(0x61 + count);
    };
    const { get, cache, store } = await stage.site([
      cached("/a", () => stream(parts), { ttl: 60, maxBodyBytes: 1999 }),
    ]);
    assert.equal((await get("/a")).body.byteLength, 2000);
    await stage.until(() => cache.stats().refusals["too-large"] === 1, "the response is refused");
    assert.equal((await get("/a")).body.byteLength, 2000);
    assert.equal(store.count("set"), 0);
  },

  "a client that disconnects midway leaves nothing stored": async (stage) => {
    const gate = stage.gate();
    const route = cached("/a", (_, run) => (run === 1 ? stream(() => inTwoParts(gate)) : text("one two")));
    const { get, client, cache, store } = await stage.site([route]);
    const open = await client.open({ path: "/a" });
    await open.next();
    open.abort();
    await stage.until(() => isAbandoned(cache), "the server has noticed the disconnect");
    gate.open();
    const next = await get("/a");
    assertMiss(next);
    assert.equal(next.text, "one two");
    assertHit(await get("/a"));
    assert.equal(store.count("set"), 1);
  },

  "an event stream is sent as it comes and never stored": async (stage) => {
    const gate = stage.gate();
    const route = cached("/a", () => stream(() => inTwoParts(gate), { "content-type": "text/event-stream" }));
    const { get, client, store } = await stage.site([route]);
    const open = await client.open({ path: "/a" });
    assertMiss(open, { detail: "event-stream" });
    assert.equal((await open.next())?.toString(), "one ");
    gate.open();
    assert.equal((await open.next())?.toString(), "two");
    await get("/a");
    assert.equal(route.seen.length, 2);
    assert.equal(store.count("set"), 0);
  },

  "a stream that may not be stored is sent as it comes": async (stage) => {
    const gate = stage.gate();
    const route = cached("/a", () => stream(() => inTwoParts(gate), { "cache-control": "no-store" }));
    const { client, store } = await stage.site([route]);
    const open = await client.open({ path: "/a" });
    assert.equal((await open.next())?.toString(), "one ");
    gate.open();
    assert.equal((await open.next())?.toString(), "two");
    assert.equal(await open.next(), undefined);
    assert.equal(store.count("set"), 0);
  },

  "a handler that throws gives the framework's 5xx, and the next request runs it again": async (stage) => {
    const route = cached("/a", (_, run) => {
      if (run === 1) throw new Error("the handler fails, as it was told to");
      return text(`run ${run}`);
    });
    const { get, store } = await stage.site([route]);
    const failed = await get("/a");
    assert.ok(failed.status >= 500);
    assert.notEqual(failed.header("x-cache"), "HIT");
    assert.equal(store.count("set"), 0);
    const next = await get("/a");
    assertMiss(next);
    assert.equal(next.text, "run 2");
    assert.equal(ownMember(next).parameters.get("stored"), "?1");
  },
};

/** Some frameworks do not distinguish a disconnect from a failed stream. */
function isAbandoned(cache: Cache): boolean {
  const { aborted = 0, failed = 0 } = cache.stats().refusals;
  return aborted + failed === 1;
}

async function* inTwoParts(gate: Gate): AsyncGenerator<Uint8Array> {
  yield bytes("one ");
  await gate.opened;
  yield bytes("two");
}

async function* none(): AsyncGenerator<Uint8Array> {
  // No content.
}

async function* broken(): AsyncGenerator<Uint8Array> {
  yield bytes("one ");
  throw new Error("the stream breaks, as it was told to");
}
