import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/fetch.ts";
import { splitUrl } from "../../../src/adapters/web/request.ts";
import { fetchSite, quietCache } from "../harness/fetch-site.ts";

const URL_A = "http://a.test:8080/reports?b=2&a=1";

describe("the request for a handler of the fetch adapter", () => {
  it("is the client's own but for its signal if nothing has to be hidden", async () => {
    const seen: Request[] = [];
    const handler = cacheRoute(quietCache(), {}, (request) => (seen.push(request), new Response("a")));
    const request = new Request(URL_A, { headers: { "x-own": "1" } });

    await handler(request);

    expect([seen[0]!.url, ...seen[0]!.headers]).toEqual([URL_A, ["x-own", "1"]]);
    expect(seen[0]!.signal).not.toBe(request.signal);
  });

  it("is the client's own object on a bypass", async () => {
    const seen: Request[] = [];
    const handler = cacheRoute(quietCache(), {}, (request) => (seen.push(request), new Response("a")));
    const request = new Request(URL_A, { headers: { cookie: "a=1", range: "bytes=0-0" } });

    await handler(request);

    expect(seen[0]).toBe(request);
  });

  it("lacks only the fields that the cache evaluates: conditions and ranges", async () => {
    const seen: Request[] = [];
    const handler = cacheRoute(quietCache(), {}, (request) => (seen.push(request), new Response("a")));
    const request = new Request(URL_A, {
      headers: { "x-own": "1", range: "bytes=0-0", "if-none-match": '"x"' },
    });

    await handler(request);

    expect([...seen[0]!.headers]).toEqual([["x-own", "1"]]);
    expect(seen[0]!.url).toBe(URL_A);
    expect(request.headers.has("range")).toBe(true);
  });

  it("has the origin that it came with and the parameters that are in the key", async () => {
    const seen: Request[] = [];
    const handler = cacheRoute(
      quietCache(),
      { query: ["a"] },
      (request) => (seen.push(request), new Response("a")),
    );

    await handler(new Request(`${URL_A}#part`, { headers: { "x-own": "1" } }));

    expect(seen[0]!.url).toBe("http://a.test:8080/reports?a=1");
    expect(seen[0]!.headers.get("x-own")).toBe("1");
  });

  it("keeps the properties that a runtime has added, and the end of its client, when it is a copy", async () => {
    const seen: Request[] = [];
    const client = new AbortController();
    const handler = cacheRoute(quietCache(), { query: [] }, (request) => {
      seen.push(request);
      client.abort();
      return new Response("a");
    });
    const request = Object.assign(new Request(URL_A, { signal: client.signal }), { params: { id: "1" } });

    await handler(request);

    expect(seen[0]).not.toBe(request);
    expect(seen[0]).toHaveProperty("params", { id: "1" });
    expect(seen[0]!.signal.aborted).toBe(true);
  });

  it("may be written into without changing the variant of its response", async () => {
    const handler = cacheRoute(quietCache(), { vary: ["accept-language"] }, (request) => {
      const language = request.headers.get("accept-language");
      request.headers.set("accept-language", "en");
      return new Response(`in ${language}`);
    });
    const ask = (language: string): Request =>
      new Request(URL_A, { headers: { "accept-language": language } });
    await handler(ask("fr"));

    const [english, french] = [await handler(ask("en")), await handler(ask("fr"))];

    expect([english.headers.get("x-cache"), await english.text()]).toEqual(["MISS", "in en"]);
    expect([french.headers.get("x-cache"), await french.text()]).toEqual(["HIT", "in fr"]);
  });

  it("is the same with a fragment and without", async () => {
    const handler = cacheRoute(quietCache(), {}, () => new Response("a"));
    await handler(new Request(URL_A));

    const hit = await handler(new Request(`${URL_A}#part/of?it`));

    expect(hit.headers.get("x-cache")).toBe("HIT");
  });

  it("has all of its content, though the cache has read it for the key", async () => {
    const { client } = await fetchSite(async (request) => new Response(await request.text()), {
      methods: ["POST"],
    });
    const post = { method: "POST", path: "/", headers: { "content-type": "text/plain" } };

    const one = await client.ask({ ...post, body: "one" });
    const [again, two] = [
      await client.ask({ ...post, body: "one" }),
      await client.ask({ ...post, body: "two" }),
    ];

    expect([one.text, again.text, two.text]).toEqual(["one", "one", "two"]);
    expect([again.header("x-cache"), two.header("x-cache")]).toEqual(["HIT", "MISS"]);
  });

  it("has its whole content if that is too large for a key, declared or not, and bypasses the cache", async () => {
    const { client, cache } = await fetchSite(
      async (request) => new Response(String((await request.arrayBuffer()).byteLength)),
      { methods: ["POST"] },
    );
    const body = "x".repeat(3 * 2 ** 20);
    const post = { method: "POST", path: "/", body };

    const declared = await client.ask({ ...post, headers: { "content-length": body.length } });
    const chunked = await client.ask({ ...post, headers: { "transfer-encoding": "chunked" } });

    expect([declared.text, chunked.text]).toEqual([String(body.length), String(body.length)]);
    expect(cache.stats().refusals.content).toBe(2);
  });

  it("is the client's own, unread, if its Content-Length is too large for a key", async () => {
    const seen: Request[] = [];
    const handler = cacheRoute(
      quietCache(),
      { methods: ["POST"] },
      (request) => (seen.push(request), new Response("a")),
    );
    const headers = { "content-length": String(2 ** 20 + 1) };
    const request = new Request(URL_A, { method: "POST", body: "x", headers });

    await handler(request);

    expect(seen[0]).toBe(request);
    expect(request.bodyUsed).toBe(false);
  });

  it("is cached by a method with content though it has none", async () => {
    const handler = cacheRoute(quietCache(), { methods: ["POST"] }, () => new Response("a"));
    await handler(new Request(URL_A, { method: "POST" }));

    const hit = await handler(new Request(URL_A, { method: "POST" }));

    expect(hit.headers.get("x-cache")).toBe("HIT");
  });

  it("is not looked up if a guard has read the content of the key", async () => {
    const cache = quietCache();
    const before = [async (request: Request): Promise<void> => void (await request.text())];
    const handler = cacheRoute(cache, { methods: ["POST"], before }, () => new Response("a"));

    await handler(new Request(URL_A, { method: "POST", body: "read" }));

    expect(cache.stats().refusals.content).toBe(1);
  });

  it("keeps its content unread if the route has a key function", async () => {
    const seen: Request[] = [];
    const handler = cacheRoute(
      quietCache(),
      { methods: ["POST"], key: () => "one" },
      (request) => (seen.push(request), new Response("a")),
    );
    const request = new Request(URL_A, { method: "POST", body: "unread" });

    await handler(request);

    expect(seen[0]).toBe(request);
    expect(request.bodyUsed).toBe(false);
  });

  it.each([
    ["http://a.test/b?c=/d#e?f", "http://a.test", "/b?c=/d"],
    ["http://a.test#e/f", "http://a.test", "/"],
    ["http://a.test?c=/d", "http://a.test", "/?c=/d"],
    ["https://[::1]:8443/", "https://[::1]:8443", "/"],
    ["/only/a/path?c", "", "/only/a/path?c"],
  ])("splits %s into origin and target", (url, origin, target) => {
    expect(splitUrl(url)).toEqual([origin, target]);
  });
});
