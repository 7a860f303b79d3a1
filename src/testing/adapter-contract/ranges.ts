import assert from "node:assert/strict";
import { assertHit, assertMiss } from "./outcome.ts";
import { cached, text } from "./routes.ts";
import type { Scenario, Scenarios } from "./stage.ts";

const DIGITS = text("0123456789", { etag: '"v1"', "last-modified": "Thu, 01 Jan 2015 00:00:00 GMT" });

/** Ranges of a whole 200 (RFC 9110 §14). */
export const ranges: Scenarios = {
  "a range with a first and a last byte gives that part": part("bytes=2-4", "234", "bytes 2-4/10"),
  "a range without a last byte gives the rest": part("bytes=7-", "789", "bytes 7-9/10"),
  "a suffix range gives the last bytes": part("bytes=-3", "789", "bytes 7-9/10"),
  "a range past the end is cut at the end": part("bytes=8-99", "89", "bytes 8-9/10"),
  "a malformed range is ignored": whole({ range: "bytes=4-2" }),
  "a range in another unit is ignored": whole({ range: "lines=1-2" }),

  "a range that begins past the end gives 416 with the length": async (stage) => {
    const { get } = await stage.site([cached("/a", DIGITS)]);
    await get("/a");
    const answer = await get("/a", { range: "bytes=10-" });
    assertHit(answer);
    assert.deepEqual([answer.status, answer.body.byteLength], [416, 0]);
    assert.equal(answer.header("content-range"), "bytes */10");
    assert.equal((await get("/a")).text, "0123456789");
  },

  "a 206 has no field that describes the whole response": async (stage) => {
    const digests = ["content-digest", "repr-digest", "digest", "content-md5"];
    const headers = Object.fromEntries(digests.map((name) => [name, "sha-256=:AAAA:"]));
    const { get } = await stage.site([cached("/a", text("0123456789".repeat(99), headers))]);
    const first = await get("/a", { range: "bytes=0-1" });
    const parts = [
      first,
      await get("/a", { range: "bytes=2-4" }),
      await get("/a", { range: "bytes=0-1,5-6" }),
    ];
    for (const part of parts)
      assert.deepEqual([part.status, ...digests.filter((name) => part.header(name) !== undefined)], [206]);
    const hit = await get("/a");
    for (const name of digests) assert.equal(hit.header(name), "sha-256=:AAAA:");
  },

  "the handler's Accept-Ranges: none is obeyed": async (stage) => {
    const { get } = await stage.site([cached("/a", text("0123456789", { "accept-ranges": "none" }))]);
    for (const range of ["bytes=2-4", "bytes=2-4", "bytes=0-1,5-6", "bytes=99-"]) {
      const answer = await get("/a", { range });
      assert.deepEqual([answer.status, answer.text], [200, "0123456789"]);
    }
  },

  "If-Range with the same strong tag gives the part": part("bytes=2-4", "234", "bytes 2-4/10", {
    "if-range": '"v1"',
  }),
  "If-Range with the same date gives the part": part("bytes=2-4", "234", "bytes 2-4/10", {
    "if-range": "Thu, 01 Jan 2015 00:00:00 GMT",
  }),
  "If-Range with another tag gives the whole response": whole({ range: "bytes=2-4", "if-range": '"v2"' }),
  "If-Range with a weak tag gives the whole response": whole({ range: "bytes=2-4", "if-range": 'W/"v1"' }),

  "a range on a miss is cut from the whole response, which is stored": async (stage) => {
    const route = cached("/a", DIGITS);
    const { get } = await stage.site([route]);
    const miss = await get("/a", { range: "bytes=2-4" });
    assertMiss(miss);
    assert.deepEqual([miss.status, miss.text], [206, "234"]);
    const hit = await get("/a");
    assertHit(hit);
    assert.deepEqual([hit.status, hit.text], [200, "0123456789"]);
    assert.equal(route.seen[0]?.header("range"), undefined);
  },

  "a condition that holds takes precedence over a range": async (stage) => {
    const { get } = await stage.site([cached("/a", DIGITS)]);
    await get("/a");
    assert.equal((await get("/a", { range: "bytes=2-4", "if-none-match": '"v1"' })).status, 304);
  },

  "a HEAD request ignores Range": async (stage) => {
    const { get, client } = await stage.site([cached("/a", DIGITS)]);
    await get("/a");
    const head = await client.ask({ method: "HEAD", path: "/a", headers: { range: "bytes=2-4" } });
    assert.deepEqual([head.status, head.header("content-length")], [200, "10"]);
  },

  "a 206 from the handler is never stored": async (stage) => {
    const route = cached("/a", { ...text("234", { "content-range": "bytes 2-4/10" }), status: 206 });
    const { get, store } = await stage.site([route]);
    assertMiss(await get("/a"), { detail: "status" });
    await get("/a");
    assert.equal(route.seen.length, 2);
    assert.equal(store.count("set"), 0);
  },
};

function part(
  range: string,
  expected: string,
  contentRange: string,
  asked: Readonly<Record<string, string>> = {},
): Scenario {
  return async (stage) => {
    const { get } = await stage.site([cached("/a", DIGITS)]);
    await get("/a");
    const answer = await get("/a", { range, ...asked });
    assertHit(answer);
    assert.deepEqual([answer.status, answer.text], [206, expected]);
    assert.equal(answer.header("content-range"), contentRange);
    assert.equal(answer.header("content-length"), String(expected.length));
    assert.equal(answer.header("etag"), '"v1"');
  };
}

function whole(asked: Readonly<Record<string, string>>): Scenario {
  return async (stage) => {
    const { get } = await stage.site([cached("/a", DIGITS)]);
    await get("/a");
    const answer = await get("/a", asked);
    assertHit(answer);
    assert.deepEqual([answer.status, answer.text], [200, "0123456789"]);
    assert.equal(answer.header("content-range"), undefined);
  };
}
