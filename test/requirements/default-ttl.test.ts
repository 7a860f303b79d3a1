import { describe, expect, it } from "vitest";
import { kitOf, said } from "../support/kit.ts";
import type { KitOptions, Said } from "../support/kit.ts";

const silent: Said = {};
const stated: Said = { headers: { "cache-control": "max-age=10" } };

/** What a hit says of its time to live. */
function ttlSaid(options: KitOptions, response: Said): string | undefined {
  const { ask } = kitOf(options);
  ask({}, response);
  return /ttl=(\d+)/.exec(said(ask(), "cache-status") ?? "")?.[1];
}

describe("the lifetime of a response", () => {
  it("is the handler's, else 60, where nobody wrote one", () => {
    expect([ttlSaid({}, stated), ttlSaid({}, silent)]).toEqual(["10", "60"]);
  });

  it("is the handler's, else the cache's, where the cache wrote one among its defaults", () => {
    const options = { cache: { defaults: { ttl: 30 } } };

    expect([ttlSaid(options, stated), ttlSaid(options, silent)]).toEqual(["10", "30"]);
  });

  it("is the route's where the route wrote one", () => {
    const options = { cache: { defaults: { ttl: 30 } }, route: { ttl: 20 } };

    expect([ttlSaid(options, stated), ttlSaid(options, silent)]).toEqual(["20", "20"]);
  });

  it("is what the cache's function says, which looks at the response itself", () => {
    const options = { cache: { defaults: { ttl: () => 5 } } };

    expect([ttlSaid(options, stated), ttlSaid(options, silent)]).toEqual(["5", "5"]);
  });
});
