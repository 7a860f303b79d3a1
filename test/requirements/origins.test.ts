import { describe, expect, it } from "vitest";
import { createCache } from "../../src/index.ts";
import { kitOf, textOf } from "../support/kit.ts";
import type { Asked, Kit } from "../support/kit.ts";

/** How many runs of the handler these origins take. */
function runs(kit: Kit, ...origins: readonly string[]): number {
  const texts = origins.map((origin, at) => textOf(kit.ask({ origin }, { body: `run ${at}` })));
  return new Set(texts).size;
}

describe("an origin", () => {
  it("is the same in any case, with its scheme's default port or without", () => {
    const http = ["http://EXAMPLE.com", "http://example.com", "http://example.com:80", "HTTP://Example.com:"];
    const https = ["https://EXAMPLE.com", "https://example.com:443"];

    expect([runs(kitOf(), ...http), runs(kitOf(), ...https)]).toEqual([1, 1]);
  });

  it("differs with another port, another scheme, an empty host or none", () => {
    const origins = ["http://a", "https://a", "http://a:443", "https://a:80", "http://a.", "http://", "http"];

    expect(runs(kitOf(), ...origins)).toBe(7);
  });

  it("is the route's own, for aliases", () => {
    const kit = kitOf({ route: { origin: "https://EXAMPLE.com:443" } });

    expect(runs(kit, "http://a", "https://b:81", "http", "https://example.com")).toBe(1);
  });

  it("is that of the cache's defaults", () => {
    const kit = kitOf({ cache: { defaults: { origin: "http://example.com" } } });

    expect(runs(kit, "http://127.0.0.1:1", "http://127.0.0.1:2")).toBe(1);
  });

  it("is what the route's function returns for the request", () => {
    const kit = kitOf({ route: { origin: ({ headers }) => `http://${headers?.["x-site"]}` } });
    const asked = (site: string): Asked => ({ origin: `http://${site}.alias`, headers: { "x-site": site } });

    const texts = ["a", "b", "a", "b"].map((site, at) => textOf(kit.ask(asked(site), { body: `run ${at}` })));

    expect(texts).toEqual(["run 0", "run 1", "run 0", "run 1"]);
  });

  it.each([[""], [undefined], [1], [Promise.resolve("http://a")]])(
    "fails the request where the route's function returns %o",
    (returned) => {
      const kit = kitOf({ route: { origin: () => returned as string, invalidateOnUnsafe: true } });
      const wrong = expect.objectContaining({
        code: "ERR_CACHE_ORIGIN",
        message: expect.stringContaining('"origin" returned'),
      });

      expect(() => kit.now()).toThrow(wrong);
      expect(() => kit.now({ method: "POST" })).toThrow(wrong);
    },
  );

  it.each([[""], [1], [null], [["http://a"]]])("is refused at declaration where it is %o", (origin) => {
    const wrong = expect.objectContaining({ code: "ERR_CACHE_OPTION_INVALID" });

    expect(() => kitOf({ route: { origin: origin as string } })).toThrow(wrong);
    expect(() => createCache({ defaults: { origin: origin as string } })).toThrow(wrong);
  });

  it("is cleared by a write through an alias, and by the Location that it names", () => {
    const kit = kitOf({ route: { origin: "http://example.com", invalidateOnUnsafe: true } });
    const targets = ["/a", "/b", "/c"];
    targets.forEach((target) => kit.ask({ target }));

    kit.ask(
      { method: "POST", target: "/a", origin: "http://ALIAS:80" },
      { headers: { location: "/b", "content-location": "http://example.com/c" } },
    );

    expect(targets.map((target) => textOf(kit.ask({ target }, { body: "new" })))).toEqual([
      "new",
      "new",
      "new",
    ]);
  });

  it("has the same groups by each of its names", () => {
    const kit = kitOf({ route: { invalidateOnUnsafe: true } });
    kit.ask({}, { headers: { "cache-groups": '"a"' } });

    kit.ask(
      { method: "POST", target: "/other", origin: "http://EXAMPLE.org:80" },
      { headers: { "cache-group-invalidation": '"a"' } },
    );

    expect(textOf(kit.ask({}, { body: "new" }))).toBe("new");
  });

  it("lets explain do without an absolute URL where the route fixes it", async () => {
    const kit = kitOf({ route: { origin: "http://example.com" } });
    kit.ask({ origin: "http://127.0.0.1:1" });

    const { outcome, text } = await kit.cache.explain({ url: "/reports" });

    expect(outcome).toBe("hit");
    expect(text).not.toContain("taken to be");
  });

  it("is unknown to explain where a function finds it and no request is given", async () => {
    const { cache } = kitOf({ route: { origin: () => "http://example.com" } });

    expect((await cache.explain({ url: "/reports" })).outcome).toBe("unknown");
  });
});
