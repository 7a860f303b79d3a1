import type { ErrorRequestHandler, Express, RequestHandler, Response } from "express";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { memoryStore } from "../../../src/index.ts";
import type { Cache } from "../../../src/index.ts";
import { askTwice, quietCache, versions, visit } from "./support.ts";

/** An error handler that sends a page with status 200. */
const answerWell: ErrorRequestHandler = (_error, _req, res, _next) => void res.status(200).end("sorry");

/** Ways to fail before anything was sent. */
const failures: Record<string, RequestHandler> = {
  "next(error)": (_req, _res, next) => next(new Error("no")),
  "next(error) later": (_req, _res, next) => void setImmediate(() => next(new Error("no"))),
  "a throw": () => {
    throw new Error("no");
  },
  "a throw of something that is no error": () => {
    // eslint-disable-next-line typescript/only-throw-error
    throw "no";
  },
  "a throw after the head was written": (_req, res) => {
    res.writeHead(200, { "x-half": "1" });
    throw new Error("no");
  },
  "res.sendFile of no file": (_req, res) => res.sendFile("/no/such/file"),
  "res.render without an engine": (_req, res) => res.render("no-such-view"),
};

const rejection: RequestHandler = async () => {
  await Promise.resolve();
  throw new Error("no");
};

/** What was sent and what was kept. */
async function outcome(app: Express, cache: Cache): Promise<unknown> {
  const client = await visit(app);
  const [first, second] = await askTwice(client);
  return { texts: [first.text, second.text], stored: cache.stats().stored };
}

const WELL = { texts: ["sorry", "sorry"], stored: 0 };

/** An error handler that sends the error's message. */
const tellMessage: ErrorRequestHandler = (error, _req, res, _next) => void res.status(500).end(String(error));

describe.each(versions)("%s: the page of an error handler", (version, express) => {
  const rejections = { "Express 4": {}, "Express 5": { "a rejected promise": rejection } }[version];

  it.each(Object.entries({ ...failures, ...rejections }))(
    "is not stored after %s, if the handler is the application's",
    async (_name, fail) => {
      const cache = quietCache();
      const app = express();
      app.get("/a", cacheRoute(cache, { ttl: 60 }), fail);
      app.use(answerWell);
      expect(await outcome(app, cache)).toEqual(WELL);
    },
  );

  it.each(Object.entries({ ...failures, ...rejections }))(
    "is not stored after %s, if the cache is mounted on a router",
    async (_name, fail) => {
      const cache = quietCache();
      const router = express.Router();
      router.get("/a", fail);
      const app = express();
      app.use(cacheRoute(cache, { ttl: 60 }), router, answerWell);
      expect(await outcome(app, cache)).toEqual(WELL);
    },
  );

  it("is not stored if the handler is the route's own", async () => {
    const cache = quietCache();
    const app = express();
    app.get("/a", cacheRoute(cache, { ttl: 60 }), failures["next(error)"] as RequestHandler, answerWell);
    expect(await outcome(app, cache)).toEqual(WELL);
  });

  it("is not stored after an error of router.param", async () => {
    const cache = quietCache();
    const app = express();
    app.use(cacheRoute(cache, { ttl: 60 }));
    app.param("id", (_req, _res, next) => next(new Error("no")));
    app.get("/:id", (_req, res) => res.end("never"));
    app.use(answerWell);
    expect(await outcome(app, cache)).toEqual(WELL);
  });

  it("is not stored after an error in a route that was reached by next('route')", async () => {
    const cache = quietCache();
    const app = express();
    app.get("/a", cacheRoute(cache, { ttl: 60 }), (_req, _res, next) => next("route"));
    app.get("/a", (_req, _res, next) => next(new Error("no")));
    app.use(answerWell);
    expect(await outcome(app, cache)).toEqual(WELL);
  });

  it("is not stored by either of two caches on one route", async () => {
    const [outer, inner] = [quietCache(), quietCache()];
    const app = express();
    app.get("/a", cacheRoute(outer, { ttl: 60 }), cacheRoute(inner, { ttl: 60 }), (_req, _res, next) =>
      next(new Error("no")),
    );
    app.use(answerWell);
    expect(await outcome(app, inner)).toEqual(WELL);
    expect(outer.stats().stored).toBe(0);
  });

  it("is not stored if it completes the response that the handler began", async () => {
    const cache = quietCache();
    const app = express();
    app.get("/a", cacheRoute(cache, { ttl: 60 }), (_req, res, next) => {
      res.write("half ");
      next(new Error("no"));
    });
    app.use(((_error, _req, res, _next) => void res.end("sorry")) as ErrorRequestHandler);
    expect(await outcome(app, cache)).toEqual({ texts: ["half sorry", "half sorry"], stored: 0 });
  });

  // An error with a status of its own is a response: `thrown.test.ts`.
  it.each(Object.entries(failures).filter(([name]) => !name.includes("no file")))(
    "is not stored after %s, if it is Express's own with a status that the route accepts",
    async (_name, fail) => {
      const cache = quietCache();
      const app = express().set("env", "test");
      app.get("/a", cacheRoute(cache, { ttl: 60, statuses: [200, 404, 500] }), fail);
      const client = await visit(app);
      const [first, second] = await askTwice(client);
      expect(first.status).toBe(500);
      expect([second.status, second.header("x-cache")]).toEqual([first.status, "MISS"]);
      expect(cache.stats().refusals).toEqual({ failed: 2 });
    },
  );

  it("is not stored after an error from which next() recovers", async () => {
    const cache = quietCache();
    const app = express();
    app.get("/a", cacheRoute(cache, { ttl: 60 }), (_req, _res, next) => next(new Error("no")));
    app.use(((_error, _req, _res, next) => next()) as ErrorRequestHandler);
    app.use((_req, res) => res.end("sorry"));
    expect(await outcome(app, cache)).toEqual(WELL);
  });
});

describe.each(versions)("%s: middleware before the cache", (_version, express) => {
  /** Something that makes more of the content, and cannot. */
  const failing: Record<string, (res: Response) => void> = {
    "as the content is ended": (res) => {
      const { end } = res;
      let calls = 0;
      res.end = ((...args: Parameters<typeof end>) => {
        if (++calls === 1) throw new Error("in front");
        return Reflect.apply(end, res, args);
      }) as typeof end;
    },
    "as the head is written": (res) => {
      const { writeHead } = res;
      let calls = 0;
      res.writeHead = ((...args: Parameters<typeof writeHead>) => {
        if (++calls === 1) throw new Error("in front");
        return Reflect.apply(writeHead, res, args);
      }) as typeof writeHead;
    },
  };
  const sendMessage: ErrorRequestHandler = (error, _req, res, _next) =>
    void res.status(500).send(String(error));
  const ways: Record<string, RequestHandler> = {
    "as a whole": (_req, res) => void res.send("a page"),
    "by end alone": (_req, res) => void res.end("a page"),
  };

  it.each(
    Object.entries(failing).flatMap(([when, fail]) =>
      Object.entries(ways).map(([how, send]) => [when, how, fail, send] as const),
    ),
  )(
    "that throws %s, of a response sent %s, lets the error page be sent and nothing be stored",
    async (_when, _how, fail, send) => {
      const cache = quietCache();
      const app = express();
      let isBroken = true;
      app.use((_req, res, next) => {
        if (isBroken) fail(res);
        next();
      });
      app.get("/a", cacheRoute(cache, { ttl: 60 }), send);
      app.get("/plain", send);
      app.use(sendMessage);
      const client = await visit(app);

      const plain = await client.ask({ path: "/plain" });
      const broken = await client.ask({ path: "/a" });
      isBroken = false;
      const mended = await client.ask({ path: "/a" });

      expect([broken.status, broken.text]).toEqual([500, "Error: in front"]);
      expect(broken.header("cache-status")).toContain("detail=failed");
      expect(broken.header("etag")).toBe(plain.header("etag"));
      expect([mended.text, mended.header("x-cache")]).toEqual(["a page", "MISS"]);
      expect(cache.stats().stored).toBe(1);
    },
  );
});

describe.each(versions)("%s: an error of the cache's own", (_version, express) => {
  it.each([
    ["key", "ERR_CACHE_KEY", { key: () => "" }],
    ["scope", "ERR_CACHE_SCOPE", { scope: () => "" }],
    ["ttl", "ERR_CACHE_TTL", { ttl: () => Number.NaN }],
  ])("reaches error handlers if a %s function returns nothing usable", async (_name, code, options) => {
    const app = express();
    app.get("/a", cacheRoute(quietCache(), options), (_req, res) => res.end("text"));
    app.use(tellMessage);
    const client = await visit(app);
    const { status, text } = await client.ask({ path: "/a" });
    expect([status, text]).toEqual([500, expect.stringContaining(code)]);
  });

  it("reaches error handlers if a ttl function throws for a stream, and affects only its request", async () => {
    const app = express();
    app.get("/a", cacheRoute(quietCache(), { ttl: () => Number.NaN }), (_req, res) => {
      setImmediate(() => res.write("one"));
    });
    app.use(tellMessage);
    const client = await visit(app);
    expect((await client.ask({ path: "/a" })).text).toContain("ERR_CACHE_TTL");
  });

  it.each([
    ["at once", memoryStore()],
    [
      "later",
      { name: "slow", shared: false, get: async () => undefined, set() {}, delete: () => 0, clear() {} },
    ],
  ])(
    "reaches error handlers if the query parser throws, after a store that responds %s",
    async (_when, store) => {
      const app = express().set("query parser", (query: string) => {
        if (query === "a=1") throw new Error("parser");
        return {};
      });
      app.use((req, _res, next) => {
        Object.defineProperty(req, "query", { value: {}, configurable: true });
        next();
      });
      app.get("/a", cacheRoute(quietCache({ store }), { query: ["a"] }), (_req, res) => res.end("text"));
      app.use(tellMessage);
      const [first, second] = await askTwice(await visit(app), "/a?a=1&b=2");
      expect([first.text, second.text]).toEqual(["Error: parser", "Error: parser"]);
    },
  );

  it("reaches error handlers if the router is of neither version", async () => {
    const app = express();
    const beStrange: RequestHandler = (req, _res, next) => {
      req.route = { path: "/a", stack: [{}] };
      next();
    };
    app.get("/a", beStrange, cacheRoute(quietCache()), (_req, res) => res.end("text"));
    app.use(tellMessage);
    const client = await visit(app);
    expect((await client.ask({ path: "/a" })).text).toContain("ERR_CACHE_ROUTE_UNSEEN");
  });
});

describe.each(versions)("%s: an error after writeHead", (_version, express) => {
  it("leaves the error handler a response without the fields of that head", async () => {
    const app = express();
    const early = (res: Response): void => void res.set("x-early", "1");
    app.get(
      "/a",
      (_req, res, next) => (early(res), next()),
      cacheRoute(quietCache(), { ttl: 60 }),
      (_req, res) => {
        const fields = { "content-length": "3", "content-type": "text/csv", "x-early": "2", "x-own": "1" };
        res.writeHead(201, "Made", fields);
        throw new Error("no");
      },
    );
    const answerError: ErrorRequestHandler = (_error, _req, res, _next) => void res.end("an error page");
    app.use(answerError);
    const { status, text, header } = await (await visit(app)).ask({ path: "/a" });
    const names = ["content-type", "x-own", "x-early"];
    expect([status, text, ...names.map(header)]).toEqual([200, "an error page", undefined, undefined, "1"]);
  });
});
