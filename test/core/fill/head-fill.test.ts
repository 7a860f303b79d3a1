import { describe, expect, it } from "vitest";
import { isSameRepresentation } from "../../../src/core/fill/head-fill.ts";
import type { Fields } from "../../../src/http/fields.ts";
import type { Entry } from "../../../src/index.ts";
import { memoryStore } from "../../../src/index.ts";
import {
  answer,
  asyncStore,
  bypassOf,
  fillOf,
  kitOf,
  openWith,
  said,
  serveOf,
  settle,
  textOf,
} from "../../support/kit.ts";
import type { Asked, Kit, Said } from "../../support/kit.ts";

const HEAD: Asked = { method: "HEAD" };

function staleKit(route: Parameters<typeof kitOf>[0] = {}): Kit {
  const kit = kitOf({ ...route, route: { ttl: 10, revalidate: true, ...route.route } });
  kit.ask({}, { headers: { etag: '"v1"', "x-a": "old" }, body: "stored" });
  kit.clock.advance(10);
  return kit;
}

describe("a response to HEAD", () => {
  it.each<[string, Said["headers"]]>([
    ["the same validator", { etag: '"v1"', "x-a": "new" }],
    ["the same length", { "content-length": "6", "x-a": "new" }],
    ["nothing about the content", { "x-a": "new" }],
  ])("with %s freshens the stored GET", (_, headers) => {
    const { ask } = staleKit();

    const head = ask(HEAD, { headers: headers! });
    const hit = ask();

    expect(said(head, "cache-status")).toBe("caching-route;fwd=stale;fwd-status=200");
    expect([textOf(hit), said(hit, "x-a"), said(hit, "cache-status")]).toEqual([
      "stored",
      "new",
      "caching-route;hit;ttl=10",
    ]);
  });

  it.each<[string, Said]>([
    ["another tag", { headers: { etag: '"v2"' } }],
    ["another length", { headers: { "content-length": "7" } }],
    ["another date", { headers: { "last-modified": "Thu, 01 Jan 2015 00:00:00 GMT" } }],
    ["no-store", { headers: { "cache-control": "no-store" } }],
    ["private", { headers: { etag: '"v1"', "cache-control": "private" } }],
    ["Vary: *", { headers: { vary: "*" } }],
    ["no-store of earlier middleware", { earlier: { "cache-control": "no-store" } }],
  ])("with %s removes the stored GET", (_, head) => {
    const { ask, now } = staleKit();

    ask(HEAD, head);

    expect(fillOf(now()).conditions).toEqual([]);
  });

  it.each([[304], [404], [500]])("with status %d leaves the stored GET as it is", (status) => {
    const { ask, now } = staleKit();

    ask(HEAD, { status, headers: { etag: '"v2"' } });

    expect(fillOf(now()).conditions).toEqual([["if-none-match", '"v1"']]);
  });

  it("after a purge by tag does not replace what was stored since", async () => {
    const kit = staleKit({ route: { tags: ["news"] } });
    const head = fillOf(kit.now(HEAD));
    await kit.cache.invalidate({ tag: "news" });
    kit.ask({}, { headers: { etag: '"v1"' }, body: "new" });

    openWith(head, { headers: { etag: '"v1"' } });

    expect(textOf(kit.ask())).toBe("new");
  });

  it("that failed leaves the stored GET as it is", () => {
    const { now } = staleKit();

    fillOf(now(HEAD)).abandon("failed");

    expect(fillOf(now()).conditions).toEqual([["if-none-match", '"v1"']]);
  });

  it("with cookies leaves the stored GET as it is, and keeps them from others", () => {
    const { ask, now } = staleKit();

    const head = ask(HEAD, { headers: { "set-cookie": "a=1" } });

    expect(said(head, "set-cookie")).toBe("a=1");
    expect(fillOf(now()).conditions).toEqual([["if-none-match", '"v1"']]);
  });

  it("with a new Vary keeps other clients from what is stored (hazard 4)", () => {
    const { ask, now } = staleKit();

    ask({ ...HEAD, headers: { "x-lang": "en" } }, { headers: { vary: "x-lang" } });

    expect(now({ headers: { "x-lang": "fr" } }).kind).toBe("fill");
  });
});

describe("a HEAD", () => {
  it("shows its handler what is in the key of its target and no more (hazard 18)", () => {
    const { now } = staleKit({ route: { query: ["page"] } });

    const fill = fillOf(now({ ...HEAD, target: "/reports?evil=1" }));

    expect([fill.target, fill.keepsParameter?.("evil")]).toEqual(["/reports", false]);
  });

  it("does not bring back what a purge removed while its handler ran (hazard 22)", async () => {
    const { now, cache } = staleKit();
    const fill = fillOf(now(HEAD));
    await cache.clear();

    openWith(fill, { headers: { etag: '"v1"' } }).complete(undefined);

    expect(cache.stats().store?.entries).toBe(0);
  });

  it("freshens what is in a store that returns promises", async () => {
    const { begin, clock } = kitOf({
      route: { ttl: 10, revalidate: true },
      cache: { store: asyncStore() },
    });
    openWith(fillOf(await begin()), { headers: { etag: '"v1"' } }).complete("stored");
    await settle();
    clock.advance(10);

    openWith(fillOf(await begin(HEAD)), { headers: { etag: '"v1"' } }).complete(undefined);
    await settle();

    expect((await begin()).kind).toBe("serve");
  });

  it("is passed by where its client forbids storing", () => {
    const { now } = staleKit({ route: { requestDirectives: true } });

    expect(bypassOf(now({ ...HEAD, headers: { "cache-control": "no-store" } })).reason).toBe("head");
  });

  it("is passed by where the route does not revalidate", () => {
    expect(staleKit({ route: { revalidate: false } }).now(HEAD).kind).toBe("bypass");
  });
});

describe("a late response to HEAD", () => {
  it("does not replace what was stored since", () => {
    const { ask, now, clock } = kitOf({ route: { ttl: 60, revalidate: true } });
    ask({}, { headers: { etag: '"v1"' }, body: "old" });
    clock.advance(70);
    const head = fillOf(now({ method: "HEAD" }));
    answer(fillOf(now()), { headers: { etag: '"v2"' }, body: "new" });

    openWith(head).complete(undefined);

    expect(textOf(serveOf(now()).reply)).toBe("new");
  });

  it("freshens nothing after a purge by tag", async () => {
    // given
    const store = memoryStore();
    const kit = kitOf({ cache: { store }, route: { ttl: 1, revalidate: true, tags: ["reports"] } });
    answer(fillOf(kit.now()), { headers: { etag: '"1"' } });
    kit.clock.advance(2);
    const head = fillOf(kit.now({ method: "HEAD" }));
    const written: unknown[] = [];
    const set = store.set.bind(store);
    store.set = (entry) => (written.push(entry), set(entry));

    // when
    await kit.cache.invalidate({ tag: "reports" });
    openWith(head, { headers: { etag: '"1"' } }).complete(undefined);

    // then
    expect(written).toEqual([]);
  });
});

const MODIFIED = "Thu, 01 Jan 2026 00:00:00 GMT";

function entryWith(fields: Fields, body = "report"): Entry {
  return { fields, body: new TextEncoder().encode(body) } as Partial<Entry> as Entry;
}

describe("a response to HEAD", () => {
  const entry = entryWith([
    ["etag", '"1"'],
    ["last-modified", MODIFIED],
  ]);

  it.each<[string, Fields]>([
    ["says nothing of it", []],
    ["has its length", [["content-length", "6"]]],
    ["has its entity tag", [["etag", '"1"']]],
    ["has its Last-Modified", [["last-modified", MODIFIED]]],
  ])("describes the stored content where it %s", (_, fields) => {
    expect(isSameRepresentation(entry, fields)).toBe(true);
  });

  it.each<[string, Fields]>([
    ["length", [["content-length", "7"]]],
    ["length, written otherwise", [["content-length", "06"]]],
    ["entity tag", [["etag", '"2"']]],
    ["weakness of its tag", [["etag", 'W/"1"']]],
    ["Last-Modified", [["last-modified", "Thu, 01 Jan 2026 00:00:01 GMT"]]],
  ])("describes other content where it has another %s", (_, fields) => {
    expect(isSameRepresentation(entry, fields)).toBe(false);
  });

  it("describes other content where it has a validator that nothing stored has", () => {
    expect(isSameRepresentation(entryWith([]), [["etag", '"1"']])).toBe(false);
  });
});
