import express5 from "express";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { testClock } from "../../../src/testing/index.ts";
import { until } from "./stale-site.ts";
import { askTwice, counted, quietCache, versions, visit } from "./support.ts";

/** A wait that no test outlasts. */
const FOREVER = { ttl: 60, waitMs: 600_000 };

describe.each(versions)("%s: one cache twice on a request's way", (_version, express) => {
  it.each([
    ["app.use and a route", "/b", undefined],
    ["two routes of which the first passes", "/:page", undefined],
    ["static files", "/", express5.static(import.meta.dirname)],
  ])("is asked once, and filled once: %s", async (_name, path, files) => {
    const cache = quietCache();
    const app = express();
    const handler = counted((_req, res) => res.send("text"));
    app.use(path, cacheRoute(cache, FOREVER), files ?? ((_req, _res, next) => next()));
    app.get("/b", cacheRoute(cache, FOREVER), handler);
    const [first, second] = await askTwice(await visit(app), "/b");
    expect([first.text, first.header("x-cache")]).toEqual(["text", "MISS"]);
    expect([second.text, second.header("x-cache")]).toEqual(["text", "HIT"]);
    expect([handler.runs, cache.stats().stored]).toEqual([1, 1]);
  });

  it("is refreshed by the handler, and not by what it has", async () => {
    const clock = testClock();
    const cache = quietCache({ clock });
    const options = { ...FOREVER, staleWhileRevalidate: 60 };
    const app = express();
    const handler = counted((_req, res) => res.send(`run ${handler.runs}`));
    app.use(cacheRoute(cache, options));
    app.get("/b", cacheRoute(cache, options), handler);
    const client = await visit(app);
    await client.ask({ path: "/b" });
    clock.advance(61);
    const stale = await client.ask({ path: "/b" });
    await until(() => cache.stats().stored === 2);
    expect([stale.text, (await client.ask({ path: "/b" })).text, handler.runs]).toEqual([
      "run 1",
      "run 2",
      2,
    ]);
  });
});
