import { gunzipSync } from "node:zlib";
import { dirname, basename } from "node:path";
import compression from "compression";
import cors from "cors";
import type { ErrorRequestHandler, RequestHandler, Response } from "express";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { askTwice, counted, quietCache, versions, visit } from "./support.ts";

/** Calls a listener when the head is about to be sent, as sessions, loggers and compression do. */
function atHead(res: Response, listener: () => void): void {
  const { writeHead } = res;
  res.writeHead = ((...args: Parameters<typeof writeHead>) => {
    listener();
    return Reflect.apply(writeHead, res, args);
  }) as typeof writeHead;
}

const long = "caching ".repeat(400);
const compress = compression({ threshold: 0 });
const gzip = { "accept-encoding": "gzip" };

describe.each(versions)("%s with compression before the cache", (_version, express) => {
  const answers: Record<string, RequestHandler> = {
    "as a whole": (_req, res) => res.send(long),
    "in parts": (_req, res) => (res.type("html").write(long.slice(0, 9)), void res.end(long.slice(9))),
  };

  it.each(Object.entries(answers))(
    "a response sent %s is stored plain, and compressed for clients that accept it",
    async (_name, answer) => {
      const cache = quietCache();
      const app = express();
      app.use(compress);
      app.get("/a", cacheRoute(cache, { ttl: 60 }), answer);
      const client = await visit(app);

      const [miss, coded] = await askTwice(client, "/a", gzip);
      const plain = await client.ask({ path: "/a" });

      expect([miss, coded, plain].map((answer) => answer.header("x-cache"))).toEqual(["MISS", "HIT", "HIT"]);
      expect([miss, coded].map(({ body }) => gunzipSync(body).toString())).toEqual([long, long]);
      expect([plain.text, plain.header("content-encoding")]).toEqual([long, undefined]);
      expect([miss, coded, plain].map((answer) => answer.header("vary"))).toEqual(
        Array.from({ length: 3 }, () => "Accept-Encoding"),
      );
      expect(cache.stats().stored).toBe(1);
    },
  );

  it("a 304 is sent from the plain entry", async () => {
    const app = express();
    app.use(compress);
    app.get("/a", cacheRoute(quietCache(), { ttl: 60 }), (_req, res) => res.send(long));
    const client = await visit(app);
    const { header } = await client.ask({ path: "/a", headers: gzip });

    const again = await client.ask({
      path: "/a",
      headers: { ...gzip, "if-none-match": header("etag") ?? "" },
    });

    expect([again.status, again.text, again.header("content-encoding")]).toEqual([304, "", undefined]);
  });
});

describe.each(versions)("%s with compression after the cache", (_version, express) => {
  it("each coding is a variant of its own", async () => {
    const cache = quietCache();
    const app = express();
    app.get("/a", cacheRoute(cache, { ttl: 60 }), compress, (_req, res) => res.send(long));
    const client = await visit(app);

    const [miss, coded] = await askTwice(client, "/a", gzip);
    const [plainMiss, plain] = await askTwice(client);

    expect([miss, coded, plainMiss, plain].map((answer) => answer.header("x-cache"))).toEqual([
      "MISS",
      "HIT",
      "MISS",
      "HIT",
    ]);
    expect([miss, coded].map(({ body }) => gunzipSync(body).toString())).toEqual([long, long]);
    expect([plainMiss.text, plain.text]).toEqual([long, long]);
    expect(coded.header("vary")).toBe("Accept-Encoding");
  });

  it("a response that is not compressed is stored whole", async () => {
    const app = express();
    const small = compression({ threshold: "1mb" });
    app.get("/a", cacheRoute(quietCache(), { ttl: 60 }), small, (_req, res) =>
      res.set("etag", '"1"').send(long),
    );
    const client = await visit(app);
    const miss = await client.ask({ path: "/a", headers: { "if-none-match": '"1"' } });
    expect([miss.status, miss.header("x-cache")]).toEqual([304, "MISS"]);
  });
});

describe.each(versions)("%s: fields of other middleware", (_version, express) => {
  it("those of cors are set again for each origin", async () => {
    const app = express();
    app.use(cors({ origin: ["http://a.test", "http://b.test"] }));
    app.get("/a", cacheRoute(quietCache(), { ttl: 60 }), (_req, res) => res.send("text"));
    const client = await visit(app);

    const first = await client.ask({ path: "/a", headers: { origin: "http://a.test" } });
    const second = await client.ask({ path: "/a", headers: { origin: "http://b.test" } });

    expect(first.header("access-control-allow-origin")).toBe("http://a.test");
    expect(second.header("access-control-allow-origin")).toBe("http://b.test");
    expect([second.header("x-cache"), second.header("vary")]).toEqual(["HIT", "Origin"]);
  });

  it("a counter that was set before the cache counts on hits", async () => {
    let count = 0;
    const app = express();
    app.use((_req, res, next) => (res.set("ratelimit-remaining", String(count++)), next()));
    app.get("/a", cacheRoute(quietCache(), { ttl: 60 }), (_req, res) => res.send("text"));
    const [miss, hit] = await askTwice(await visit(app));
    expect([miss, hit].map((answer) => answer.header("ratelimit-remaining"))).toEqual(["0", "1"]);
    expect(hit.header("x-cache")).toBe("HIT");
  });

  it("a cookie that a session after the cache sets with the head keeps the response from being stored", async () => {
    const cache = quietCache();
    const app = express();
    const session: RequestHandler = (_req, res, next) => {
      atHead(res, () => void res.append("set-cookie", "sid=1"));
      next();
    };
    app.get("/a", cacheRoute(cache, { ttl: 60 }), session, (_req, res) => res.send("text"));
    const client = await visit(app);
    expect((await client.ask({ path: "/a" })).lines("set-cookie")).toEqual(["sid=1"]);
    expect(cache.stats().refusals).toEqual({ "set-cookie": 1 });
  });

  it("a listener for the head reads the status and the length that are sent", async () => {
    const seen: unknown[] = [];
    const app = express();
    app.use((_req, res, next) => {
      atHead(res, () => void seen.push([res.statusCode, res.getHeader("content-length")]));
      next();
    });
    app.get("/a", cacheRoute(quietCache(), { ttl: 60 }), (_req, res) => res.send("text"));
    const client = await visit(app);
    await client.ask({ path: "/a", headers: { "if-none-match": "*" } });
    await client.ask({ path: "/a" });
    expect(seen).toEqual([
      [304, undefined],
      [200, "4"],
    ]);
  });
});

describe.each(versions)("%s: a cache in a chain of middleware", (_version, express) => {
  it("gets the whole file from express.static for a range on a miss, and sends the next range itself", async () => {
    const cache = quietCache();
    const files = express.static(dirname(import.meta.filename));
    const app = express();
    app.use("/files", cacheRoute(cache, { ttl: 60 }), files);
    const client = await visit(app);
    const ask = { path: `/files/${basename(import.meta.filename)}`, headers: { range: "bytes=0-5" } };

    const [miss, hit] = [await client.ask(ask), await client.ask(ask)];
    const conditional = { "if-none-match": hit.header("etag") ?? "" };
    const same = await client.ask({ path: ask.path, headers: conditional });

    expect([miss.status, miss.text.slice(0, 6)]).toEqual([200, "import"]);
    expect([hit.status, hit.header("x-cache"), hit.text]).toEqual([206, "HIT", "import"]);
    expect([same.status, same.header("x-cache")]).toEqual([304, "HIT"]);
  });

  it("stores the response of the next route if its handler passes on to that", async () => {
    const app = express();
    const handler = counted((_req, res) => void res.end("second"));
    app.get("/a", cacheRoute(quietCache(), { ttl: 60 }), (_req, _res, next) => next("route"));
    app.get("/a", handler);
    const [, hit] = await askTwice(await visit(app));
    expect([hit.header("x-cache"), hit.text, handler.runs]).toEqual(["HIT", "second", 1]);
  });

  it("keeps the paths of a router in a router apart", async () => {
    const inner = express.Router();
    inner.get("/b", (req, res) => void res.end(req.baseUrl));
    const router = express.Router().use("/:id", inner);
    const app = express();
    app.use("/x", cacheRoute(quietCache(), { ttl: 60 }), router);
    const client = await visit(app);
    await client.ask({ path: "/x/1/b" });
    const [miss, hit] = await askTwice(client, "/x/2/b");
    expect([miss.text, hit.text, hit.header("x-cache")]).toEqual(["/x/2", "/x/2", "HIT"]);
  });

  it("responds within another cache, as that does", async () => {
    const [outer, inner] = [quietCache({ namespace: "outer" }), quietCache({ namespace: "inner" })];
    const app = express();
    const handler = counted((_req, res) => void res.send("text"));
    app.use(cacheRoute(outer, { ttl: 60 }));
    app.get("/a", cacheRoute(inner, { ttl: 60 }), handler);
    const client = await visit(app);
    await client.ask({ path: "/a" });
    await outer.clear();
    const fromInner = await client.ask({ path: "/a" });
    const fromOuter = await client.ask({ path: "/a" });
    expect([fromInner.text, fromOuter.text, handler.runs]).toEqual(["text", "text", 1]);
    expect([inner.stats().outcomes.hit, outer.stats().outcomes.hit]).toEqual([1, 1]);
  });

  it("sends the page of an error handler through the middleware before it", async () => {
    const app = express();
    app.use(compress);
    app.get("/a", cacheRoute(quietCache(), { ttl: 60 }), () => {
      throw new Error("no");
    });
    app.use(((_error, _req, res, _next) => void res.send(long)) as ErrorRequestHandler);
    const client = await visit(app);
    const answer = await client.ask({ path: "/a", headers: gzip });
    expect([answer.header("content-encoding"), gunzipSync(answer.body).toString()]).toEqual(["gzip", long]);
  });

  it("restores Node's own methods of a response once it is sent", async () => {
    const left: string[][] = [];
    const app = express();
    app.get("/a", cacheRoute(quietCache(), { ttl: 60 }), (_req, res) => {
      res.writeHead(200).end("text");
      left.push(Object.keys(res).filter((name) => /^(write|end|flush|headersSent)/.test(name)));
    });
    await (await visit(app)).ask({ path: "/a" });
    expect(left).toEqual([[]]);
  });

  it("leaves a response alone that is under way already", async () => {
    const cache = quietCache();
    const app = express();
    app.get(
      "/a",
      (_req, res, next) => (res.write("one "), next()),
      cacheRoute(cache, { ttl: 60 }),
      (_req, res) => {
        res.end("two");
      },
    );
    const client = await visit(app);
    expect((await client.ask({ path: "/a" })).text).toBe("one two");
    expect(cache.stats().outcomes.miss).toBe(0);
  });
});
