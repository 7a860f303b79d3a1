import { describe, expect, it } from "vitest";
import { conditionsOf } from "../../../src/core/fill/not-modified-fill.ts";
import type { Fields } from "../../../src/http/fields.ts";
import type { Entry } from "../../../src/index.ts";
import { fieldOf } from "../../../src/http/fields.ts";
import { answer, fillOf, kitOf, openWith, said, serveOf, settle, textOf } from "../../support/kit.ts";
import type { Asked, Kit, Said } from "../../support/kit.ts";
import { stale } from "../../support/staged.ts";

const MODIFIED = "Thu, 01 Jan 2015 00:00:00 GMT";
const TAGGED: Said = { headers: { etag: '"v1"', "last-modified": MODIFIED }, body: "stored" };

/** A cache whose entry has gone stale. */
function staleKit(route: Parameters<typeof kitOf>[0] = {}, stored: Said = TAGGED): Kit {
  const kit = kitOf({ ...route, route: { ttl: 10, revalidate: true, ...route.route } });
  kit.ask({}, stored);
  kit.clock.advance(10);
  return kit;
}

describe("the handler of a stale response", () => {
  it("is shown its validators in the place of the client's", () => {
    const fill = fillOf(staleKit().now({ headers: { "if-none-match": '"mine"', range: "bytes=0-1" } }));

    expect(fill.conditions).toEqual([
      ["if-none-match", '"v1"'],
      ["if-modified-since", MODIFIED],
    ]);
    expect(fill.hidden).toEqual(["if-none-match", "if-modified-since", "if-range", "range"]);
  });

  it.each<[string, Said, readonly string[]]>([
    ["an ETag", { headers: { etag: 'W/"v1"' } }, ["if-none-match"]],
    ["a Last-Modified", { headers: { "last-modified": MODIFIED } }, ["if-modified-since"]],
    ["none of them", {}, []],
  ])("is asked by what its response had: %s", (_, stored, names) => {
    const fill = fillOf(staleKit({}, stored).now());

    expect(fill.conditions.map(([name]) => name)).toEqual(names);
  });

  it("is asked for the whole where the route does not revalidate", () => {
    const { now } = staleKit({ route: { revalidate: false } });

    expect(fillOf(now()).conditions).toEqual([]);
  });

  it("is asked for the whole by a method for which a matching tag means failure", () => {
    const kit = kitOf({ route: { ttl: 10, revalidate: true, methods: ["POST"] } });
    const post: Asked = { method: "POST", content: {} };
    kit.ask(post, TAGGED);
    kit.clock.advance(10);

    expect(fillOf(kit.now(post)).conditions).toEqual([]);
  });

  it("is asked for the whole a day later", () => {
    const { now, clock } = staleKit();
    clock.advance(24 * 3600);

    expect(fillOf(now()).conditions).toEqual([]);
  });
});

describe("a handler's 304", () => {
  it("makes the stored response fresh again, which its client is sent", () => {
    const { ask, cache } = staleKit();

    const reply = ask({}, { status: 304 });
    const hit = ask();

    expect([reply.status, textOf(reply), said(reply, "age")]).toEqual([200, "stored", "0"]);
    expect(said(reply, "cache-status")).toBe("caching-route;fwd=stale;fwd-status=304;stored");
    expect([textOf(hit), said(hit, "cache-status")]).toEqual(["stored", "caching-route;hit;ttl=10"]);
    expect(cache.stats().outcomes).toMatchObject({ miss: 1, revalidated: 1, hit: 1 });
  });

  it("leaves the client's own condition to the cache", () => {
    const asked = [{ "if-none-match": '"v1"' }, { "if-none-match": '"v0"' }, { range: "bytes=0-1" }];

    const replies = asked.map((headers) => staleKit().ask({ headers }, { status: 304 }));

    expect(replies.map(({ status }) => status)).toEqual([304, 200, 206]);
    expect(replies.map(textOf)).toEqual([undefined, "stored", "st"]);
  });

  it("is not streamed: the stored content is sent instead", () => {
    const { now, ask } = staleKit();

    const head = openWith(fillOf(now()), { status: 304 }).stream();

    expect([head.status, head.sink, said(head, "content-length")]).toEqual([200, undefined, "6"]);
    expect(textOf(ask())).toBe("stored");
  });

  it("without a condition passes as it is", () => {
    const { ask } = kitOf({ route: { revalidate: true } });

    const reply = ask({}, { status: 304, body: "" });

    expect([reply.status, said(reply, "cache-status")]).toEqual([
      304,
      "caching-route;fwd=uri-miss;fwd-status=304;detail=status",
    ]);
  });

  it("is opened once, whatever else is called", () => {
    const { now, ask } = staleKit();
    const open = openWith(fillOf(now()), { status: 304 });
    open.refuse("too-large");

    open.complete("not heeded");
    open.complete(undefined);
    open.abandon("failed");

    expect([open.storable, textOf(ask())]).toEqual([true, "stored"]);
  });

  it("that is abandoned leaves what is stored stale", () => {
    const { now } = staleKit();

    openWith(fillOf(now()), { status: 304 }).abandon("aborted");

    expect(fillOf(now()).conditions).toHaveLength(2);
  });
});

describe("a handler's 200", () => {
  it("is stored in the place of the old response", () => {
    const { ask } = staleKit();

    const reply = ask({}, { headers: { etag: '"v2"' }, body: "new" });
    const hit = ask();

    expect([textOf(reply), said(reply, "cache-status")]).toEqual([
      "new",
      "caching-route;fwd=stale;fwd-status=200;stored",
    ]);
    expect([textOf(hit), said(hit, "etag")]).toEqual(["new", '"v2"']);
  });

  it("is compared with its client's condition", () => {
    const reply = staleKit().ask(
      { headers: { "if-none-match": '"v2"' } },
      { headers: { etag: '"v2"' }, body: "new" },
    );

    expect(reply.status).toBe(304);
  });
});

describe("a response that is asked for each time", () => {
  it.each([["no-cache"], ["no-cache, max-age=60"], ['no-cache="x-a"'], ["max-age=0"]])(
    "is stored where it says %s and has a validator",
    (value) => {
      const { ask } = kitOf({ route: { ttl: "response", revalidate: true } });
      const headers = { etag: '"v1"', "cache-control": value };
      ask({}, { headers, body: "stored" });

      const second = ask({}, { status: 304, headers });
      const third = ask({}, { status: 304, headers });

      expect([second, third].map(textOf)).toEqual(["stored", "stored"]);
    },
  );

  it("is not stored without a validator, nor where the route does not revalidate", () => {
    const refusals = [true, false].map((revalidate) => {
      const etag: Record<string, string> = revalidate ? {} : { etag: '"v1"' };
      const { ask, cache } = kitOf({ route: { revalidate } });
      ask({}, { headers: { ...etag, "cache-control": "no-cache" } });
      return [cache.stats().stored, cache.stats().refusals];
    });

    expect(refusals).toEqual([
      [0, { expired: 1 }],
      [0, { "no-cache": 1 }],
    ]);
  });

  it("makes no request wait for another's response, which it would not get (hazard 10)", () => {
    const { ask, begin } = kitOf({ route: { revalidate: true } });
    ask({}, { headers: { etag: '"v1"', "cache-control": "no-cache" } });

    const crowd = [begin(), begin(), begin()];

    expect(crowd.map((decision) => decision instanceof Promise)).toEqual([false, false, false]);
  });
});

describe("requests that find the same stale response", () => {
  it("wait for one handler, whose 304 is for all of them", async () => {
    const { now, begin } = staleKit();
    const leader = fillOf(now());
    const followers = [begin(), begin({ headers: { "if-none-match": '"v1"' } })].map((decision) =>
      Promise.resolve(decision),
    );

    answer(leader, { status: 304 });
    const served = (await Promise.all(followers)).map(serveOf);

    expect(served.map(({ outcome, reply }) => [outcome, reply.status])).toEqual([
      ["collapsed", 200],
      ["collapsed", 304],
    ]);
  });

  it("run the handler themselves where its response is for one client alone", async () => {
    const { now, begin } = staleKit();
    const leader = fillOf(now());
    const follower = begin();

    const reply = answer(leader, { status: 304, headers: { "set-cookie": "a=1" } });

    expect(fieldOf(reply.fields, "set-cookie")).toBe("a=1");
    expect(fillOf(await follower).conditions).toHaveLength(2);
  });

  it("wait again once a 304 has come, although before that the response could not be stored", async () => {
    const { ask, begin, now, clock } = staleKit();
    ask({}, { headers: { "cache-control": "no-store" } });
    ask({}, { status: 304 });
    clock.advance(10);
    const leader = fillOf(now());

    const follower = begin();
    answer(leader, { status: 304 });
    await settle();

    expect(serveOf(await follower).outcome).toBe("collapsed");
  });
});

describe("a 304 to the cache's own condition that comes after handlerTimeout.hard", () => {
  it("freshens nothing, and its client, which asked no condition, is sent what is stored", () => {
    const { ask, now, clock, cache } = kitOf({
      route: { ttl: 60, revalidate: true, handlerTimeout: { hard: 2 } },
    });
    ask({}, { headers: { etag: '"v1"' }, body: "old" });
    clock.advance(70);
    const fill = fillOf(now());
    clock.advance(3);

    const reply = answer(fill, { status: 304 });

    expect([reply.status, textOf(reply)]).toEqual([200, "old"]);
    expect(said(reply, "cache-status")).toBe(
      "caching-route;fwd=stale;fwd-status=304;stored=?0;detail=timeout",
    );
    expect(fillOf(now()).conditions).toEqual([["if-none-match", '"v1"']]);
    expect(cache.stats().refusals).toEqual({ timeout: 1 });
  });
});

describe("a refresh", () => {
  it("waits a while after a 304 of which nothing can be kept", () => {
    const kit = stale({ staleWhileRevalidate: 600, revalidate: true }, 70, { headers: { etag: '"v1"' } });
    kit.now(kit.asked);

    answer(kit.fills[0]!, { status: 304, headers: { "set-cookie": "id=1" } });
    const outcomes = [kit.now(kit.asked), kit.now(kit.asked)].map((decision) => serveOf(decision).outcome);

    expect([outcomes, kit.fills.length]).toEqual([["stale", "stale"], 1]);
  });
});

function entryWith(fields: Fields, body = "report"): Entry {
  return { fields, body: new TextEncoder().encode(body) } as Partial<Entry> as Entry;
}

describe("the conditions of a stored response", () => {
  it.each<[string, Fields, Fields]>([
    ["its entity tag", [["etag", 'W/"1"']], [["if-none-match", 'W/"1"']]],
    ["its Last-Modified", [["last-modified", MODIFIED]], [["if-modified-since", MODIFIED]]],
    ["none without a validator", [["content-type", "text/plain"]], []],
  ])("are %s (RFC 9111 §4.3.1)", (_, fields, conditions) => {
    expect(conditionsOf(entryWith(fields))).toEqual(conditions);
  });

  it("are both where it has both", () => {
    const fields: Fields = [
      ["last-modified", MODIFIED],
      ["etag", '"1"'],
    ];

    expect(conditionsOf(entryWith(fields))).toEqual([
      ["if-none-match", '"1"'],
      ["if-modified-since", MODIFIED],
    ]);
  });

  it("are none where nothing is stored", () => {
    expect(conditionsOf(undefined)).toEqual([]);
  });
});
