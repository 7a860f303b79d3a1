import { describe, expect, it } from "vitest";
import type { ManualOptions, ManualResponse } from "../../../src/index.ts";
import { kitOf, refresher, said, serveOf } from "../../support/kit.ts";
import type { Kit, KitOptions } from "../../support/kit.ts";

/** A cache with a route whose key is `k`. */
function keyed(options: KitOptions = {}): Kit {
  return kitOf({ ...options, route: { key: () => "k", ...options.route } });
}

async function put(kit: Kit, headers: ManualResponse["headers"], where?: ManualOptions): Promise<boolean> {
  return kit.cache.set("k", { headers: headers!, body: "put" }, where);
}

describe("a response that is put by hand", () => {
  it("has its own stale windows, as a route's response has", async () => {
    const kit = keyed();
    const { refresh } = refresher();
    await put(kit, { "cache-control": "max-age=10, stale-while-revalidate=60" });
    kit.clock.advance(11);

    expect(serveOf(kit.now({ refresh })).outcome).toBe("stale");
  });

  it("has the stale windows of the cache's defaults", async () => {
    const kit = keyed({ cache: { defaults: { staleWhileRevalidate: 60 } } });
    const { refresh } = refresher();
    await put(kit, {}, { ttl: 10 });
    kit.clock.advance(11);

    expect(serveOf(kit.now({ refresh })).outcome).toBe("stale");
  });

  it("lives as long as it states, unless a ttl is written", async () => {
    const kit = keyed();
    await put(kit, { "cache-control": "max-age=10" });
    const own = said(kit.ask(), "cache-status");
    await put(kit, { "cache-control": "max-age=10" }, { ttl: 20 });

    expect([own, said(kit.ask(), "cache-status")]).toEqual([
      "caching-route;hit;ttl=10",
      "caching-route;hit;ttl=20",
    ]);
  });

  it("is for requests without any field that it varies by", async () => {
    const kit = keyed();
    await put(kit, { vary: "accept-language" });

    expect([kit.now({ headers: { "accept-language": "fr" } }).kind, kit.now().kind]).toEqual([
      "fill",
      "serve",
    ]);
  });

  it("with a coding is not for clients that accept another one", async () => {
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

  it("with a lifetime of 0 removes what is stored, and is not stored", async () => {
    const kit = keyed();
    await put(kit, {});
    const isThere = await put(kit, {}, { ttl: 0 });

    expect([isThere, kit.now().kind]).toEqual([false, "fill"]);
  });
});
