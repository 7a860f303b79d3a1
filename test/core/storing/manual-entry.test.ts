import { describe, expect, it } from "vitest";
import { createCache } from "../../../src/index.ts";
import type { ManualOptions, ManualResponse } from "../../../src/index.ts";
import { kitOf, refresher, said, serveOf, textOf } from "../../support/kit.ts";
import type { Kit, KitOptions } from "../../support/kit.ts";

/** A cache with a route whose key is `k`. */
function keyed(options: KitOptions = {}): Kit {
  return kitOf({ ...options, route: { key: () => "k", ...options.route } });
}

async function put(kit: Kit, headers: ManualResponse["headers"], where?: ManualOptions): Promise<boolean> {
  return kit.cache.set("k", { headers: headers!, body: "put" }, where);
}

describe("the headers of a response that is put by hand", () => {
  const lines = [
    ["content-type", "text/plain"],
    ["link", "<a>"],
    ["Link", "<b>"],
  ] as const;

  it.each<[string, ManualResponse["headers"], unknown]>([
    ["an object", { "Content-Type": "text/plain", link: ["<a>", "<b>"] }, "<a>, <b>"],
    ["Headers", new Headers(lines.map(([name, value]) => [name, value])), "<a>, <b>"],
    [
      "a Map",
      new Map<string, string | string[]>([
        ["Content-Type", "text/plain"],
        ["Link", ["<a>", "<b>"]],
      ]),
      "<a>, <b>",
    ],
    ["pairs", lines, "<a>, <b>"],
  ])("may be %s", async (_, headers, link) => {
    const kit = keyed();
    await put(kit, headers);

    const hit = kit.ask();

    expect([textOf(hit), said(hit, "content-type"), said(hit, "link")]).toEqual(["put", "text/plain", link]);
  });

  it.each([
    ["content-type: text/plain"],
    [[1]],
    [[["a", { b: 1 }]]],
    [{ a: Symbol("s") }],
    [new Map([[1, "a"]])],
  ])("may be nothing else: %j", async (headers) => {
    await expect(put(keyed(), headers as never)).rejects.toThrow("ERR_CACHE_RESPONSE");
  });
});

describe("a response that is put by hand", () => {
  it("is removed with its tags", async () => {
    const kit = keyed();
    await put(kit, {}, { tags: ["users"] });
    const before = kit.now().kind;
    await kit.cache.invalidate({ tag: "users" });

    expect([before, kit.now().kind]).toEqual(["serve", "fill"]);
  });

  it.each([["users"], [[""]], [[1]], [() => ["users"]]])("has tags that are names: %s", async (tags) => {
    await expect(put(keyed(), {}, { tags: tags as never })).rejects.toThrow('"tags"');
  });

  it("has the stale windows that it says, as a route's has", async () => {
    const kit = keyed();
    const { refresh } = refresher();
    await put(kit, { "cache-control": "max-age=10, stale-while-revalidate=60" });
    kit.clock.advance(11);

    expect(serveOf(kit.now({ refresh })).outcome).toBe("stale");
  });

  it("has those of the cache's defaults", async () => {
    const kit = keyed({ cache: { defaults: { staleWhileRevalidate: 60 } } });
    const { refresh } = refresher();
    await put(kit, {}, { ttl: 10 });
    kit.clock.advance(11);

    expect(serveOf(kit.now({ refresh })).outcome).toBe("stale");
  });

  it("lives as long as it says, unless a ttl is written", async () => {
    const kit = keyed();
    await put(kit, { "cache-control": "max-age=10" });
    const own = said(kit.ask(), "cache-status");
    await put(kit, { "cache-control": "max-age=10" }, { ttl: 20 });

    expect([own, said(kit.ask(), "cache-status")]).toEqual([
      "caching-route;hit;ttl=10",
      "caching-route;hit;ttl=20",
    ]);
  });

  it("varies by what it says: it is for those who send none of that", async () => {
    const kit = keyed();
    await put(kit, { vary: "accept-language" });

    expect([kit.now({ headers: { "accept-language": "fr" } }).kind, kit.now().kind]).toEqual([
      "fill",
      "serve",
    ]);
  });

  it("is, where it is coded, not for those who accept another coding", async () => {
    const kit = keyed();
    await put(kit, { "content-encoding": "br" });
    const hit = kit.ask();

    expect([kit.now({ headers: { "accept-encoding": "gzip" } }).kind, said(hit, "vary")]).toEqual([
      "fill",
      "accept-encoding",
    ]);
  });

  it.each<[string, Record<string, string>]>([
    ["no-store", { "cache-control": "no-store" }],
    ["private", { "cache-control": "private" }],
    ["no-cache", { "cache-control": "no-cache" }],
    ["vary-any", { vary: "*" }],
    ["set-cookie", { "set-cookie": "a=1" }],
    ["event-stream", { "content-type": "text/event-stream" }],
  ])("is refused, with the word for it, where a route would not store it: %s", async (word, headers) => {
    await expect(put(keyed(), headers)).rejects.toThrow(new RegExp(`\\(${word}\\).*ERR_CACHE_RESPONSE`));
  });

  it("with a lifetime of 0 removes what is there, and is not there", async () => {
    const kit = keyed();
    await put(kit, {});
    const isThere = await put(kit, {}, { ttl: 0 });

    expect([isThere, kit.now().kind]).toEqual([false, "fill"]);
  });

  it("is refused where it has a member that does not exist", async () => {
    const cache = createCache();
    const response = { body: "x", header: { a: "b" } };

    await expect(cache.set("k", response)).rejects.toThrow('did you mean "headers"?');
    await expect(cache.set("k", { body: "x" }, { tag: "a" } as never)).rejects.toThrow(
      "ERR_CACHE_OPTION_UNKNOWN",
    );
  });
});
