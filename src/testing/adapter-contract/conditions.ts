import assert from "node:assert/strict";
import { assertHit, assertMiss } from "./outcome.ts";
import { cached, plain, text } from "./routes.ts";
import type { Scenario, Scenarios } from "./stage.ts";

const TAGGED = text("tagged", { etag: '"v1"' });

/** Entity tags and conditional requests (RFC 9110 §13). */
export const conditions: Scenarios = {
  "a response without an ETag gets one, the same on the miss and on every hit": async (stage) => {
    const { get, cache } = await stage.site([cached("/a", text("same"))]);
    const miss = await get("/a");
    const hit = await get("/a");
    await cache.clear();
    const again = await get("/a");
    assert.match(miss.header("etag") ?? "", /^"[^"]+"$/);
    assert.equal(hit.header("etag"), miss.header("etag"));
    assert.equal(again.header("etag"), miss.header("etag"));
  },

  "different content gets different ETags": async (stage) => {
    const { get } = await stage.site([cached("/a", text("a")), cached("/b", text("b"))]);
    assert.notEqual((await get("/a")).header("etag"), (await get("/b")).header("etag"));
  },

  "the handler's ETag is kept": async (stage) => {
    const { get } = await stage.site([cached("/a", TAGGED)]);
    assert.equal((await get("/a")).header("etag"), '"v1"');
    assert.equal((await get("/a")).header("etag"), '"v1"');
  },

  "If-None-Match with the exact tag gives 304": notModified({ "if-none-match": '"v1"' }),
  "If-None-Match with a weak tag gives 304": notModified({ "if-none-match": 'W/"v1"' }),
  "If-None-Match with a list that contains the tag gives 304": notModified({
    "if-none-match": '"x", W/"v1", "y,z"',
  }),
  "If-None-Match: * gives 304": notModified({ "if-none-match": "*" }),
  "If-None-Match with another tag gives the whole response": modified({ "if-none-match": '"v2"' }),
  "If-None-Match with part of the tag gives the whole response": modified({ "if-none-match": '"v"' }),
  "If-Modified-Since gives 304 where nothing was modified since": notModified(
    { "if-modified-since": "Thu, 01 Jan 2015 00:00:00 GMT" },
    { "last-modified": "Thu, 01 Jan 2015 00:00:00 GMT" },
  ),
  "If-Modified-Since gives the whole response where it was modified since": modified(
    { "if-modified-since": "Thu, 01 Jan 2015 00:00:00 GMT" },
    { "last-modified": "Thu, 01 Jan 2015 00:00:01 GMT" },
  ),
  "If-None-Match takes precedence over If-Modified-Since": modified(
    { "if-none-match": '"v2"', "if-modified-since": "Thu, 01 Jan 2015 00:00:00 GMT" },
    { "last-modified": "Thu, 01 Jan 2015 00:00:00 GMT" },
  ),

  "a 304 has exactly the fields that RFC 9110 §15.4.5 lists": async (stage) => {
    const headers = {
      etag: '"v1"',
      "cache-control": "max-age=60",
      "content-location": "/b",
      expires: "Thu, 01 Jan 2032 00:00:00 GMT",
      vary: "accept",
      "last-modified": "Thu, 01 Jan 2015 00:00:00 GMT",
      "content-language": "en",
      "x-other": "1",
    };
    const { get } = await stage.site([cached("/a", text("a", headers)), plain("/plain", { status: 204 })]);
    await get("/a");
    const answer = await get("/a", { "if-none-match": '"v1"' });
    const ofEveryMessage = new Set(namesOf(await get("/plain")));
    const own = namesOf(answer).filter((name) => name !== "date" && !ofEveryMessage.has(name));
    assert.equal(answer.status, 304);
    assert.deepEqual(own, [
      "age",
      "cache-control",
      "cache-status",
      "content-location",
      "etag",
      "expires",
      "vary",
      "x-cache",
    ]);
  },

  "a 304 has no content and no Content-Length on the wire": async (stage) => {
    const { client } = await stage.site([cached("/a", TAGGED)]);
    await client.wire({ path: "/a" });
    const answer = await client.wire({ path: "/a", headers: { "if-none-match": '"v1"' } });
    assert.match(answer, /^\S+ 304\b/);
    assert.ok(answer.endsWith("\r\n\r\n"));
    assert.doesNotMatch(answer, /^(content-(length|type|encoding)|transfer-encoding):/im);
  },

  "a HEAD request gets the 304 that its GET would get": async (stage) => {
    const { get, client } = await stage.site([cached("/a", TAGGED)]);
    await get("/a");
    const head = await client.ask({ method: "HEAD", path: "/a", headers: { "if-none-match": '"v1"' } });
    assert.equal(head.status, 304);
    assertHit(head);
  },

  "the handler of a cached miss sees neither conditions nor ranges": async (stage) => {
    const route = cached("/a", text("whole"));
    const { get } = await stage.site([route]);
    const asked = {
      "if-none-match": '"x"',
      "if-modified-since": "Thu, 01 Jan 2015 00:00:00 GMT",
      "if-range": '"x"',
      range: "bytes=0-1",
      "x-kept": "1",
    };
    await get("/a", asked);
    const seen = Object.keys(asked).filter((name) => route.seen[0]?.header(name) !== undefined);
    assert.deepEqual(seen, ["x-kept"]);
    const hit = await get("/a");
    assert.deepEqual([hit.status, hit.text], [200, "whole"]);
  },
};

function notModified(
  asked: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Scenario {
  return async (stage) => {
    const route = cached("/a", text("tagged", { etag: '"v1"', ...headers }));
    const { get } = await stage.site([route]);
    const miss = await get("/a", asked);
    const hit = await get("/a", asked);
    assertMiss(miss);
    assertHit(hit);
    assert.deepEqual([miss.status, miss.body.byteLength], [304, 0], "on the miss");
    assert.deepEqual([hit.status, hit.body.byteLength], [304, 0], "on the hit");
    assert.equal(miss.header("content-length"), undefined);
    assert.equal(hit.header("etag"), '"v1"');
    assert.equal((await get("/a")).text, "tagged");
    assert.equal(route.seen.length, 1);
  };
}

function modified(
  asked: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Scenario {
  return async (stage) => {
    const { get } = await stage.site([cached("/a", text("tagged", { etag: '"v1"', ...headers }))]);
    const miss = await get("/a", asked);
    const hit = await get("/a", asked);
    assert.deepEqual([miss.status, miss.text], [200, "tagged"]);
    assertHit(hit);
    assert.deepEqual([hit.status, hit.text], [200, "tagged"]);
  };
}

function namesOf({ rawHeaders }: { readonly rawHeaders: readonly string[] }): readonly string[] {
  return rawHeaders
    .filter((_, index) => index % 2 === 0)
    .map((name) => name.toLowerCase())
    .toSorted();
}
