import type { Express, Request, RequestHandler } from "express";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import type { CacheRouteOptions } from "../../../src/adapters/express.ts";
import { createCache } from "../../../src/index.ts";
import type { Report } from "../../../src/index.ts";
import { askTwice, counted, quietCache, versions, visit } from "./support.ts";

const showQuery: RequestHandler = (req, res) =>
  void res.json({ query: req.query, url: req.url, full: req.originalUrl });

/** An application with one cached route that shows what a handler sees. */
function showing(app: Express, options: CacheRouteOptions): Express {
  app.get("/a", cacheRoute(quietCache(), options), showQuery);
  return app;
}

describe.each(versions)("%s: the request of a handler", (_version, express) => {
  const path = "/a?a=1&utm_source=x&a=2&b[c]=3";

  it("has no parameter outside the key, in its query or in any of its URLs", async () => {
    const client = await visit(showing(express(), { query: ["a", "b"] }));
    const { text } = await client.ask({ path });
    const { query, url, full } = JSON.parse(text) as Record<string, object | string>;
    expect(query).toMatchObject({ a: ["1", "2"] });
    expect(query).not.toHaveProperty("utm_source");
    expect([url, full]).toEqual(["/a?a=1&a=2&b[c]=3", "/a?a=1&a=2&b[c]=3"]);
  });

  it("has none in a query that was parsed before the cache, and keeps the parsed values of the others", async () => {
    const app = express();
    app.use((req, _res, next) => {
      Object.defineProperty(req, "query", { value: { a: 1, utm_source: "x" }, configurable: true });
      next();
    });
    const client = await visit(showing(app, { query: ["a"] }));
    const { text } = await client.ask({ path });
    expect(JSON.parse(text)).toMatchObject({ query: { a: 1 } });
    expect(text).not.toContain('"utm_source"');
  });

  it("has only the part of a nested parameter that is named", async () => {
    const app = express().set("query parser", "extended");
    const client = await visit(showing(app, { query: ["b[c]"] }));
    const { text } = await client.ask({ path: "/a?b[c]=3&b[d]=4" });
    expect(JSON.parse(text)).toMatchObject({ query: { b: { c: "3" } }, url: "/a?b[c]=3" });
    expect(text).not.toContain('"d"');
  });

  it("has a URL that is relative to its mount point", async () => {
    const router = express.Router();
    router.get("/a", cacheRoute(quietCache(), { query: [] }), showQuery);
    const client = await visit(express().use("/x", router));
    const { text } = await client.ask({ path: "/x/a?utm_source=y" });
    expect(JSON.parse(text)).toEqual({ query: {}, url: "/a", full: "/x/a" });
  });
});

describe.each(versions)("%s: the origin in the key", (_version, express) => {
  const ask = async (app: Express, first: object, second: object): Promise<string | undefined> => {
    app.get("/a", cacheRoute(quietCache(), { ttl: 60 }), (_req, res) => res.send("text"));
    const client = await visit(app);
    await client.ask({ path: "/a", headers: { ...first } });
    return (await client.ask({ path: "/a", headers: { ...second } })).header("x-cache");
  };

  it.each(["x-forwarded-host", "x-forwarded-proto"])(
    "is not changed by %s of an untrusted client",
    async (name) => {
      expect(await ask(express(), { [name]: "one" }, { [name]: "two" })).toBe("HIT");
    },
  );

  it.each(["x-forwarded-host", "x-forwarded-proto"])("has %s of a trusted proxy", async (name) => {
    const app = express().set("trust proxy", true);
    expect(await ask(app, { [name]: "one" }, { [name]: "two" })).toBe("MISS");
  });

  it("has only the nearest of several forwarded hosts, as Express has", async () => {
    const app = express().set("trust proxy", true);
    expect(await ask(app, { "x-forwarded-host": "one, two" }, { "x-forwarded-host": "one" })).toBe("HIT");
  });

  it("tells two ports of one host apart", async () => {
    expect(await ask(express(), { host: "a.test:1" }, { host: "a.test:2" })).toBe("MISS");
  });
});

describe.each(versions)("%s: content in the key", (_version, express) => {
  const post = async (parser: RequestHandler | undefined, type: string, body: string): Promise<unknown[]> => {
    const app = express();
    if (parser !== undefined) app.use(parser);
    app.post("/a", cacheRoute(quietCache(), { ttl: 60, methods: ["POST"] }), (_req, res) => res.send("text"));
    const client = await visit(app);
    const send = async (content: string): Promise<string | undefined> => {
      const headers = { "content-type": type, "content-length": Buffer.byteLength(content) };
      const answer = await client.ask({ method: "POST", path: "/a", headers, body: content });
      return /detail=content/.test(answer.header("cache-status") ?? "")
        ? "content"
        : answer.header("x-cache");
    };
    return [await send(body), await send(body), await send(body.replace("1", "2"))];
  };

  it.each([
    ["JSON", express.json(), "application/json", '{"a":1}'],
    ["a form", express.urlencoded({ extended: false }), "application/x-www-form-urlencoded", "a=1"],
    ["text", express.text(), "text/plain", "1"],
    ["bytes", express.raw(), "application/octet-stream", "1"],
  ])("that is %s, as a parser has read it, tells requests apart", async (_name, parser, type, body) => {
    expect(await post(parser, type, body)).toEqual(["MISS", "HIT", "MISS"]);
  });

  it("prevents the lookup if no parser has read it", async () => {
    expect(await post(undefined, "text/plain", "1")).toEqual(["content", "content", "content"]);
  });

  it("prevents the lookup if a parser has skipped it, whatever that has set in its place", async () => {
    expect(await post(express.json(), "text/plain", "1")).toEqual(["content", "content", "content"]);
  });

  it("prevents the lookup of a form with files, because they are not in req.body", async () => {
    const takeFields: RequestHandler = (req: Request, _res, next) => {
      req.body = { name: "a" };
      req.resume().once("end", next);
    };
    expect(await post(takeFields, "multipart/form-data; boundary=b", "1")).toEqual([
      "content",
      "content",
      "content",
    ]);
  });

  it("may be absent", async () => {
    expect(await post(express.json(), "application/json", "")).toEqual(["MISS", "HIT", "HIT"]);
  });
});

describe.each(versions)("%s: cacheRoute", (_version, express) => {
  it.each([
    ["an unknown option", { tll: 60 }, "ERR_CACHE_OPTION_UNKNOWN"],
    ["a guard that is no middleware", { before: ["requireKey"] }, "ERR_CACHE_OPTION_INVALID"],
    ["guards that are no list", { before: () => undefined }, "ERR_CACHE_OPTION_INVALID"],
    ["options that are no object", null, "ERR_CACHE_OPTION_INVALID"],
  ])("refuses %s when the route is declared", (_name, options, code) => {
    expect(() => cacheRoute(quietCache(), options as never)).toThrow(expect.objectContaining({ code }));
  });

  it("refuses a value that is no cache when the route is declared", () => {
    expect(() => cacheRoute({} as never)).toThrow(expect.objectContaining({ code: "ERR_CACHE_NOT_A_CACHE" }));
  });

  it("returns middleware with a name in stack traces", () => {
    expect(cacheRoute(quietCache()).name).toBe("cacheRoute");
  });

  it("names the route in reports by its method, its mount point and its pattern", async () => {
    const reports: Report[] = [];
    const cache = createCache({ reporter: (report) => void reports.push(report) });
    const refused: RequestHandler = (_req, res) => void res.set("cache-control", "private").end();
    const router = express.Router();
    router.get("/reports/:id", cacheRoute(cache), refused);
    const app = express()
      .use("/api", router)
      .use("/other", cacheRoute(cache, {}, { route: "the others" }), refused);
    app.use(cacheRoute(cache), refused);
    const client = await visit(app);
    await askTwice(client, "/api/reports/1");
    await client.ask({ path: "/api/reports/2" });
    await client.ask({ path: "/other" });
    await client.ask({ path: "/" });
    expect(reports.map(({ route }) => route)).toEqual(["GET /api/reports/:id", "the others", "cacheRoute()"]);
  });
});

describe.each(versions)("%s: guards", (_version, express) => {
  const guards: Record<string, [RequestHandler, status: number]> = {
    "answers itself": [(_req, res) => void res.status(401).end(), 401],
    "gives next an error": [(_req, _res, next) => next(Object.assign(new Error("no"), { status: 403 })), 403],
    throws: [
      () => {
        throw Object.assign(new Error("no"), { status: 403 });
      },
      403,
    ],
    rejects: [() => Promise.reject(Object.assign(new Error("no"), { status: 403 })), 403],
    "passes to the next route": [(_req, _res, next) => next("route"), 404],
  };

  it.each(Object.entries(guards))(
    "one that %s prevents a hit from being sent",
    async (_name, [guard, status]) => {
      const app = express().set("env", "test");
      const pass: RequestHandler = (_req, _res, next) => void setImmediate(next);
      const later: RequestHandler = (req, res, next) =>
        req.headers["x-key"] === undefined ? guard(req, res, next) : next();
      const handler = counted((_req, res) => void res.end("text"));
      app.get("/a", cacheRoute(quietCache(), { ttl: 60, before: [pass, later] }), handler);
      const client = await visit(app);
      const [, hit] = await askTwice(client, "/a", { "x-key": "k" });
      const refused = await client.ask({ path: "/a" });
      expect([hit.header("x-cache"), refused.status, handler.runs]).toEqual(["HIT", status, 1]);
    },
  );
});
