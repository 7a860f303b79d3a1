import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/fetch.ts";
import type { FetchHandler, FetchOptions } from "../../../src/adapters/fetch.ts";
import { createCache, memoryStore } from "../../../src/index.ts";
import type { Report } from "../../../src/index.ts";

const says =
  (text: string): FetchHandler =>
  () =>
    new Response(text);

async function told(handler: FetchHandler, url = "http://one.test/"): Promise<string> {
  const response = await handler(new Request(url));
  return (await response.text()) + (response.headers.get("x-cache") === "HIT" ? "!" : "");
}

describe("fetch: two wrapped handlers", () => {
  it("share nothing, though both receive one URL", async () => {
    const cache = createCache({ reporter: false });
    const [api, page] = ["api", "page"].map((text) => cacheRoute(cache, { ttl: 60 }, says(text))) as [
      FetchHandler,
      FetchHandler,
    ];

    expect([await told(api), await told(page), await told(api), await told(page)]).toEqual([
      "api",
      "page",
      "api!",
      "page!",
    ]);
  });

  it("share nothing if one function was wrapped twice", async () => {
    const cache = createCache({ reporter: false });
    const handler = says("page");
    await told(cacheRoute(cache, { ttl: 60 }, handler));

    expect(await told(cacheRoute(cache, { ttl: 60 }, handler))).toBe("page");
  });

  it("share nothing under one name, and the reporter warns", async () => {
    const told_: Report[] = [];
    const cache = createCache({ reporter: (report) => void told_.push(report) });
    const [one, other] = ["one", "other"].map((text) =>
      cacheRoute(cache, { ttl: 60, route: "page" }, says(text)),
    ) as [FetchHandler, FetchHandler];

    expect([await told(one), await told(other)]).toEqual(["one", "other"]);
    expect(told_.map(({ reason }) => reason)).toEqual(["same-name"]);
  });

  it.each<[string, FetchOptions, string]>([
    ["share nothing in two processes", { ttl: 60 }, "there"],
    ["share everything in two processes that call them by one name", { ttl: 60, route: "page" }, "here!"],
  ])("%s", async (_, options, expected) => {
    const store = memoryStore();
    const [here, there] = ["here", "there"].map((text) =>
      cacheRoute(createCache({ reporter: false, store }), options, says(text)),
    ) as [FetchHandler, FetchHandler];
    await told(here);

    expect(await told(there)).toBe(expected);
  });

  it("are called by their names in explanations", async () => {
    const cache = createCache({ reporter: false });
    await told(cacheRoute(cache, { ttl: 60, route: "page" }, says("page")));

    const { outcome, route } = await cache.explain({ url: "http://one.test/" }, { route: "page" });

    expect([outcome, route]).toEqual(["hit", "page"]);
  });

  it("are of one origin, as it is written in any way, or as the route says", async () => {
    const cache = createCache({ reporter: false });
    const handler = cacheRoute(cache, { ttl: 60, origin: ({ url }) => new URL(url).protocol }, says("page"));
    await told(handler);

    expect([await told(handler, "http://two.test:81/"), await told(handler, "https://one.test/")]).toEqual([
      "page!",
      "page",
    ]);
  });
});

describe("fetch: a property that was added to a request", () => {
  it("has no parameter that is not in the key, by any name", async () => {
    const url = "http://one.test/a?page=1&evil=%3Cscript%3E";
    const names = { query: { page: "1", evil: "<script>" }, originalUrl: "/a?page=1&evil=%3Cscript%3E" };
    const parsed = {
      parsedUrl: new URL(url),
      parameters: new URL(url).searchParams,
      search: new URL(url).search,
    };
    const handler = cacheRoute(createCache({ reporter: false }), { ttl: 60, query: ["page"] }, (request) => {
      const { query, originalUrl, parsedUrl, parameters, search, params } = request as unknown as Record<
        string,
        object
      >;
      return Response.json([
        request.url,
        query,
        originalUrl,
        parsedUrl,
        (parameters as URLSearchParams).toString(),
        search,
        params,
      ]);
    });

    const response = await handler(Object.assign(new Request(url), names, parsed, { params: { id: "7" } }));

    expect(await response.json()).toEqual([
      "http://one.test/a?page=1",
      { page: "1" },
      "/a?page=1",
      "http://one.test/a?page=1",
      "page=1",
      "?page=1",
      { id: "7" },
    ]);
  });
});
