import { gunzipSync, gzipSync } from "node:zlib";
import compression from "compression";
import type { RequestHandler, Response } from "express";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import type { Client } from "../express/client.ts";
import { quietCache, versions, visit } from "../express/support.ts";

const long = "caching ".repeat(400);
const gzip = { "accept-encoding": "gzip" };
const compress = compression({ threshold: 0 });

const html = (res: Response): Response => res.set("content-type", "text/html");
/** Not `res.send`, which gives a weak tag. */
const untagged: RequestHandler = (_req, res) => void html(res).end(long);

describe.each(versions)("%s: a tag of the cache's own, behind compression", (_version, express) => {
  function site(handler: RequestHandler = untagged, front: RequestHandler = compress): Promise<Client> {
    const app = express();
    app.get("/a", front, cacheRoute(quietCache(), { ttl: 60 }), handler);
    return visit(app);
  }

  it("is weak with compressed content, and strong with plain content", async () => {
    const client = await site();
    const miss = await client.ask({ path: "/a", headers: gzip });
    const hit = await client.ask({ path: "/a", headers: gzip });
    const plain = await client.ask({ path: "/a" });
    expect([miss, hit].map(({ body }) => gunzipSync(body).toString())).toEqual([long, long]);
    expect(plain.header("etag")).toMatch(/^"[\w-]{22}"$/);
    expect([miss, hit].map(({ header }) => header("etag"))).toEqual([
      `W/${plain.header("etag")}`,
      `W/${plain.header("etag")}`,
    ]);
    expect([hit, plain].map(({ header }) => header("x-cache"))).toEqual(["HIT", "HIT"]);
  });

  it("does not let a client resume compressed content with plain content", async () => {
    const client = await site();
    const { header } = await client.ask({ path: "/a", headers: gzip });
    const headers = { ...gzip, range: "bytes=10-", "if-range": header("etag") ?? "" };
    const resumed = await client.ask({ path: "/a", headers });
    expect([resumed.status, gunzipSync(resumed.body).toString()]).toEqual([200, long]);
  });

  it("is weak again in the 304 to a client that has the weak one", async () => {
    const client = await site();
    const { header } = await client.ask({ path: "/a", headers: gzip });
    const headers = { ...gzip, "if-none-match": header("etag") ?? "" };
    const again = await client.ask({ path: "/a", headers });
    expect([again.status, again.header("etag")]).toEqual([304, header("etag")]);
  });

  it("is strong in a 206, which is not compressed", async () => {
    const client = await site();
    const { header } = await client.ask({ path: "/a" });
    const headers = { ...gzip, range: "bytes=8-14", "if-range": header("etag") ?? "" };
    const part = await client.ask({ path: "/a", headers });
    expect([part.status, part.text, part.header("content-encoding")]).toEqual([206, "caching", undefined]);
    expect([part.header("etag"), part.header("content-range")]).toEqual([
      header("etag"),
      `bytes 8-14/${long.length}`,
    ]);
    expect(part.header("cache-control")).toBe("no-transform");
  });

  it("is strong in a 206 of a miss, which is not compressed", async () => {
    const client = await site((_req, res) => void html(res).set("cache-control", "max-age=9").end(long));
    const part = await client.ask({ path: "/a", headers: { ...gzip, range: "bytes=8-14" } });
    expect([part.status, part.text, part.header("x-cache")]).toEqual([206, "caching", "MISS"]);
    expect(part.header("cache-control")).toBe("max-age=9, no-transform");
  });

  it("stays strong if middleware writes the head and compresses nothing", async () => {
    const client = await site(untagged, compression({ filter: () => false }));
    await client.ask({ path: "/a" });
    const { header } = await client.ask({ path: "/a", headers: gzip });
    expect([header("etag"), header("x-cache")]).toEqual([expect.stringMatching(/^"/), "HIT"]);
  });

  it.each(['"v5"', '"abcdefghijklmnopqrstuv"'])(
    "is weak like the strong tag %s of a handler",
    async (tag) => {
      const client = await site((_req, res) => void html(res).set("etag", tag).end(long));
      const miss = await client.ask({ path: "/a", headers: gzip });
      const hit = await client.ask({ path: "/a", headers: gzip });
      const head = await client.ask({ method: "HEAD", path: "/a", headers: gzip });
      const same = await client.ask({ path: "/a", headers: { ...gzip, "if-none-match": `W/${tag}` } });
      const any = await client.ask({ path: "/a", headers: { ...gzip, "if-none-match": "*" } });
      const plain = await client.ask({ path: "/a" });
      expect([miss, hit, head, same, any].map(({ header }) => header("etag"))).toEqual(
        Array.from({ length: 5 }, () => `W/${tag}`),
      );
      expect([same.status, any.status, plain.header("etag")]).toEqual([304, 304, tag]);
      expect([miss.header("content-encoding"), hit.header("x-cache")]).toEqual(["gzip", "HIT"]);
    },
  );

  it("is weak for a stream", async () => {
    const client = await site((_req, res) => {
      html(res).set("etag", '"v5"').write(long);
      res.end(long);
    });
    const [miss, hit] = [
      await client.ask({ path: "/a", headers: gzip }),
      await client.ask({ path: "/a", headers: gzip }),
    ];
    expect([miss, hit].map(({ header }) => header("etag"))).toEqual(['W/"v5"', 'W/"v5"']);
    expect(hit.header("x-cache")).toBe("HIT");
  });

  it("is not set if the handler has set a weak one", async () => {
    const client = await site((_req, res) => void html(res).set("etag", 'W/"v5"').end(long));
    const miss = await client.ask({ path: "/a", headers: gzip });
    const hit = await client.ask({ path: "/a", headers: gzip });
    expect([miss.header("etag"), hit.header("etag")]).toEqual(['W/"v5"', 'W/"v5"']);
  });

  it("names the bytes that the handler has coded, whole and in a 206", async () => {
    const coded = gzipSync(long);
    const client = await site((_req, res) => void html(res).set("content-encoding", "gzip").end(coded));
    const miss = await client.ask({ path: "/a", headers: gzip });
    const part = await client.ask({ path: "/a", headers: { ...gzip, range: "bytes=10-" } });
    expect([miss.header("etag"), part.header("etag")]).toEqual([
      expect.stringMatching(/^"/),
      miss.header("etag"),
    ]);
    expect([part.status, part.body.equals(coded.subarray(10))]).toEqual([206, true]);
    expect(part.header("cache-control")).toBeUndefined();
  });

  it("needs no guard if compression runs after the cache", async () => {
    const app = express();
    app.get("/a", cacheRoute(quietCache(), { ttl: 60 }), compress, untagged);
    const client = await visit(app);
    const whole = await client.ask({ path: "/a", headers: gzip });
    const headers = { ...gzip, range: "bytes=10-" };
    const part = await client.ask({ path: "/a", headers });
    expect([part.status, part.header("content-encoding"), part.header("cache-control")]).toEqual([
      206,
      "gzip",
      undefined,
    ]);
    expect(Buffer.concat([whole.body.subarray(0, 10), part.body]).equals(whole.body)).toBe(true);
  });
});
