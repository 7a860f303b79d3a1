import { createRequire } from "node:module";
import express5 from "express";
import type { ErrorRequestHandler, RequestHandler } from "express";
import express4 from "express4";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import type { Cache } from "../../../src/index.ts";
import { testClock } from "../../../src/testing/index.ts";
import type { Client } from "./client.ts";
import { until } from "./stale-site.ts";
import { askTwice, quietCache, visit } from "./support.ts";

const sorry: ErrorRequestHandler = (_error, _req, res, _next) => void res.send("an error page");

const require = createRequire(import.meta.url);

/** A fresh copy of Express, with classes of its own. */
function copyOf(name: "express" | "express4"): typeof express5 {
  for (const file of Object.keys(require.cache))
    if (/node_modules\/(express|express4|router)\//.test(file)) Reflect.deleteProperty(require.cache, file);
  return require(name) as typeof express5;
}

describe.each(["Express 4 in Express 5", "Express 5 in Express 4"])(
  "an application of another copy of Express: %s",
  (name) => {
    const isFourInside = name.startsWith("Express 4");

    function site(
      cache: Cache,
      fail: RequestHandler,
      options: object = {},
      mount: "app" | "router" = "app",
    ): Promise<Client> {
      const outer = copyOf(isFourInside ? "express" : "express4");
      const inner = copyOf(isFourInside ? "express4" : "express");
      const mounted = inner();
      mounted.use((_req, _res, next) => next());
      mounted.get("/x", fail);
      mounted.use(sorry);
      const app = outer();
      const route = cacheRoute(cache, { ttl: 60, ...options });
      if (mount === "app") app.use("/a", route, mounted);
      else app.use("/a", route, outer.Router().use(mounted));
      return visit(app);
    }

    const ways: [string, RequestHandler][] = [
      [
        "a throw",
        () => {
          throw new Error("no");
        },
      ],
      ["next(error)", (_req, _res, next) => next(new Error("no"))],
      ["next(error) later", (_req, _res, next) => void setImmediate(() => next(new Error("no")))],
      ["res.sendFile of no file", (_req, res) => res.sendFile("/no/such/file")],
    ];

    it.each(ways)("reports its failures, even to its own error handler: %s", async (_name, fail) => {
      const cache = quietCache();
      const answers = await askTwice(await site(cache, fail), "/a/x");
      expect(answers.map(({ text }) => text)).toEqual(["an error page", "an error page"]);
      expect([cache.stats().stored, cache.stats().outcomes.hit]).toEqual([0, 0]);
    });

    it("reports its failures if it is mounted on a router", async () => {
      const cache = quietCache();
      const client = await site(cache, (_req, _res, next) => next(new Error("no")), {}, "router");
      const answers = await askTwice(client, "/a/x");
      expect(answers.map(({ text }) => text)).toEqual(["an error page", "an error page"]);
      expect([cache.stats().stored, cache.stats().outcomes.hit]).toEqual([0, 0]);
    });

    it("is not refreshed by an error page, which leaves the stale response", async () => {
      const clock = testClock();
      const cache = quietCache({ clock, onError: () => undefined });
      let runs = 0;
      const answer: RequestHandler = (_req, res, next) => {
        runs++;
        if (runs === 1) res.send("run 1");
        else next(new Error("no"));
      };
      const client = await site(cache, answer, { staleWhileRevalidate: 600 });
      await client.ask({ path: "/a/x" });
      clock.advance(61);
      await client.ask({ path: "/a/x" });
      await until(() => runs === 2 && (cache.stats().stored === 2 || cache.stats().refusals.failed === 1));
      expect((await client.ask({ path: "/a/x" })).text).toBe("run 1");
    });

    it("keeps its own res.locals", async () => {
      const cache = quietCache();
      const client = await site(cache, (_req, res) => {
        res.locals["own"] = "local";
        res.send(JSON.stringify({ ...res.locals }));
      });
      const answers = await askTwice(client, "/a/x");
      expect(answers.map(({ text }) => text)).toEqual(['{"own":"local"}', '{"own":"local"}']);
      expect(cache.stats().stored).toBe(1);
    });
  },
);

describe("an application without a route", () => {
  it.each([
    ["an application of Express 4 in Express 5", express5, () => express4()],
    ["an application of Express 5 in Express 4", express4, () => express5()],
    ["a router of Express 4 in Express 5", express5, () => express4.Router()],
    ["a router of Express 5 in Express 4", express4, () => express5.Router()],
  ])("is passed through: %s", async (_name, outer, inner) => {
    const cache = quietCache();
    const app = outer();
    app.use(cacheRoute(cache, { ttl: 60 }), inner(), (_req, res) => void res.send("text"));
    const answers = await askTwice(await visit(app));
    expect(answers.map(({ text }) => text)).toEqual(["text", "text"]);
    expect(cache.stats().outcomes.hit).toBe(1);
  });
});

describe("an application whose router is unknown", () => {
  it("responds, and is not stored, because its failures could not be seen", async () => {
    const cache = quietCache();
    const unknown = express5();
    Object.defineProperty(unknown, "router", {
      value: {
        stack: [{ handle: true }],
        handle: (_req: unknown, res: { send: (text: string) => void }) => res.send("text"),
      },
    });
    const app = express4();
    app.use("/a", cacheRoute(cache, { ttl: 60 }), unknown);
    const answers = await askTwice(await visit(app));
    expect(answers.map(({ text }) => text)).toEqual(["text", "text"]);
    expect([cache.stats().stored, cache.stats().refusals]).toEqual([0, { failed: 2 }]);
  });
});

describe("a router of another copy of Express", () => {
  it.each([
    ["Express 4 in Express 5", express5, express4],
    ["Express 5 in Express 4", express4, express5],
  ])("reports its failures, even to its own error handler: %s", async (_name, outer, inner) => {
    const cache = quietCache();
    const router = inner.Router();
    router.get("/x", () => {
      throw new Error("no");
    });
    router.use(
      ((_error, _req, res, _next) => void res.send("an error page")) as express5.ErrorRequestHandler,
    );
    const app = outer();
    app.use("/a", cacheRoute(cache, { ttl: 60 }), router);
    const answers = await askTwice(await visit(app), "/a/x");
    expect(answers.map(({ text }) => text)).toEqual(["an error page", "an error page"]);
    expect([cache.stats().stored, cache.stats().outcomes.hit]).toEqual([0, 0]);
  });
});
