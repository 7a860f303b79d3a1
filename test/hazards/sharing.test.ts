import { describe, expect, it } from "vitest";
import type { Decision } from "../../src/adapter.ts";
import { answer, bypassOf, fillOf, kitOf, openWith, said, serveOf, settle, textOf } from "../support/kit.ts";
import type { Asked } from "../support/kit.ts";

const ann: Asked = { headers: { cookie: "session=ann" } };
const bob: Asked = { headers: { authorization: "Bearer bob" } };

describe("responses that may or may not be shared", () => {
  it("1: a request with credentials is neither looked up nor stored", () => {
    const { ask, now, cache } = kitOf();
    ask({}, { body: "for all" });

    const reasons = [ann, bob].map((asked) => bypassOf(now(asked)).reason);

    expect([reasons, cache.stats().stored]).toEqual([["credentials", "credentials"], 1]);
  });

  it("1: each principal has their own entry under a scope function, and gets a 304 for that entry alone", () => {
    const { ask } = kitOf({
      route: { scope: ({ headers }) => headers?.["cookie"] ?? headers?.["authorization"] ?? "nobody" },
    });
    const hers = ask(ann, { body: "Ann's" });
    ask(bob, { body: "Bob's" });

    const conditional = ask({ headers: { ...bob.headers, "if-none-match": said(hers, "etag")! } });

    expect([ask(ann), conditional].map(textOf)).toEqual(["Ann's", "Bob's"]);
  });

  it("1: a request with credentials waits for no other run", () => {
    const { now } = kitOf();
    now();

    expect(now(ann).kind).toBe("bypass");
  });

  it("2: a response with Set-Cookie is served, not stored, and not shared with followers", async () => {
    const { now, begin, cache } = kitOf();
    const leader = fillOf(now());
    const follower = Promise.resolve(begin());

    const reply = answer(leader, { headers: { "set-cookie": "session=ann" } });

    expect([said(reply, "set-cookie"), cache.stats().stored, (await follower).kind]).toEqual([
      "session=ann",
      0,
      "fill",
    ]);
  });

  it.each([
    ["private"],
    ["no-store"],
    ["private="],
    ["PRIVATE"],
    ['private="x-a, x-b"'],
    ["public, max-age=60; no-store"],
    ['x="unclosed, private'],
    ["no-store=1"],
    ["max-age=60,,private"],
  ])("3: Cache-Control %j forbids storing, whatever the route's ttl", (value) => {
    const { ask, cache } = kitOf({ route: { ttl: 60 } });

    ask({}, { headers: { "cache-control": value } });

    expect(cache.stats().stored).toBe(0);
  });

  it.each([
    ["GET", 304],
    ["GET", 200],
    ["HEAD", 200],
  ])("35: a field of one user's response to %s with %d is not sent to others", (method, status) => {
    const { ask, clock } = kitOf({ route: { scope: "shared", revalidate: true, ttl: "response" } });
    const page = { etag: '"v1"', "cache-control": "public, max-age=1" };
    ask({}, { headers: page });
    clock.advance(1);

    ask({ method, ...bob }, { status, headers: { etag: '"v1"', "x-account": "bob" } });

    expect(said(ask({}, { status: 304 }), "x-account")).toBeUndefined();
  });

  it("4: the handler's Vary tells variants apart", () => {
    const { ask } = kitOf();
    ask({ headers: { "accept-language": "fr" } }, { headers: { vary: "accept-language" }, body: "bonjour" });

    expect(textOf(ask({ headers: { "accept-language": "en" } }, { body: "hello" }))).toBe("hello");
  });

  it("4: a response with Vary: * is not stored", () => {
    const { ask, cache } = kitOf();

    ask({}, { headers: { vary: "*" } });

    expect(cache.stats().stored).toBe(0);
  });

  it("4: an encoded response is not sent to a client that accepts another coding only", () => {
    const { ask } = kitOf();
    ask({ headers: { "accept-encoding": "br" } }, { headers: { "content-encoding": "br" }, body: "coded" });

    expect(textOf(ask({ headers: { "accept-encoding": "gzip" } }, { body: "plain" }))).toBe("plain");
  });

  it("4: the variants of one resource are capped", () => {
    const { ask, cache } = kitOf({ route: { vary: ["x-a"] } });

    Array.from({ length: 400 }, (_, index) => ask({ headers: { "x-a": String(index) } }));

    expect(cache.stats().store).toMatchObject({ entries: 256, evictions: 144 });
  });

  it("5: a Host field cannot name another host's resource", () => {
    const { ask } = kitOf();
    ask({ origin: "http://good/admin", target: "/x" }, { body: "forged" });

    expect(textOf(ask({ origin: "http://good", target: "/admin/x" }, { body: "true" }))).toBe("true");
  });

  it("5: header values with separators in them do not run into each other", () => {
    const { ask } = kitOf({ route: { vary: ["a", "b"] } });
    ask({ headers: { a: "1&b=2" } }, { body: "one" });

    expect(textOf(ask({ headers: { a: "1", b: "2&b" } }, { body: "other" }))).toBe("other");
  });

  it("5: the case of a path, the order of a parameter's values and the whole query are in the key", () => {
    const { ask } = kitOf();
    const targets = ["/a?x=1&x=2", "/a?x=2&x=1", "/A?x=1&x=2", "/a", "/a?x=1%26x=2"];
    targets.forEach((target) => ask({ target }, { body: target }));

    expect(targets.map((target) => textOf(ask({ target })))).toEqual(targets);
  });

  it("5: an entry with another key than the one looked up is a miss", () => {
    const first = kitOf();
    const entries: unknown[] = [];
    const one = {
      name: "one",
      shared: false,
      get: (_: string, choose: (vary: readonly string[]) => string) => (choose([]), entries[0] as never),
      set: (entry: unknown) => void entries.push(entry),
      delete: () => 0,
      clear: () => undefined,
    };
    const { ask } = kitOf({ cache: { store: one, clock: first.clock } });
    ask({ target: "/a" }, { body: "a" });

    expect(textOf(ask({ target: "/b" }, { body: "b" }))).toBe("b");
  });

  it.each([[""], [undefined], [null], [0]])("6: a key of %j fails its request and is never shared", (key) => {
    const { now } = kitOf({ route: { key: () => key as string } });

    expect(() => now()).toThrow(expect.objectContaining({ code: "ERR_CACHE_KEY" }));
  });

  it("6: a scope function that returns nothing fails its request", () => {
    const { now } = kitOf({ route: { scope: ({ headers }) => headers?.["x-user"] as string } });

    expect(() => now()).toThrow(expect.objectContaining({ code: "ERR_CACHE_SCOPE" }));
  });

  it("7: a response to POST is served neither to GET nor to POST with other content", () => {
    const { ask } = kitOf({ route: { methods: ["GET", "POST"] } });
    ask({ method: "POST", content: { q: 1 } }, { body: "posted" });

    const others = [ask({}, { body: "got" }), ask({ method: "POST", content: { q: 2 } }, { body: "other" })];

    expect([...others, ask({ method: "POST", content: { q: 1 } })].map(textOf)).toEqual([
      "got",
      "other",
      "posted",
    ]);
  });

  it("7: a response to POST is not served to QUERY with the same content", () => {
    const { ask } = kitOf({ route: { methods: ["POST", "QUERY"] } });
    ask({ method: "POST", content: { q: 1 } }, { body: "posted" });

    expect(textOf(ask({ method: "QUERY", content: { q: 1 } }, { body: "found" }))).toBe("found");
  });

  it("7: a response to POST is not served to GET where a key function returns one key for both", () => {
    const { ask } = kitOf({ route: { methods: ["GET", "POST"], key: () => "k" } });
    ask({ method: "POST" }, { body: "posted" });

    expect(textOf(ask({}, { body: "got" }))).toBe("got");
  });

  it("7: POST is not cached unless the route's methods include it", () => {
    expect(bypassOf(kitOf().now({ method: "POST", content: "" })).reason).toBe("method");
  });

  it("8: a HEAD request is served from the GET entry and never writes one", () => {
    const { now, ask, cache } = kitOf();
    const before = now({ method: "HEAD" }).kind;
    ask({}, { body: "whole" });

    const head = ask({ method: "HEAD" });

    expect([before, head.body, said(head, "content-length"), textOf(ask())]).toEqual([
      "bypass",
      undefined,
      "5",
      "whole",
    ]);
    expect(cache.stats().stored).toBe(1);
  });

  it("8: the handler of a miss sees neither conditions nor ranges, and the whole response is stored", () => {
    const { now } = kitOf();
    const fill = fillOf(now({ headers: { range: "bytes=0-1", "if-none-match": "*" } }));

    answer(fill, { body: "whole" });

    expect(fill.hidden).toEqual(["if-none-match", "if-modified-since", "if-range", "range"]);
    expect(textOf(serveOf(now()).reply)).toBe("whole");
  });

  it("8: a 206 from the handler is never stored", () => {
    const { ask, cache } = kitOf();

    ask({}, { status: 206, headers: { "content-range": "bytes 0-1/5" }, body: "wh" });

    expect(cache.stats().stored).toBe(0);
  });
});

describe("followers", () => {
  it("10: a follower is served only once the head shows that the response may be shared", async () => {
    const { now, begin } = kitOf();
    const open = fillOf(now());
    const decisions: Decision[] = [];
    void Promise.resolve(begin()).then((decision) => decisions.push(decision));
    await settle();
    const before = decisions.length;

    openWith(open, { headers: { "cache-control": "private" } });
    await settle();

    expect([before, decisions.map(({ kind }) => kind)]).toEqual([0, ["fill"]]);
  });

  it("10: requests do not queue where the last response could not be shared", () => {
    const { now } = kitOf();
    answer(fillOf(now()), { headers: { "cache-control": "private" } });

    expect([now(), now(), now()].map(({ kind }) => kind)).toEqual(["fill", "fill", "fill"]);
  });

  it("28: followers do not wait forever for a handler that never responds", async () => {
    const { now, begin, clock } = kitOf();
    now();
    const decisions: Decision[] = [];
    [1, 2, 3].forEach(() => void Promise.resolve(begin()).then((decision) => decisions.push(decision)));

    clock.advance(10);
    await settle();
    clock.advance(10);
    await settle();
    clock.advance(10);
    await settle();

    expect(decisions.map(({ kind }) => kind)).toEqual(["fill", "fill", "fill"]);
  });
});
