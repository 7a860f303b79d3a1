import express5 from "express";
import type { Response } from "express";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { testClock } from "../../../src/testing/index.ts";
import { Gate, crowd } from "./crowd.ts";
import { until } from "./stale-site.ts";
import { askTwice, counted, quietCache, versions, visit } from "./support.ts";

type Handle = (res: Response, gate: Gate) => Promise<unknown>;

const WAYS: readonly (readonly [string, Handle])[] = [
  [
    "comes whole",
    async (res, gate) => {
      await gate.pass();
      res.send("first last");
    },
  ],
  [
    "streams",
    async (res, gate) => {
      res.write("first ");
      await gate.pass();
      res.end("last");
    },
  ],
];

describe.each(versions)("%s: two caches in front of one handler", (_version, express) => {
  const OWN = { query: ["q"] };

  it.each(WAYS)("go on for the followers of each if the response %s", async (_name, answer) => {
    const outer = quietCache();
    const gate = new Gate();
    const site = await crowd(express, (res) => answer(res, gate), OWN, [cacheRoute(outer, { ttl: 60 })]);
    const leader = site.client.start({ path: "/a?q=1&x=1", headers: { "x-name": "leader" } });
    await gate.reached;
    const atOuter = site.client.ask({ path: "/a?q=1&x=1" });
    const atInner = site.client.ask({ path: "/a?q=1&x=2" });
    await site.client.ask({ path: "/b" });
    await site.leave(leader);
    gate.open();
    const texts = (await Promise.all([atOuter, atInner])).map(({ text }) => text);
    expect(texts).toEqual(["first last", "first last"]);
    expect([site.handler.runs, site.noticed]).toEqual([1, []]);
  });

  it.each([
    ["outer", "/a?q=1&x=1"],
    ["inner", "/a?q=1&x=2"],
  ])("go on for a follower of the %s one only", async (_name, path) => {
    const gate = new Gate();
    const site = await crowd(
      express,
      async (res) => {
        await gate.pass();
        res.send("text");
      },
      { ...OWN, maxWait: 60 },
      [cacheRoute(quietCache(), { ttl: 60 })],
    );
    const leader = site.client.start({ path: "/a?q=1&x=1", headers: { "x-name": "leader" } });
    await gate.reached;
    const waits = site.client.ask({ path });
    await site.client.ask({ path: "/b" });
    await site.leave(leader);
    gate.open();
    expect((await waits).text).toBe("text");
    expect([site.handler.runs, site.noticed]).toEqual([1, []]);
  });

  it("both stop a handler if nobody at either wants the rest", async () => {
    const gate = new Gate();
    const site = await crowd(
      express,
      async (res) => {
        res.write("first");
        await gate.pass();
      },
      OWN,
      [cacheRoute(quietCache(), { ttl: 60 })],
    );
    const leader = site.client.start({ path: "/a?q=1&x=1", headers: { "x-name": "leader" } });
    await gate.reached;
    const followers = [
      await site.client.open({ path: "/a?q=1&x=1" }),
      await site.client.open({ path: "/a?q=1&x=2" }),
    ];
    await site.leave(leader);
    followers[0]?.abort();
    await site.client.ask({ path: "/b" });
    const before = [...site.noticed];
    followers[1]?.abort();
    await until(() => site.noticed.includes("response closed"));
    expect(before).toEqual([]);
  });
});

/** A wait longer than any test. */
const FOREVER = { ttl: 60, maxWait: 600 };

describe.each(versions)("%s: one cache twice in a request's chain", (_version, express) => {
  it.each([
    ["app.use and a route", "/b", undefined],
    ["two routes of which the first passes", "/:page", undefined],
    ["static files", "/", express5.static(import.meta.dirname)],
  ])("is looked up once, and filled once: %s", async (_name, path, files) => {
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

  it("is refreshed by the handler, and not by its own entry", async () => {
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
