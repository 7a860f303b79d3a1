import assert from "node:assert/strict";
import { assertHit, assertMiss } from "./outcome.ts";
import { cached, plain, stream, bytes, text } from "./routes.ts";
import type { Scenarios } from "./stage.ts";

/** Request content, and its fields. */
const question = '{"q":"eve"}';
const json = { "content-type": "application/json", "content-length": String(question.length) };
const chunkedJson = { "content-type": "application/json", "transfer-encoding": "chunked" };

/** The methods and statuses that are stored. */
export const methods: Scenarios = {
  "a HEAD request is served from the GET entry, with the same fields and no body": async (stage) => {
    const route = cached("/a", text("four"));
    const { get, client } = await stage.site([route]);
    const miss = await get("/a");
    const head = await client.ask({ method: "HEAD", path: "/a" });
    assertHit(head);
    assert.equal(head.status, 200);
    assert.equal(head.header("content-length"), "4");
    assert.equal(head.header("etag"), miss.header("etag"));
    assert.equal(head.header("content-type"), miss.header("content-type"));
    assert.equal(head.body.byteLength, 0);
    assert.equal(route.seen.length, 1);
  },

  "a hit for HEAD sends no content on the wire": async (stage) => {
    const { get, client } = await stage.site([cached("/a", text("four"))]);
    await get("/a");
    const answer = await client.wire({ method: "HEAD", path: "/a" });
    const ofHost = await client.wire({ path: "/a" });
    const head = await client.wire({ method: "HEAD", path: "/a" });
    assert.ok(answer.endsWith("\r\n\r\n"));
    assert.ok(ofHost.endsWith("\r\n\r\nfour"));
    assert.match(head, /x-cache: HIT/i);
    assert.ok(head.endsWith("\r\n\r\n"));
  },

  "a HEAD request never writes an entry": async (stage) => {
    const { get, client, store } = await stage.site([cached("/a", text("four"))]);
    const head = await client.ask({ method: "HEAD", path: "/a" });
    assert.equal(head.status, 200);
    assertMiss(head, { detail: "head" });
    assert.equal(store.count("set"), 0);
    const answer = await get("/a");
    assertMiss(answer);
    assert.equal(answer.text, "four");
  },

  "a HEAD request for a stored stream has the Content-Length of its GET": async (stage) => {
    const parts = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes("one");
      yield bytes("two");
    };
    const { get, client, cache } = await stage.site([cached("/a", () => stream(parts))]);
    await get("/a");
    await stage.until(() => cache.stats().stored === 1, "the stream is stored");
    const head = await client.ask({ method: "HEAD", path: "/a" });
    assertHit(head);
    assert.equal(head.header("content-length"), "6");
  },

  "a POST is not cached unless the route's methods include it": async (stage) => {
    const route = cached("/a", undefined, { ttl: 60 }, { method: "POST" });
    const { post, store } = await stage.site([route]);
    assertMiss(await post("/a", {}), { fwd: "method", detail: "method" });
    assert.equal((await post("/a", {})).text, "run 2");
    assert.equal(store.log.length, 0);
  },

  "a cached POST has its content in its key": async (stage) => {
    const route = cached("/a", undefined, { ttl: 60, methods: ["POST"] }, { method: "POST" });
    const { post } = await stage.site([route]);
    assertMiss(await post("/a", { page: 1 }));
    assertMiss(await post("/a", { page: 2 }));
    assertMiss(await post("/a", { page: "1" }));
    const hit = await post("/a", { page: 1 });
    assertHit(hit);
    assert.equal(hit.text, "run 1");
    assert.equal(route.seen.length, 3);
  },

  "GET and POST on one path have separate entries": async (stage) => {
    const options = { ttl: 60, methods: ["GET", "POST"] };
    const routes = [
      cached("/a", text("got"), options),
      cached("/a", text("posted"), options, { method: "POST" }),
    ];
    const { get, post } = await stage.site(routes);
    await post("/a", {});
    assert.equal((await get("/a")).text, "got");
    const posted = await post("/a", {});
    assertHit(posted);
    assert.equal(posted.text, "posted");
  },

  "a GET with content bypasses the cache: it stores nothing and is served nothing stored": async (stage) => {
    const route = cached("/a");
    const { get, client, store } = await stage.site([route]);
    const fat = await client.ask({ path: "/a?q=cats", headers: json, body: question });
    assertMiss(fat, { fwd: "bypass", detail: "content" });
    const chunked = await client.ask({ path: "/a?q=cats", headers: chunkedJson, body: question });
    assertMiss(chunked, { fwd: "bypass", detail: "content" });
    assert.equal(store.log.length, 0);
    assertMiss(await get("/a?q=cats"), { fwd: "uri-miss" });
    assertMiss(await client.ask({ path: "/a?q=cats", headers: json, body: question }), {
      fwd: "bypass",
      detail: "content",
    });
    assertHit(await get("/a?q=cats"));
    assert.equal(route.seen.length, 4);
  },

  "a HEAD with content bypasses the cache": async (stage) => {
    const route = cached("/a");
    const { get, client } = await stage.site([route]);
    await get("/a");
    const head = await client.ask({ method: "HEAD", path: "/a", headers: json, body: question });
    assertMiss(head, { fwd: "bypass", detail: "content" });
    assert.equal(route.seen.length, 2);
    assertHit(await get("/a"));
  },

  "a GET with content bypasses the cache even where the route has a key function": async (stage) => {
    const { get, client } = await stage.site([cached("/a", undefined, { ttl: 60, key: () => "one" })]);
    const fat = await client.ask({ path: "/a", headers: json, body: question });
    assertMiss(fat, { fwd: "bypass", detail: "content" });
    assertMiss(await get("/a"), { fwd: "uri-miss" });
  },

  "a GET with Content-Length: 0 has no content": async (stage) => {
    const { get, client } = await stage.site([cached("/a")]);
    await get("/a");
    assertHit(await client.ask({ path: "/a", headers: { "content-length": "0" } }));
  },

  "GET and POST have separate entries where a key function returns one key for both": async (stage) => {
    const options = { ttl: 60, methods: ["GET", "POST"], key: () => "one" };
    const routes = [
      cached("/a", text("got"), options),
      cached("/a", text("posted"), options, { method: "POST" }),
    ];
    const { get, post } = await stage.site(routes);
    await post("/a", {});
    assert.equal((await get("/a")).text, "got");
    assert.equal((await post("/a", {})).text, "posted");
  },

  "a stored status is replayed on hits": async (stage) => {
    const options = { ttl: 60, methods: ["POST"], statuses: [201] };
    const route = cached("/a", { ...text("made", { location: "/a/1" }), status: 201 }, options, {
      method: "POST",
    });
    const { post } = await stage.site([route]);
    const [miss, hit] = [await post("/a", {}), await post("/a", {})];
    assertHit(hit);
    assert.deepEqual([miss.status, hit.status], [201, 201]);
    assert.equal(hit.header("location"), "/a/1");
    assert.equal(route.seen.length, 1);
  },

  "a 404 is not stored unless the route's statuses include it": async (stage) => {
    const gone = { ...text("gone"), status: 404 };
    const [refused, listed] = [cached("/a", gone), cached("/b", gone, { ttl: 60, statuses: [200, 404] })];
    const { get } = await stage.site([refused, listed]);
    assertMiss(await get("/a"), { detail: "status" });
    assert.equal((await get("/a")).status, 404);
    assert.equal(refused.seen.length, 2);
    await get("/b");
    const hit = await get("/b");
    assertHit(hit);
    assert.deepEqual([hit.status, hit.text], [404, "gone"]);
  },

  "a stored 204 is replayed without content and without Content-Length": async (stage) => {
    const { get } = await stage.site([cached("/a", { status: 204 }, { ttl: 60, statuses: [204] })]);
    await get("/a");
    const hit = await get("/a");
    assertHit(hit);
    assert.equal(hit.status, 204);
    assert.equal(hit.body.byteLength, 0);
    assert.equal(hit.header("content-length"), undefined);
  },

  "a route without cache options is left alone where another method of its path is cached": async (stage) => {
    const [got, posted] = [cached("/a"), plain("/a", text("plain"), { method: "POST" })];
    const { get, post } = await stage.site([got, posted]);
    await get("/a");
    assert.equal((await post("/a", {})).header("x-cache"), undefined);
    await post("/a", {});
    assert.equal(posted.seen.length, 2);
    assertHit(await get("/a"));
  },
};
