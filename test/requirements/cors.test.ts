import { describe, expect, it } from "vitest";
import { followOf, fillOf, kitOf, openWith, said } from "../support/kit.ts";
import type { Asked, Said } from "../support/kit.ts";

const one: Asked = { headers: { origin: "https://one.test" } };
const two: Asked = { headers: { origin: "https://two.test" } };
const allowing = (origin: string | readonly string[], more: Said["headers"] = {}): Said => ({
  headers: { "access-control-allow-origin": origin, ...more },
});

describe("a handler that lets an origin read its response", () => {
  it.each<[string, string | readonly string[], Said["headers"], string]>([
    ["one origin", "https://one.test", {}, "origin"],
    ["null", "null", {}, "origin"],
    ["two lines", ["*", "https://one.test"], {}, "origin"],
    ["one origin, and Vary", "https://one.test", { vary: "Origin" }, "Origin"],
    ["one origin, and another Vary", "https://one.test", { vary: "x-a" }, "x-a, origin"],
  ])("%s: the response varies by it", (_, origin, more, vary) => {
    const { ask, now } = kitOf();

    const miss = ask(one, allowing(origin, more));

    expect([said(miss, "vary"), said(ask(one), "vary")]).toEqual([vary, vary]);
    expect([now(two).kind, now({}).kind]).toEqual(["fill", "fill"]);
  });

  it.each([["*"], [" * "]])("all of them, by %j: the response is one", (origin) => {
    const { ask, now } = kitOf();
    const miss = ask(one, allowing(origin));

    expect([now(two).kind, said(miss, "vary")]).toEqual(["serve", undefined]);
  });

  it("after middleware in front that says the same: what is said there is said afresh", () => {
    const { ask, now } = kitOf();
    ask(one, { earlier: { "access-control-allow-origin": "https://one.test", vary: "Origin" } });

    expect(now(two).kind).toBe("serve");
  });

  it("while it streams: others are not let in, and the same origin is told Vary", async () => {
    const kit = kitOf();
    openWith(fillOf(kit.now(one)), allowing("https://one.test")).stream();

    const [same, other] = [await kit.begin(one), await kit.begin(two)];

    expect([said(followOf(same), "vary"), other.kind]).toEqual(["origin", "fill"]);
  });

  it("by a 304: from then on the response varies by it", () => {
    const { ask, now, clock } = kitOf({ route: { ttl: 10, revalidate: true } });
    ask(one, { headers: { etag: '"v1"' } });
    clock.advance(10);

    ask(one, { status: 304, ...allowing("https://one.test") });

    expect([said(ask(one), "vary"), now(two).kind]).toEqual(["origin", "fill"]);
  });

  it("before a 304 that says another Vary: the response still varies by it", () => {
    const { ask, now, clock } = kitOf({ route: { ttl: 10, revalidate: true } });
    ask(one, allowing("https://one.test", { etag: '"v1"', "content-encoding": "gzip" }));
    clock.advance(10);

    ask(one, { status: 304, headers: { vary: "x-a" } });

    expect([said(ask(one), "vary"), now(two).kind]).toEqual(["x-a, accept-encoding, origin", "fill"]);
  });
});
