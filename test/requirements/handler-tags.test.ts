import { describe, expect, it } from "vitest";
import { createCache } from "../../src/index.ts";
import type { Fill, OpenFill } from "../../src/adapter.ts";
import { MOST_TAGS } from "../../src/http/cache-tag.ts";
import { toFields } from "../../src/http/fields.ts";
import { fillOf, kitOf, said } from "../support/kit.ts";
import type { Said } from "../support/kit.ts";

function openTagged(
  fill: Fill,
  tags: readonly string[],
  { status = 200, headers = {} }: Said = {},
): OpenFill {
  return fill.open({ status, fields: toFields(headers), tags });
}

const many = Array.from({ length: MOST_TAGS + 1 }, (_, index) => `t${index}`);

describe("a response that its handler tags", () => {
  it("is not stored if one of the tags was invalidated while the handler ran", async () => {
    const { cache, now } = kitOf();
    const fill = fillOf(now());
    await cache.invalidate({ tag: "user:1" });

    openTagged(fill, ["user:1"]).complete("before");

    expect(now().kind).toBe("fill");
  });

  it.each([
    ["too many", many, {}],
    ["one that is too long", ["a".repeat(1025)], {}],
    ["a malformed Cache-Tag", [], { "cache-tag": "a b" }],
    ["too many in all", many.slice(2), { "cache-tag": "a, b, c" }],
  ])("is served and not stored with %s", (_what, tags, headers) => {
    const { cache, now } = kitOf();

    const reply = openTagged(fillOf(now()), tags, { headers }).complete("report");

    expect(said(reply, "cache-status")).toContain("detail=tags");
    expect([now().kind, cache.stats().refusals]).toEqual(["fill", { tags: 1 }]);
  });

  it("is explained with its tags, and without its groups", async () => {
    const { cache, now } = kitOf({ route: { tags: ["reports"], invalidateOnUnsafe: true } });
    const headers = { "cache-tag": "in-field", "cache-groups": '"group"' };
    openTagged(fillOf(now()), ["user:1"], { headers }).complete("report");

    const { entry, text } = await cache.explain({ url: "http://example.org/reports" });

    expect(entry?.tags).toEqual(["reports", "user:1", "in-field"]);
    expect(text).toContain("tagged reports, user:1, in-field");
  });
});

describe("a stored response that a HEAD freshens", () => {
  it("keeps its tags, and takes those that the HEAD adds in their place", async () => {
    const { cache, clock, now } = kitOf({ route: { ttl: 10, revalidate: true } });
    const headers = { etag: '"1"' };
    const tags = async (): Promise<readonly string[] | undefined> =>
      (await cache.explain({ url: "http://example.org/reports" })).entry?.tags;
    openTagged(fillOf(now()), ["first"], { headers }).complete("report");
    clock.advance(11);
    openTagged(fillOf(now({ method: "HEAD" })), [], { headers }).complete(undefined);
    const kept = await tags();
    clock.advance(11);

    openTagged(fillOf(now({ method: "HEAD" })), ["later"], { headers }).complete(undefined);

    expect([kept, await tags()]).toEqual([["first"], ["later"]]);
  });
});

describe("a response put by hand", () => {
  it("has the tags in its Cache-Tag, too", async () => {
    const cache = createCache();
    await cache.set("a", { headers: { "Cache-Tag": "in-field" }, body: "" }, { tags: ["given"] });
    const before = await cache.get("a");

    await cache.invalidate({ tag: "in-field" });

    expect([before?.fields, await cache.get("a")]).toEqual([
      expect.arrayContaining([["cache-tag", "in-field"]]),
      undefined,
    ]);
  });

  it("is refused with a Cache-Tag that is malformed", async () => {
    const refused = createCache().set("a", { headers: { "cache-tag": "a b" }, body: "" });

    await expect(refused).rejects.toThrow(/cannot be stored \(tags\): its Cache-Tag is malformed/);
  });

  it("is stored without Cache-Tag where the defaults strip it", async () => {
    const cache = createCache({ defaults: { cacheTag: "strip" } });
    await cache.set("a", { headers: { "cache-tag": "in-field" }, body: "" });
    const before = await cache.get("a");

    await cache.invalidate({ tag: "in-field" });

    expect([before?.fields.map(([name]) => name), await cache.get("a")]).toEqual([["etag"], undefined]);
  });
});

it('cacheTag is "send" or "strip"', () => {
  expect(() => kitOf({ route: { cacheTag: true as never } })).toThrow(
    /"cacheTag" is true; write "send" or "strip"/,
  );
});
