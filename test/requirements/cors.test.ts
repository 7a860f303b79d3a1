import { describe, expect, it } from "vitest";
import { followOf, fillOf, kitOf, openWith, said } from "../support/kit.ts";
import type { Asked, Said } from "../support/kit.ts";

const one: Asked = { headers: { origin: "https://one.test" } };
const two: Asked = { headers: { origin: "https://two.test" } };
const allowing = (origin: string | readonly string[], more: Said["headers"] = {}): Said => ({
  headers: { "access-control-allow-origin": origin, ...more },
});

describe("a response with Access-Control-Allow-Origin", () => {
  it.each<[string, string | readonly string[], Said["headers"], string]>([
    ["one origin", "https://one.test", {}, "origin"],
    ["null", "null", {}, "origin"],
    ["two lines", ["*", "https://one.test"], {}, "origin"],
    ["one origin, and Vary", "https://one.test", { vary: "Origin" }, "Origin"],
    ["one origin, and another Vary", "https://one.test", { vary: "x-a" }, "x-a, origin"],
  ])("varies by Origin: %s", (_, origin, more, vary) => {
    const { ask, now } = kitOf();

    const miss = ask(one, allowing(origin, more));

    expect([said(miss, "vary"), said(ask(one), "vary")]).toEqual([vary, vary]);
    expect([now(two).kind, now({}).kind]).toEqual(["fill", "fill"]);
  });

  it.each([["*"], [" * "]])("does not vary by Origin where it allows all of them: %j", (origin) => {
    const { ask, now } = kitOf();
    const miss = ask(one, allowing(origin));

    expect([now(two).kind, said(miss, "vary")]).toEqual(["serve", undefined]);
  });

  it("has the middleware's current value where middleware in front sets the same field", () => {
    const { ask, now } = kitOf();
    ask(one, { earlier: { "access-control-allow-origin": "https://one.test", vary: "Origin" } });

    expect(now(two).kind).toBe("serve");
  });

  it("is followed as a stream by the same origin alone, with Vary", async () => {
    const kit = kitOf();
    openWith(fillOf(kit.now(one)), allowing("https://one.test")).stream();

    const [same, other] = [await kit.begin(one), await kit.begin(two)];

    expect([said(followOf(same), "vary"), other.kind]).toEqual(["origin", "fill"]);
  });

  it("varies by Origin from the 304 on that sets the field", () => {
    const { ask, now, clock } = kitOf({ route: { ttl: 10, revalidate: true } });
    ask(one, { headers: { etag: '"v1"' } });
    clock.advance(10);

    ask(one, { status: 304, ...allowing("https://one.test") });

    expect([said(ask(one), "vary"), now(two).kind]).toEqual(["origin", "fill"]);
  });

  it("still varies by Origin after a 304 with another Vary", () => {
    const { ask, now, clock } = kitOf({ route: { ttl: 10, revalidate: true } });
    ask(one, allowing("https://one.test", { etag: '"v1"', "content-encoding": "gzip" }));
    clock.advance(10);

    ask(one, { status: 304, headers: { vary: "x-a" } });

    expect([said(ask(one), "vary"), now(two).kind]).toEqual(["x-a, accept-encoding, origin", "fill"]);
  });
});
