import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/fetch.ts";
import type { FetchHandler } from "../../../src/adapters/fetch.ts";
import { fetchSite, quietCache } from "../harness/fetch-site.ts";

const ask = (headers: Record<string, string> = {}): Request => new Request("http://a.test/", { headers });

describe("a response of the fetch adapter", () => {
  it("is no promise on a hit", async () => {
    const handler = cacheRoute(quietCache(), {}, () => new Response("a"));
    await handler(ask());

    const hit = handler(ask());

    expect(hit).toBeInstanceOf(Response);
  });

  it("is a 304 on a miss with text that the client has already", async () => {
    const { client } = await fetchSite(() => new Response("a", { headers: { etag: '"v1"' } }));

    const answer = await client.ask({ path: "/", headers: { "if-none-match": '"v1"' } });

    expect([answer.status, answer.body.byteLength, answer.header("x-cache")]).toEqual([304, 0, "MISS"]);
    expect(answer.header("content-length")).toBeUndefined();
  });

  it("has an entity tag and a length on a miss with text", async () => {
    const { client } = await fetchSite(() => new Response("four"));

    const miss = await client.ask({ path: "/" });

    expect(miss.header("etag")).toMatch(/^".+"$/);
    expect(miss.header("content-length")).toBe("4");
  });

  it("has no Content-Type that the handler did not set, though its content is ASCII", async () => {
    const { client } = await fetchSite(() => new Response(new TextEncoder().encode("plain")));

    const [miss, hit] = [await client.ask({ path: "/" }), await client.ask({ path: "/" })];

    expect(hit.header("x-cache")).toBe("HIT");
    expect([miss.header("content-type"), hit.header("content-type")]).toEqual([undefined, undefined]);
  });

  it("is sent in parts on a hit with large content, of which each client has a copy of its own", async () => {
    const large = new Uint8Array(3 * 2 ** 20).fill(7);
    const handler = cacheRoute(quietCache(), { maxBodyBytes: 4 * 2 ** 20 }, () => new Response(large));
    await (await handler(ask())).arrayBuffer();
    const before = process.memoryUsage().arrayBuffers;

    const hits = await Promise.all(Array.from({ length: 20 }, async () => handler(ask())));
    const held = process.memoryUsage().arrayBuffers - before;
    const [first, second] = hits;
    const parts: Uint8Array[] = [];
    for await (const part of first!.body!) {
      parts.push(new Uint8Array(part));
      part.fill(0);
    }

    expect(held).toBeLessThan(large.byteLength);
    expect(first!.headers.get("content-length")).toBe(String(large.byteLength));
    expect(Math.max(...parts.map(({ byteLength }) => byteLength))).toBeLessThanOrEqual(65_536);
    expect(Buffer.concat(parts).equals(large)).toBe(true);
    expect(Buffer.from(await second!.arrayBuffer()).equals(large)).toBe(true);
  });

  it("has each Set-Cookie on a line of its own, in order, whether it is stored or not", async () => {
    const cookies: [string, string][] = [
      ["set-cookie", "b=1; Expires=Thu, 01 Jan 2032 00:00:00 GMT"],
      ["set-cookie", "a=2"],
    ];
    const handle: FetchHandler = () => new Response("a", { headers: cookies });
    const [storing, refusing] = [await fetchSite(handle, { setCookie: "store" }), await fetchSite(handle)];
    await storing.client.ask({ path: "/" });

    const [hit, refused] = [
      await storing.client.ask({ path: "/" }),
      await refusing.client.ask({ path: "/" }),
    ];

    const lines = cookies.map(([, line]) => line);
    expect(hit.header("x-cache")).toBe("HIT");
    expect([hit.lines("set-cookie"), refused.lines("set-cookie")]).toEqual([lines, lines]);
  });

  it("is the handler's own if nothing is stored", async () => {
    const own = new Response("a", { status: 418, statusText: "Teapot" });
    const handler = cacheRoute(quietCache(), {}, () => own);

    const response = await handler(ask());

    expect(response).toBe(own);
    expect([response.statusText, response.headers.get("x-cache")]).toEqual(["Teapot", "MISS"]);
  });

  it("has the status fields even if the handler's headers are immutable", async () => {
    const frozen = await fetch("data:text/plain,frozen");
    const handler = cacheRoute(quietCache(), { statuses: [404] }, () => frozen);

    const response = await handler(ask());

    expect(response.headers.get("x-cache")).toBe("MISS");
    expect(response.headers.get("content-type")).toBe("text/plain");
    expect(await response.text()).toBe("frozen");
  });

  it("is a copy of the handler's if that has no content, since it may be a constant", async () => {
    const gone = new Response(null, { status: 404, headers: { "cache-status": "inner;hit" } });
    const handler = cacheRoute(quietCache(), {}, () => gone);
    await handler(ask());

    const again = await handler(ask());

    expect([...gone.headers]).toEqual([["cache-status", "inner;hit"]]);
    expect(again.headers.get("cache-status")).toMatch(/^inner;hit, caching-route;[^,]*$/);
  });

  it("is the handler's own if that is a network error", async () => {
    const broken = Response.error();
    const cache = quietCache();
    const handler = cacheRoute(cache, {}, () => broken);

    expect(await handler(ask())).toBe(broken);
    expect(await handler(ask({ cookie: "a=1" }))).toBe(broken);
    expect(cache.stats().stored).toBe(0);
  });

  it("is the handler's own if that was read already: it fails as without a cache, and is not stored", async () => {
    const spent = new Response("a");
    await spent.text();
    const cache = quietCache();
    const handler = cacheRoute(cache, {}, () => spent);

    expect(await handler(ask())).toBe(spent);
    expect(await handler(ask({ cookie: "a=1" }))).toBe(spent);
    expect([...spent.headers.keys()]).toEqual(["content-type"]);
    expect(cache.stats().refusals.failed).toBe(1);
  });

  it("has no content with a 205 that the route stores", async () => {
    const handler = cacheRoute(quietCache(), { statuses: [205] }, () => new Response(null, { status: 205 }));
    await handler(ask());

    const hit = await handler(ask());

    expect([hit.status, hit.body, hit.headers.get("x-cache")]).toEqual([205, null, "HIT"]);
  });

  it("is not shared memory: a write into the bytes of a hit changes no later hit", async () => {
    const handler = cacheRoute(quietCache(), {}, () => new Response("clean"));
    await handler(ask());
    const hit = await handler(ask());
    const { value } = await hit.body!.getReader().read();
    value!.fill(0);

    const next = await handler(ask());

    expect(await next.text()).toBe("clean");
  });
});
