import { getQuery, H3, withBase } from "h3";
import { afterEach, describe, expect, it, vi } from "vitest";
import { cacheRoute } from "../../../src/adapters/h3.ts";
import type { ContractServer } from "../../../src/testing/index.ts";
import { listen } from "../harness/h3.ts";
import { ask, heldCache } from "../hono/support.ts";
import type { Seen } from "../hono/support.ts";

const servers: ContractServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

type Ask = (path: string) => Promise<Seen>;

/** What asks an application in memory, and what asks it behind srvx. */
async function waysTo(make: () => H3): Promise<Ask[]> {
  const app = make();
  const server = await listen(make());
  servers.push(server);
  return [
    (path) => ask(app, path),
    (path) => ask({ request: (at, given) => fetch(server.origin + at, given) }, path),
  ];
}

async function answers(askApp: Ask, paths: readonly string[]): Promise<unknown[]> {
  const told: unknown[] = [];
  for (const path of paths) {
    const { cache, text } = await askApp(path);
    told.push([cache, text]);
  }
  return told;
}

/** An application that takes the language out of the path before it looks for a route. */
function inLanguages(cached: ReturnType<typeof cacheRoute>): H3 {
  const app = new H3({
    onRequest(event) {
      const [, language, rest] = /^\/(de|en)(\/.*)$/.exec(event.url.pathname) ?? [];
      if (rest === undefined) return;
      event.context["language"] = language;
      event.url.pathname = rest;
    },
  });
  return app.get("/page", cached);
}

describe("an h3 URL that is rewritten in front of the lookup", () => {
  it("shares nothing with another that is rewritten to the same", async () => {
    const ways = await waysTo(() =>
      inLanguages(cacheRoute(heldCache().cache, { ttl: 60 }, (event) => event.context["language"])),
    );

    for (const way of ways)
      expect(await answers(way, ["/de/page?a=1", "/en/page?a=1", "/de/page?a=1", "/page?a=1"])).toEqual([
        ["MISS", "de"],
        ["MISS", "en"],
        ["HIT", "de"],
        ["MISS", ""],
      ]);
  });

  it("by a base of its own for each tenant, keeps tenants apart", async () => {
    const ways = await waysTo(() => {
      const tenant = cacheRoute(heldCache().cache, { ttl: 60 }, ({ context, url }) => [
        context.params?.["tenant"],
        url.pathname,
      ]);
      return new H3().all("/:tenant/**", (event) =>
        withBase(`/${event.context.params?.["tenant"]}`, tenant)(event),
      );
    });

    for (const way of ways)
      expect(await answers(way, ["/t1/page", "/t2/page", "/t1/page"])).toEqual([
        ["MISS", '["t1","/page"]'],
        ["MISS", '["t2","/page"]'],
        ["HIT", '["t1","/page"]'],
      ]);
  });

  it("is refreshed as it was received", async () => {
    const held = heldCache();
    let runs = 0;
    const options = { ttl: 10, staleWhileRevalidate: 60 };
    const cached = cacheRoute(
      held.cache,
      options,
      (event) => `${String(event.context["language"])} ${++runs}`,
    );
    const [, behindSrvx] = (await waysTo(() => inLanguages(cached))) as [Ask, Ask];
    await behindSrvx("/de/page");
    held.clock.advance(10);
    await behindSrvx("/de/page");
    await vi.waitFor(() => expect(held.cache.stats().stored).toBe(2));

    expect(await answers(behindSrvx, ["/de/page"])).toEqual([["HIT", "de 2"]]);
  });

  it("is shown to the handler in a refresh as on a miss", async () => {
    const held = heldCache();
    const cached = cacheRoute(held.cache, { ttl: 10, staleWhileRevalidate: 60 }, ({ req, url }) => [
      new URL(req.url).pathname,
      url.pathname,
    ]);
    const ways = await waysTo(() => new H3().all("/base/**", withBase("/base", cached)));
    for (const [index, way] of ways.entries()) {
      const { text } = await way("/base/a");
      held.clock.advance(10);
      await way("/base/a");
      await vi.waitFor(() => expect(held.cache.stats().stored).toBe(2 * index + 2));

      expect(await answers(way, ["/base/a"])).toEqual([["HIT", text]]);
    }
  });

  it("is removed by the URL that was received, and by what was made of it", async () => {
    const held = heldCache();
    const [, behindSrvx] = (await waysTo(() =>
      inLanguages(cacheRoute(held.cache, { ttl: 60 }, (event) => event.context["language"])),
    )) as [Ask, Ask];
    const outcomes: unknown[] = [];
    for (const url of ["/de/page", "/page", "/en/page"]) {
      await behindSrvx("/de/page");
      await held.cache.invalidate({ url });
      outcomes.push((await behindSrvx("/de/page")).cache);
    }

    expect(outcomes).toEqual(["MISS", "MISS", "HIT"]);
  });

  it("has parameters that were added, and they are in the key", async () => {
    const ways = await waysTo(() => {
      let region = 0;
      const app = new H3().use((event) => event.url.searchParams.set("region", String(++region % 2)));
      return app.get(
        "/",
        cacheRoute(heldCache().cache, { ttl: 60 }, (event) => getQuery(event)),
      );
    });

    for (const way of ways)
      expect(await answers(way, ["/?a=1", "/?a=1", "/?a=1"])).toEqual([
        ["MISS", '{"a":"1","region":"1"}'],
        ["MISS", '{"a":"1","region":"0"}'],
        ["HIT", '{"a":"1","region":"1"}'],
      ]);
  });

  it("is not one that has another form only", async () => {
    const ways = await waysTo(() => {
      const app = new H3({ silent: true });
      return app.get(
        "/**",
        cacheRoute(heldCache().cache, { ttl: 60 }, ({ url }) => url.pathname),
      );
    });

    for (const way of ways) {
      await way("/a%20b");
      expect(await answers(way, ["/a%20b?", "//a/", "//a/"])).toEqual([
        ["HIT", "/a%20b"],
        ["MISS", "//a/"],
        ["HIT", "//a/"],
      ]);
    }
  });
});
