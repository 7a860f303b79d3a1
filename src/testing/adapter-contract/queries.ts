import assert from "node:assert/strict";
import { assertHit, assertMiss } from "./outcome.ts";
import { bytes, cached, stream, text } from "./routes.ts";
import type { Scenario, Scenarios } from "./stage.ts";

/** The parameters in the key are those that the handler sees (hazards 5 and 18). */
export const queries: Scenarios = {
  "the order of parameters does not matter": areOneEntry("/a?a=1&b=2", "/a?b=2&a=1"),
  "the order of one parameter's values matters": areTwoEntries("/a?a=1&a=2", "/a?a=2&a=1"),
  "the order of parameters that a parser may nest under one name matters": areTwoEntries(
    "/a?a=1&a[]=2",
    "/a?a[]=2&a=1",
  ),
  "the order of names that differ by an encoded bracket matters": areTwoEntries(
    "/a?a%5Bb%5D=1&a=c",
    "/a?a=c&a%5bb%5D=1",
  ),
  "the order of names that differ by a dot matters": areTwoEntries("/a?a.b=1&a=c", "/a?a=c&a.b=1"),
  "the order of parameters matters where a name begins with a bracket": areTwoEntries(
    "/a?[a]=1&a=2",
    "/a?a=2&[a]=1",
  ),
  "the order of names that cannot be decoded matters": areTwoEntries("/a?%61%=1&a%=2", "/a?a%=2&%61%=1"),
  "the order of other parameters does not matter where some are nested": areOneEntry(
    "/a?a[]=1&b=2",
    "/a?b=2&a[]=1",
  ),
  "a repeated parameter differs from a single one": areTwoEntries("/a?a=1&a=1", "/a?a=1"),
  "an empty value differs from an absent parameter": areTwoEntries("/a?a=", "/a"),
  "a parameter with an empty value differs from one without a value": areTwoEntries("/a?a=", "/a?a"),
  "percent-encodings of one name and value are one parameter": areOneEntry(
    "/a?name=%61%20b",
    "/a?%6eame=a+b",
  ),
  "an encoded ampersand is part of its value": areTwoEntries("/a?a=1%26b=2", "/a?a=1&b=2"),
  "an encoded equals sign is part of its name": areTwoEntries("/a?a%3Db=c", "/a?a=b=c"),
  "a semicolon does not separate parameters": areTwoEntries("/a?a=1;b=2", "/a?a=1&b=2"),
  "the case of a path and of a value matters": areTwoEntries("/a?a=x", "/a?a=X"),
  "an empty query equals no query": areOneEntry("/a?", "/a"),

  "an undeclared parameter is neither in the key nor seen by the handler": async (stage) => {
    const route = cached("/a", undefined, { ttl: 60, query: ["a"] });
    const { get } = await stage.site([route]);
    await get("/a?utm_source=mail&a=1&utm_source=web");
    assertHit(await get("/a?a=1&utm_source=feed"));
    assertHit(await get("/a?a=1"));
    const [seen] = route.seen;
    assert.deepEqual([seen?.query("a"), seen?.query("utm_source")], [["1"], []]);
    assert.equal(seen?.url, "/a?a=1");
    assert.equal(route.seen.length, 1);
  },

  "an undeclared parameter is hidden in every form of the URL that the handler can read": async (stage) => {
    const route = cached("/a", undefined, { ttl: 60, query: ["a"] });
    const { get } = await stage.site([route]);
    await get("/a?a=1&evil=%3Cscript%3E");
    await get("/a?evil=1");
    const names = route.seen.flatMap(({ url, alsoUrls = [] }) => [url, ...alsoUrls]);
    assert.deepEqual(
      names.filter((name) => name.includes("evil")),
      [],
    );
  },

  "a logger sees the whole URL once the response is sent": async (stage) => {
    const logged: string[] = [];
    const log = (url: string): void => void logged.push(url);
    const parts = function* (): Generator<Uint8Array> {
      yield bytes("one");
      yield bytes("two");
    };
    const options = { ttl: 60, query: ["a"] };
    const routes = [
      cached("/a", undefined, options, { log }),
      cached("/b", () => stream(() => asAsync(parts())), options, { log }),
      cached("/c", { status: 500, body: "broken" }, options, { log }),
    ];
    const { get } = await stage.site(routes);
    const paths = ["/a?a=1&evil=1", "/b?evil=1", "/c?evil=1", "/a?a=1&evil=2"];
    for (const [at, path] of paths.entries()) {
      await get(path);
      await stage.until(() => logged.length > at, "the request is logged");
    }
    assert.deepEqual(logged, paths);
  },

  "the handler of a route without declared parameters sees the bare path": async (stage) => {
    const route = cached("/a", undefined, { ttl: 60, query: [] });
    const { get } = await stage.site([route]);
    await get("/a?x=1&y=2");
    assertHit(await get("/a?z"));
    assert.equal(route.seen[0]?.url, "/a");
    assert.deepEqual(route.seen[0]?.query("x"), []);
  },

  "all values of a declared parameter reach the handler in order": async (stage) => {
    const route = cached("/a", undefined, { ttl: 60, query: ["a"] });
    const { get } = await stage.site([route]);
    await get("/a?a=2&b=0&a=1");
    assertMiss(await get("/a?a=1&a=2"));
    assert.deepEqual(
      route.seen.map((request) => request.query("a")),
      [
        ["2", "1"],
        ["1", "2"],
      ],
    );
  },

  "a semicolon smuggles no undeclared parameter past the key": async (stage) => {
    const route = cached("/a", (request) => text(JSON.stringify([request.query("a"), request.query("b")])), {
      ttl: 60,
      query: ["a"],
    });
    const { get } = await stage.site([route]);
    await get("/a?b=2;a=1");
    assert.deepEqual(route.seen[0]?.query("a"), [], "a parameter named b was dropped whole");
    await get("/a?a=1;b=2");
    assert.deepEqual([route.seen[1]?.query("a"), route.seen[1]?.query("b")], [["1;b=2"], []]);
    assertMiss(await get("/a?a=1"));
  },

  "a declared parameter is recognized by its encoded name": async (stage) => {
    const route = cached("/a", undefined, { ttl: 60, query: ["a"] });
    const { get } = await stage.site([route]);
    await get("/a?%61=1&%62=2");
    assertHit(await get("/a?a=1"));
    assert.deepEqual([route.seen[0]?.query("a"), route.seen[0]?.query("b")], [["1"], []]);
  },

  "a bypassed request reaches the handler with its whole query": async (stage) => {
    const route = cached("/a", undefined, { ttl: 60, query: ["a"] });
    const { get } = await stage.site([route]);
    await get("/a?a=1&b=2", { cookie: "sid=1" });
    assert.equal(route.seen[0]?.url, "/a?a=1&b=2");
  },

  "a write removes entries that No-Vary-Search shares between URLs": async (stage) => {
    const options = { ttl: 60, noVarySearch: true, invalidateOnUnsafe: true };
    const route = cached(
      "/a",
      (_, run) => text(`run ${run}`, { "no-vary-search": 'params=("utm")' }),
      options,
    );
    const { get, client } = await stage.site([route, cached("/a", text("put"), options, { method: "PUT" })]);
    await get("/a?utm=1");
    await get("/a?utm=2");
    assert.equal((await get("/a?utm=3")).text, "run 2");
    await client.ask({ method: "PUT", path: "/a?utm=4" });
    const after = await get("/a?utm=3");
    assertMiss(after);
    assert.equal(after.text, "run 3");
  },

  "a HEAD request finds the entry that its GET finds by No-Vary-Search": async (stage) => {
    const route = cached("/a", (_, run) => text(`run ${run}`, { "no-vary-search": 'params=("utm")' }), {
      ttl: 60,
      noVarySearch: true,
    });
    const { get, client } = await stage.site([route]);
    await get("/a?utm=1");
    const stored = await get("/a?utm=2");
    const head = await client.ask({ method: "HEAD", path: "/a?utm=1" });
    assertHit(head);
    assert.equal(head.header("etag"), stored.header("etag"));
  },

  "a comma, a quote or a semicolon in the URL forges no member of Cache-Status": async (stage) => {
    const { get } = await stage.site([cached("/a")]);
    const target = '/a?x=1,%20forged;hit,%22forged%22;hit,forged;hit;"';
    assertMiss(await get(target));
    const hit = await get(target);
    assertHit(hit);
    assert.doesNotMatch(hit.header("cache-status") ?? "", /forged/);
  },
};

async function* asAsync(parts: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* parts;
}

function areOneEntry(first: string, second: string): Scenario {
  return async (stage) => {
    const route = cached("/a");
    const { get } = await stage.site([route]);
    assertMiss(await get(first));
    assertHit(await get(second));
    assert.equal(route.seen.length, 1);
  };
}

function areTwoEntries(first: string, second: string): Scenario {
  return async (stage) => {
    const { get } = await stage.site([cached("/a")]);
    await get(first);
    assertMiss(await get(second));
    assert.equal((await get(first)).text, "run 1");
    assert.equal((await get(second)).text, "run 2");
  };
}
