import assert from "node:assert/strict";
import { assertHit, assertMiss } from "./outcome.ts";
import { cached, text } from "./routes.ts";
import type { Scenarios } from "./stage.ts";

/** Content is stored and replayed byte for byte (hazard 11). */
export const contents: Scenarios = {
  "binary content is replayed byte for byte": async (stage) => {
    const body = new Uint8Array(100_000).map((_, index) => (index * 7 + (index >> 8)) % 256);
    const { get } = await stage.site([cached("/a", { headers: { "content-type": "image/png" }, body })]);
    const [miss, hit] = [await get("/a"), await get("/a")];
    assertHit(hit);
    assert.equal(hit.header("content-type"), "image/png");
    assert.equal(hit.header("content-length"), "100000");
    assert.ok(miss.body.equals(body), "the miss is byte for byte what the handler sent");
    assert.ok(hit.body.equals(body), "the hit is byte for byte what the handler sent");
  },

  "non-ASCII text is replayed unchanged": async (stage) => {
    const { get } = await stage.site([cached("/a", text("naïve \u{1F980} \u0000 text"))]);
    const [miss, hit] = [await get("/a"), await get("/a")];
    assertHit(hit);
    assert.deepEqual([miss.text, hit.text], ["naïve \u{1F980} \u0000 text", "naïve \u{1F980} \u0000 text"]);
    assert.equal(hit.header("content-length"), String(Buffer.byteLength(miss.text)));
  },

  "an object is replayed as the JSON that the framework made": async (stage) => {
    const { get } = await stage.site([cached("/a", { body: { list: [1, "two", null], text: "é" } })]);
    const [miss, hit] = [await get("/a"), await get("/a")];
    assertHit(hit);
    assert.match(hit.header("content-type") ?? "", /^application\/json/);
    assert.equal(hit.header("content-type"), miss.header("content-type"));
    assert.deepEqual(JSON.parse(hit.text), { list: [1, "two", null], text: "é" });
    assert.equal(hit.text, miss.text);
  },

  "a response with empty content is stored and replayed": async (stage) => {
    const { get } = await stage.site([cached("/a", text(""))]);
    const miss = await get("/a");
    const hit = await get("/a");
    assertMiss(miss);
    assertHit(hit);
    assert.deepEqual([hit.status, hit.body.byteLength, hit.header("content-length")], [200, 0, "0"]);
    assert.equal(hit.header("etag"), miss.header("etag"));
  },

  "content of maxBodyBytes is stored, and larger content is served whole and not stored": async (stage) => {
    const options = { ttl: 60, maxBodyBytes: 1000 };
    const routes = [
      cached("/fits", text("x".repeat(1000)), options),
      cached("/large", text("x".repeat(1001)), options),
    ];
    const { get } = await stage.site(routes);
    await get("/fits");
    assertHit(await get("/fits"));
    const large = await get("/large");
    assert.equal(large.body.byteLength, 1001);
    assertMiss(large, { detail: "too-large" });
    assert.equal((await get("/large")).body.byteLength, 1001);
    assert.equal(routes[1]?.seen.length, 2);
  },

  "a response that is not stored keeps its own fields and has no Age": async (stage) => {
    const { get } = await stage.site([
      cached("/a", text("a", { "cache-control": "no-store", "x-own": "1" })),
    ]);
    const answer = await get("/a");
    assert.deepEqual([answer.header("x-own"), answer.header("cache-control")], ["1", "no-store"]);
    assert.equal(answer.header("age"), undefined);
  },
};
