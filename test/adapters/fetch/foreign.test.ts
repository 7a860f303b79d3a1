import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/fetch.ts";
import type { FetchOptions } from "../../../src/adapters/fetch.ts";
import { adapterContract, testClock } from "../../../src/testing/index.ts";
import { createCache } from "../../../src/index.ts";
import { behindForeignServer } from "../harness/fetch.ts";
import { quietCache } from "../harness/fetch-site.ts";
import { foreignRequest } from "../harness/foreign-request.ts";

const URL_A = "http://a.test/reports?b=2&a=1";
const post = (init: RequestInit = {}): Request =>
  new Request(URL_A, { method: "POST", body: "x=1", ...init });

/** What a handler reads of a request that arrives in a foreign class. */
async function read(
  request: Request,
  options: FetchOptions,
  see: (seen: Request) => unknown,
): Promise<{ readonly status: string | null; readonly seen: unknown }> {
  let seen: unknown;
  const handler = cacheRoute(quietCache(), options, async (given: Request) => {
    seen = await see(given);
    return new Response("a");
  });
  const response = await handler(request);
  return { status: response.headers.get("cache-status"), seen };
}

const STORED = "caching-route;fwd=uri-miss;fwd-status=200;stored";

describe("47: a fetch handler on a server with a Request class of its own", () => {
  const checks = adapterContract(behindForeignServer).map((check) => [check.name, check] as const);

  it.each(checks)("keeps the adapter contract: %s", async (_name, check) => {
    expect(await check.run()).toBeUndefined();
  });

  it("is given the fields, and the other properties of the class", async () => {
    const request = foreignRequest(new Request(URL_A, { headers: { "x-own": "1", "x-ip": "192.0.2.7" } }));
    const see = (given: Request): unknown => [
      given.url,
      given.headers.get("x-own"),
      (given as unknown as { ip: string }).ip,
    ];

    expect(await read(request, {}, see)).toEqual({ status: STORED, seen: [URL_A, "1", "192.0.2.7"] });
  });

  it("cannot read parameters outside the key by another property of the class", async () => {
    const see = (given: Request): unknown => [
      given.url,
      String((given as unknown as { parsedUrl: URL }).parsedUrl),
    ];

    const { seen } = await read(foreignRequest(new Request(URL_A)), { query: ["a"] }, see);

    expect(seen).toEqual(["http://a.test/reports?a=1", "http://a.test/reports?a=1"]);
  });

  it.each<[string, FetchOptions]>([
    ["from which the key is made", { methods: ["POST"] }],
    ["of which the key is none", { methods: ["POST"], key: () => "k" }],
  ])("reads the content %s", async (_what, options) => {
    const read_ = await read(foreignRequest(post()), options, (given) => given.text());

    expect(read_).toEqual({ status: STORED, seen: "x=1" });
  });

  it.each<[string, FetchOptions, string]>([
    ["from which the key would be made", { methods: ["POST"] }, "caching-route;fwd=bypass;detail=content"],
    ["of which the key is none", { methods: ["POST"], key: () => "k" }, STORED],
    ["of an unsafe request", {}, "caching-route;fwd=method;detail=method"],
  ])(
    "gets the same result for content that was read before, %s, as without a cache",
    async (_what, options, status) => {
      const foreign = await read(foreignRequest(post(), { isRead: true }), options, failure);
      const used = post();
      await used.text();
      const own = await read(used, options, failure);

      expect(foreign).toEqual({ status, seen: [true, "somebody has read this content"] });
      expect(own).toEqual({ status, seen: [true, expect.stringMatching(/unusable|already/i)] });
    },
  );

  it("finds the value that middleware has put in the place of content that it has read", async () => {
    const used = post();
    await used.text();
    Object.assign(used, { text: async () => "kept", parsed: { x: 1 } });
    const see = async (given: Request): Promise<unknown> => [
      await given.text(),
      Reflect.get(given, "parsed"),
    ];

    const { seen } = await read(used, { methods: ["POST"], key: () => "k" }, see);

    expect(seen).toEqual(["kept", { x: 1 }]);
  });

  it("is run in the background, but not with content that somebody else has read", async () => {
    const clock = testClock();
    const runs: string[] = [];
    const cache = createCache({ clock, reporter: false });
    const options = { ttl: 1, staleWhileRevalidate: 60, methods: ["GET", "POST"], key: () => "k" };
    const handler = cacheRoute(cache, options, (given: Request) => {
      runs.push(`${given.method} ${given.headers.get("x-own")}`);
      return new Response("a");
    });
    const get = (): Request => foreignRequest(new Request(URL_A, { headers: { "x-own": "1" } }));
    await handler(get());
    await handler(foreignRequest(post(), { isRead: true }));
    clock.advance(2);

    const stale = await handler(get());
    const again = await handler(foreignRequest(post(), { isRead: true }));
    await new Promise((resolve) => setTimeout(resolve, 20));

    expect([stale.headers.get("x-cache"), again.headers.get("x-cache")]).toEqual(["HIT", "MISS"]);
    expect(runs.toSorted()).toEqual(["GET 1", "GET 1", "POST null", "POST null"]);
  });

  it("may be given a URL that is only a path", async () => {
    const bare = { method: "GET", url: "/a?b=1&c=2", headers: new Headers(), body: null, bodyUsed: false };

    const { status, seen } = await read(bare as unknown as Request, { query: ["b"] }, (given) => given.url);

    expect([status, seen]).toEqual([STORED, "http://localhost/a?b=1"]);
  });
});

async function failure(given: Request): Promise<readonly unknown[]> {
  return [given.bodyUsed, await given.text().catch((error: Error) => error.message)];
}
