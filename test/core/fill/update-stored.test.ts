import { describe, expect, it } from "vitest";
import { mergedFields } from "../../../src/core/fill/update-stored.ts";
import type { Fields } from "../../../src/http/fields.ts";
import { formatHttpDate } from "../../../src/http/http-date.ts";
import { answer, asyncStore, fillOf, kitOf, openWith, said, settle, textOf } from "../../support/kit.ts";
import { memoryStore } from "../../../src/index.ts";
import type { Store } from "../../../src/index.ts";
import type { Kit, Said } from "../../support/kit.ts";
import { staleKit } from "../../support/staged.ts";

describe("a 304 freshens", () => {
  it("the fields that it has, and leaves the others", () => {
    const { ask } = staleKit({ "x-a": "old", "x-b": "kept", "cache-control": "max-age=1" });

    ask({}, { status: 304, headers: { "x-a": "new", "x-c": "added", "cache-control": "max-age=9" } });
    const hit = ask();

    expect(["x-a", "x-b", "x-c", "cache-control"].map((name) => said(hit, name))).toEqual([
      "new",
      "kept",
      "added",
      "max-age=9",
    ]);
  });

  it("nothing that describes the content (RFC 9111 §3.2)", () => {
    const { ask } = staleKit({ "content-md5": "a", "content-range": "bytes 0-5/6" });
    const headers = {
      etag: 'W/"v1"',
      "content-length": "0",
      "content-encoding": "gzip",
      "content-md5": "b",
      "content-range": "bytes 0-0/1",
    };

    ask({}, { status: 304, headers });
    const hit = ask();

    expect(Object.keys(headers).map((name) => said(hit, name))).toEqual([
      '"v1"',
      "6",
      undefined,
      "a",
      "bytes 0-5/6",
    ]);
  });

  it("no Vary where it has none: that of the handler and of the route stays", () => {
    const { ask } = staleKit({ vary: "x-shop" }, { route: { vary: ["accept-language"] } });

    ask({}, { status: 304 });
    const hit = ask();

    expect(said(hit, "vary")).toBe("x-shop, accept-language");
  });

  it("nothing that is about one connection", () => {
    const { ask } = staleKit();
    const headers = { connection: "x-hop", "x-hop": "1", "keep-alive": "timeout=5", upgrade: "h2c" };

    ask({}, { status: 304, headers });

    expect(Object.keys(headers).map((name) => said(ask(), name))).toEqual(
      Object.keys(headers).map(() => undefined),
    );
  });

  it("the lifetime and the age by its own", () => {
    const { ask } = staleKit({ "cache-control": "max-age=10" }, { route: { ttl: "response" } });

    ask({}, { status: 304, headers: { "cache-control": "max-age=60", age: "20" } });

    expect([said(ask(), "age"), said(ask(), "cache-status")]).toEqual(["20", "caching-route;hit;ttl=40"]);
  });

  it("by the lifetime that middleware before the cache states", () => {
    const { ask } = staleKit({}, { route: { ttl: "response" } });

    ask({}, { status: 304, earlier: { "cache-control": "max-age=7" } });

    expect(said(ask(), "cache-status")).toBe("caching-route;hit;ttl=7");
  });

  it("from now on where it has no Date, although the stored one is old", () => {
    const kit = kitOf({ route: { ttl: "response", revalidate: true, storeDate: true } });
    const date = formatHttpDate(kit.clock.now());
    kit.ask({}, { headers: { etag: '"v1"', "cache-control": "max-age=10", date }, body: "stored" });
    kit.clock.advance(60);

    kit.ask({}, { status: 304 });
    const hit = kit.ask();

    expect([said(hit, "date"), said(hit, "cache-status")]).toEqual([undefined, "caching-route;hit;ttl=10"]);
  });

  it("the variant that it speaks of: others may not be given what now varies (hazard 4)", () => {
    const { ask, now } = staleKit();

    ask({ headers: { "x-lang": "en" } }, { status: 304, headers: { vary: "x-lang" } });

    expect(now({ headers: { "x-lang": "en" } }).kind).toBe("serve");
    expect(now({ headers: { "x-lang": "fr" } }).kind).toBe("fill");
  });

  it("nothing by the cookies of one client, which is sent them (hazard 2)", () => {
    const { ask, now } = staleKit({}, { route: { setCookie: "strip" } });

    const own = ask({}, { status: 304, headers: { "set-cookie": ["a=1", "b=2"] } });

    expect(own.fields).toContainEqual(["set-cookie", ["a=1", "b=2"]]);
    expect(now().kind).toBe("serve");
    expect(said(ask(), "set-cookie")).toBeUndefined();
  });

  it("the cookies where the route stores them", () => {
    const { ask } = staleKit({ "set-cookie": "a=0" }, { route: { setCookie: "store" } });

    const own = ask({}, { status: 304, headers: { "set-cookie": "a=1" } });

    expect([own, ask()].map((reply) => said(reply, "set-cookie"))).toEqual(["a=1", "a=1"]);
  });
});

describe("a 304 does not freshen", () => {
  it.each<[string, Said]>([
    ["no-store", { headers: { "cache-control": "no-store" } }],
    ["private", { headers: { "cache-control": "private" } }],
    ["vary-any", { headers: { vary: "*" } }],
    ["no-store", { earlier: { "cache-control": "no-store" } }],
    ["no-store", { headers: { "cdn-cache-control": "no-store", "cache-control": "max-age=9" } }],
    ["malformed", { headers: { "x-a": "a\r\nb" } }],
  ])("where it may not be stored (%s): the stored response is removed", (reason, head) => {
    const { ask, now, cache } = staleKit();

    const reply = ask({}, { status: 304, ...head });

    expect(textOf(reply)).toBe("stored");
    expect(said(reply, "cache-status")).toBe(
      `caching-route;fwd=stale;fwd-status=304;stored=?0;detail=${reason}`,
    );
    expect(fillOf(now()).conditions).toEqual([]);
    expect(cache.stats().refusals).toEqual({ [reason]: 1 });
  });

  it("where its tag is another one: the stored response is removed", () => {
    const { ask, now } = staleKit({ "x-a": "old" });

    const reply = ask({}, { status: 304, headers: { etag: '"v2"', "x-a": "new" } });

    expect([textOf(reply), said(reply, "x-a")]).toEqual(["stored", "old"]);
    expect(fillOf(now()).conditions).toEqual([]);
  });

  it("where it carries one client's credentials: what is stored stays as it is", () => {
    const { ask, now } = staleKit({}, { route: { scope: "shared" } });

    const own = ask({ headers: { authorization: "Bearer x" } }, { status: 304, headers: { "x-a": "Ann's" } });

    expect(textOf(own)).toBe("stored");
    const next = fillOf(now());
    expect(next.conditions).toEqual([["if-none-match", '"v1"']]);
    expect(said(answer(next, { status: 304 }), "x-a")).toBeUndefined();
  });
});

describe("a purge that overtakes a revalidation", () => {
  it("is not undone by it (hazard 22)", async () => {
    const { now, cache, ask } = staleKit();
    const fill = fillOf(now());
    await cache.clear();

    const reply = openWith(fill, { status: 304 }).complete(undefined);

    expect([textOf(reply), said(reply, "cache-status")]).toEqual([
      "stored",
      "caching-route;fwd=stale;fwd-status=304;stored=?0",
    ]);
    expect(textOf(ask({}, { body: "new" }))).toBe("new");
  });

  it("is not undone while the store is still writing", async () => {
    const backing = memoryStore();
    let write = (): void => undefined;
    const written = new Promise<void>((resolve) => (write = resolve));
    const slow: Store = {
      ...asyncStore(backing),
      set: (entry) => written.then(() => backing.set(entry)),
    };
    const kit = kitOf({ cache: { store: slow }, route: { key: () => "k", ttl: 10, revalidate: true } });
    await cachedStale(kit, backing);
    openWith(fillOf(await kit.begin()), { status: 304 }).complete(undefined);

    await kit.cache.invalidate("k");
    write();
    await settle();

    expect(backing.stats?.().entries).toBe(0);
  });
});

/** Puts a stale entry into the store itself, which is not what is slow. */
async function cachedStale(kit: Kit, backing: ReturnType<typeof memoryStore>): Promise<void> {
  const other = kitOf({
    cache: { store: backing, clock: kit.clock },
    route: { key: () => "k", ttl: 10, revalidate: true },
  });
  other.ask({}, { headers: { etag: '"v1"' }, body: "stored" });
  kit.clock.advance(10);
  await settle();
}

describe("a 304 whose policy has a nonce", () => {
  it("does not freshen the stored response where its handler sent the nonce", () => {
    const kit = kitOf({ route: { ttl: 10, revalidate: true } });
    kit.ask({}, { headers: { etag: '"v1"' } });
    kit.clock.advance(10);

    kit.ask({}, { status: 304, headers: { "content-security-policy": "script-src 'nonce-r4nd0m'" } });

    expect(fillOf(kit.now()).conditions).toEqual([]);
  });
});

describe("the fields of a stored response that a 304 freshens", () => {
  it("are replaced where the 304 has them, and the others stay (RFC 9111 §3.2)", () => {
    const stored: Fields = [
      ["cache-control", "max-age=1"],
      ["x-a", "old"],
    ];

    expect(mergedFields(stored, [["cache-control", "max-age=60"]])).toEqual([
      ["x-a", "old"],
      ["cache-control", "max-age=60"],
    ]);
  });

  it.each([
    "content-digest",
    "content-encoding",
    "content-length",
    "content-md5",
    "content-range",
    "digest",
    "etag",
    "repr-digest",
  ])("keep %s, which describes the stored content", (name) => {
    expect(mergedFields([[name, "old"]], [[name, "new"]])).toEqual([[name, "old"]]);
    expect(mergedFields([], [[name, "new"]])).toEqual([]);
  });
});
