import * as fc from "fast-check";
import { parseList } from "structured-headers";
import { describe, expect, it } from "vitest";
import type { Decision } from "../../src/adapter.ts";
import { headOf } from "../../src/index.ts";
import type { Store } from "../../src/index.ts";
import { entryOf } from "../support/entry.ts";
import { answer, bypassOf, fillOf, kitOf, namesOf, said, settle } from "../support/kit.ts";
import type { Kit } from "../support/kit.ts";

/** A store that returns one entry for each key, with fields that something else wrote. */
function forgedStore(fields: unknown): Store {
  return {
    name: "forged",
    shared: false,
    get: (key, choose) => {
      const entry = entryOf({ key, variant: choose([]), fields: fields as never });
      return { vary: [], head: headOf(entry), body: entry.body };
    },
    set: () => undefined,
    delete: () => 0,
    clear: () => undefined,
  };
}

describe("response fields", () => {
  it.each([
    [[["x-a", "1\r\nset-cookie: session=eve"]]],
    [[["x-a", ["1", "2\n"]]]],
    [[["x-a\r\nx-b", "1"]]],
    [[["x-a", "1\0"]]],
    [[["transfer-encoding", "chunked"]]],
    [
      [
        ["connection", "x-a"],
        ["x-a", "1"],
      ],
    ],
  ])("24: a stored response with the fields %j is a miss", (fields) => {
    expect(kitOf({ cache: { store: forgedStore(fields) } }).now().kind).toBe("fill");
  });

  it("24: hop-by-hop fields, and those that Connection names, are not stored", () => {
    const { ask } = kitOf();
    ask(
      {},
      {
        headers: { connection: "close, x-hop", "x-hop": "1", "transfer-encoding": "chunked", te: "trailers" },
      },
    );

    expect(namesOf(ask())).toEqual(["age", "cache-status", "content-length", "etag", "x-cache"]);
  });

  it("24: a response with a field that would split it is not stored", () => {
    const { ask, cache } = kitOf();

    ask({}, { headers: { "x-a": "1\r\nx-b: 2" } });

    expect(cache.stats()).toMatchObject({ stored: 0, refusals: { malformed: 1 } });
  });

  it.each([["content-digest"], ["repr-digest"], ["digest"], ["content-md5"], ["signature"]])(
    "44: a part has no field that describes the whole response: %s",
    (name) => {
      const { ask } = kitOf();
      ask({}, { headers: { [name]: "x=:AA==:" }, body: "0123456789".repeat(99) });

      const parts = ["bytes=0-1", "bytes=0-1,5-6"].map((range) => ask({ headers: { range } }));

      expect(parts.map((part) => [part.status, said(part, name)])).toEqual([
        [206, undefined],
        [206, undefined],
      ]);
      expect(said(ask(), name)).toBe("x=:AA==:");
    },
  );

  it.each([["none"], ["None"], ["bytes, none"]])(
    "44: a response is not cut into parts where its Accept-Ranges is %s",
    (value) => {
      const { ask } = kitOf();
      const first = ask({ headers: { range: "bytes=0-1" } }, { headers: { "accept-ranges": value } });

      expect([first, ask({ headers: { range: "bytes=99-" } })].map(({ status }) => status)).toEqual([
        200, 200,
      ]);
    },
  );

  it.each([
    ["server-timing"],
    ["traceresponse"],
    ["clear-site-data"],
    ["authentication-info"],
    ["set-login"],
  ])("13: a field about one exchange is never replayed: %s", (name) => {
    const { ask } = kitOf();
    const own = ask({}, { headers: { [name]: '"x"' } });

    expect([own, ask()].map((reply) => said(reply, name))).toEqual(['"x"', undefined]);
  });

  it("25: Cache-Status can be parsed whatever the URL, the key and the cache's name are, and discloses neither URL nor key", () => {
    const urls = fc.string({
      unit: fc.constantFrom("a", ",", ";", '"', "\\", "%", "=", " ", "\u00E9"),
      maxLength: 12,
    });

    fc.assert(
      fc.property(urls, urls, (path, name) => {
        const { ask } = kitOf({ cache: { cacheStatus: `${name}-` }, route: { key: () => `key-${path}` } });
        const fields = [ask({ target: `/secret-${path}` }), ask({ target: `/secret-${path}` })].map((reply) =>
          said(reply, "cache-status")!,
        );

        expect(fields.map((field) => parseList(field).length)).toEqual([1, 1]);
        expect(fields.join()).not.toMatch(/secret|key/);
      }),
    );
  });

  it("27: an age is never negative, even where the clock is set back", () => {
    const { ask, clock } = kitOf();
    ask();
    clock.advance(-5);

    expect(said(ask(), "age")).toBe("0");
  });

  it("27: a Date in the future makes no response younger and no lifetime longer", () => {
    const { ask, clock } = kitOf();
    ask({}, { headers: { date: "Thu, 01 Jan 2099 00:00:00 GMT", "cache-control": "max-age=60" } });
    clock.advance(10);

    expect(said(ask(), "cache-status")).toBe("caching-route;hit;ttl=50");
  });

  it("27: an age and a lifetime saturate at 2^31 seconds", () => {
    const { ask } = kitOf({ route: { ttl: Infinity } });
    ask({ target: "/a" }, { headers: { age: "99999999999999999999999" } });
    const endless = kitOf();
    endless.ask({}, { headers: { "cache-control": "max-age=99999999999999999999999" } });

    expect(said(ask({ target: "/a" }), "age")).toBe("2147483648");
    expect(said(endless.ask(), "cache-status")).toBe("caching-route;hit;ttl=2147483648");
  });

  it.each([["-1"], ["1.5"], ["1e3"], ["NaN"], [""]])(
    "27: a response with a stated lifetime and an Age of %j is stale",
    (age) => {
      const { ask, now } = kitOf();
      ask({}, { headers: { age, "cache-control": "max-age=60" } });

      expect(now().kind).toBe("fill");
    },
  );

  it.each([["-1"], ["1.5"], ["NaN"], [""]])(
    "27: an Age of %j is ignored where the route has a ttl",
    (age) => {
      const { ask } = kitOf({ route: { ttl: 60 } });
      ask({}, { headers: { age } });

      expect(said(ask(), "age")).toBe("0");
    },
  );

  it("29: each outcome is one word, the same in X-Cache, in Cache-Status and in the counters", async () => {
    const kit = kitOf();
    const decisions = await oneOfEach(kit);

    expect(decisions.map(heard)).toEqual([
      ["miss", "MISS", "caching-route;fwd=uri-miss;fwd-status=200;stored"],
      ["collapsed", "MISS", "caching-route;fwd=uri-miss;collapsed"],
      ["hit", "HIT", "caching-route;hit;ttl=60"],
      ["bypass", "MISS", "caching-route;fwd=method;detail=method"],
    ]);
    expect(kit.cache.stats().outcomes).toEqual({
      hit: 1,
      stale: 0,
      revalidated: 0,
      miss: 1,
      collapsed: 1,
      bypass: 1,
    });
  });

  it('29: a response that proves not storable at its end has no "stored" in Cache-Status', () => {
    const { ask } = kitOf({ route: { maxBodyBytes: 1 } });

    expect(said(ask({}, { body: "large" }), "cache-status")).toBe(
      "caching-route;fwd=uri-miss;fwd-status=200;detail=too-large",
    );
  });

  it.each([[400], [413], [431], [501]])(
    "30: the %i error page of a malformed request is not stored",
    (status) => {
      const { ask, now, cache } = kitOf({ route: { ttl: 60 } });

      ask(
        { headers: { "x-oversized": "x".repeat(9000) } },
        { status, headers: { "cache-control": "public, max-age=600" } },
      );

      expect([cache.stats().stored, now().kind]).toEqual([0, "fill"]);
    },
  );
});

describe("content security policies", () => {
  const policy = (nonce: string): Record<string, string> => ({
    "content-security-policy": `script-src 'nonce-${nonce}'`,
  });

  it("37: a page with the nonce of earlier middleware's policy is not stored", () => {
    const { ask, now } = kitOf();

    ask({}, { earlier: policy("r4nd0m"), body: '<script nonce="r4nd0m">' });

    expect(now().kind).toBe("fill");
  });

  it("37: a page whose own policy has a nonce is not stored", () => {
    const { ask, now } = kitOf();

    ask({}, { headers: policy("r4nd0m") });

    expect(now().kind).toBe("fill");
  });
});

type Heard = readonly [outcome: string, fields: Parameters<typeof said>[0]];

async function oneOfEach({ now, begin }: Kit): Promise<readonly Heard[]> {
  const leader = fillOf(now());
  const follower = Promise.resolve(begin());
  const made = answer(leader);
  await settle();
  const others: readonly Decision[] = [await follower, now(), now({ method: "DELETE" })];
  return [["miss", made], ...others.map((decision): Heard => [outcomeOf(decision), messageOf(decision)])];
}

function heard([outcome, message]: Heard): readonly (string | undefined)[] {
  return [outcome, said(message, "x-cache"), said(message, "cache-status")];
}

function outcomeOf(decision: Decision): string {
  return decision.kind === "fill" ? "miss" : decision.outcome;
}

function messageOf(decision: Decision): Parameters<typeof said>[0] {
  return decision.kind === "serve" ? decision.reply : bypassOf(decision);
}
