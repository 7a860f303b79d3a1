import { EventEmitter, once } from "node:events";
import express5 from "express";
import type { RequestHandler, Response } from "express";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { testClock } from "../../../src/testing/index.ts";
import { site, until } from "./stale-site.ts";
import { counted, quietCache, versions, visit } from "./support.ts";

describe.each(versions)("%s: staleWhileRevalidate", (_version, express) => {
  const during = { staleWhileRevalidate: 60 };

  it("responds to 200 requests for an expired key at once, with one run in the background", async () => {
    const told = new EventEmitter();
    const { client, clock, handler, cache } = await site(
      express,
      async (_req, res, run) => {
        if (run > 1) await once(told, "go");
        res.send(`run ${run}`);
      },
      during,
    );
    await client.ask({ path: "/a" });
    clock.advance(61);
    const stale = await Promise.all(Array.from({ length: 200 }, () => client.ask({ path: "/a" })));
    expect(new Set(stale.map(({ text }) => text))).toEqual(new Set(["run 1"]));
    await until(() => handler.runs === 2);
    told.emit("go");
    await until(() => cache.stats().stored === 2);
    expect([(await client.ask({ path: "/a" })).text, handler.runs]).toEqual(["run 2", 2]);
    expect([cache.stats().outcomes.stale, cache.stats().refreshes]).toEqual([200, 1]);
  });

  it("runs the guards again for the refresh, with the request that found the stale response", async () => {
    const seen: unknown[] = [];
    const guard: RequestHandler = (req, _res, next) => {
      const { method, protocol, originalUrl, ip, headers } = req;
      const { host, "x-a": own, "if-none-match": condition } = headers;
      seen.push([method, protocol, originalUrl, ip, host, own, condition, req.get("x-changed")]);
      headers["x-changed"] = "1";
      next();
    };
    const { client, clock, cache } = await site(
      express,
      (req, res, run) => res.send(`run ${run} ${req.get("if-none-match")}`),
      { ...during, before: [guard] },
    );
    await client.ask({ path: "/a?b=1" });
    clock.advance(61);
    const headers = { "x-a": ["1", "2"], "if-none-match": '"v"', host: "example.org:80" };
    await client.ask({ path: "/a?b=1", headers: { host: "example.org:80" } });
    clock.advance(61);
    seen.length = 0;
    await client.ask({ path: "/a?b=1", headers });
    await until(() => cache.stats().stored === 3);
    const asked = ["GET", "http", "/a?b=1", "127.0.0.1", "example.org:80", "1, 2", '"v"', undefined];
    expect(seen).toEqual([asked, asked]);
    const { text } = await client.ask({ path: "/a?b=1", headers: { host: "example.org:80" } });
    expect(text).toBe("run 3 undefined");
  });

  it("runs the handler as for GET if a HEAD found the stale response", async () => {
    const methods: string[] = [];
    const { client, clock, cache } = await site(
      express,
      (req, res, run) => (methods.push(req.method), res.send(`run ${run}`)),
      during,
    );
    await client.ask({ path: "/a" });
    clock.advance(61);
    expect((await client.ask({ method: "HEAD", path: "/a" })).header("x-cache")).toBe("HIT");
    await until(() => cache.stats().stored === 2);
    expect(methods).toEqual(["GET", "GET"]);
  });

  it("keeps the entry if a guard refuses the refresh", async () => {
    let isOpen = true;
    const before: RequestHandler[] = [
      (req, res, next) => (isOpen || req.socket.readable === undefined ? next() : res.status(401).end()),
      (_req, _res, next) => {
        isOpen = false;
        next();
      },
    ];
    const { client, clock, cache, handler } = await site(
      express,
      (_req, res, run) => res.send(`run ${run}`),
      {
        ...during,
        before,
      },
    );
    await client.ask({ path: "/a" });
    clock.advance(61);
    isOpen = true;
    const stale = await client.ask({ path: "/a" });
    await until(() => cache.stats().refusals.failed === 1);
    isOpen = true;
    expect([stale.text, (await client.ask({ path: "/a" })).text, handler.runs]).toEqual([
      "run 1",
      "run 1",
      1,
    ]);
  });

  it.each<[string, (res: Response, next: (error?: unknown) => void) => unknown]>([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["calls next(error)", (_res, next) => next(new Error("no"))],
    ["breaks its stream off", (res) => (res.write("half"), setImmediate(() => res.destroy(new Error("no"))))],
  ])("keeps the entry, and reports the error, if the handler %s", async (_name, fail) => {
    const { client, clock, cache, errors } = await site(
      express,
      (req, res, run) => (run === 1 ? res.send("run 1") : fail(res, req.next as never)),
      during,
    );
    await client.ask({ path: "/a" });
    clock.advance(61);
    await client.ask({ path: "/a" });
    await until(() => cache.stats().refusals.failed === 1);
    expect((await client.ask({ path: "/a" })).text).toBe("run 1");
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining("no") as string })]);
  });

  it("stores a stream larger than the buffer of a connection", async () => {
    const { client, clock, cache } = await site(
      express,
      async (_req, res, run) => {
        for (let at = 0; at < 20; at++) if (!res.write(`${run}`.repeat(100_000))) await once(res, "drain");
        res.end();
      },
      { ...during, maxBodyBytes: 4_000_000 },
    );
    await client.ask({ path: "/a" });
    clock.advance(61);
    await client.ask({ path: "/a" });
    await until(() => cache.stats().stored === 2);
    expect((await client.ask({ path: "/a" })).text).toBe("2".repeat(2_000_000));
  });

  it("refreshes its own cache if there is another one before it", async () => {
    const clock = testClock();
    const outer = quietCache({ clock });
    const inner = quietCache({ clock });
    const handler = counted((_req, res) => res.send(`run ${handler.runs}`));
    const app = express();
    app.get("/a", cacheRoute(outer, { ttl: 10 }), cacheRoute(inner, { ttl: 60, ...during }), handler);
    const client = await visit(app);
    await client.ask({ path: "/a" });
    clock.advance(61);
    const stale = await client.ask({ path: "/a" });
    await until(() => inner.stats().stored === 2);
    clock.advance(11);
    expect([stale.text, (await client.ask({ path: "/a" })).text, handler.runs]).toEqual([
      "run 1",
      "run 2",
      2,
    ]);
  });

  it("looks up the caches after the one that refreshes", async () => {
    const clock = testClock();
    const outer = quietCache({ clock });
    const inner = quietCache({ clock });
    const app = express();
    const caches = [cacheRoute(outer, { ttl: 60, ...during }), cacheRoute(inner, { ttl: 10 })];
    app.get("/a", ...caches, (_req, res) => void res.send("text"));
    const client = await visit(app);
    await client.ask({ path: "/a" });
    clock.advance(61);
    await client.ask({ path: "/a" });
    await until(() => outer.stats().stored === 2);
    expect(inner.stats().stored).toBe(2);
  });

  it("does nothing for methods with content, which cannot be replayed", async () => {
    const clock = testClock();
    const cache = quietCache({ clock });
    const app = express().use(express5.json());
    const handler = counted((req, res) => void res.send(`${req.method} ${handler.runs}`));
    app.post("/a", cacheRoute(cache, { ttl: 60, methods: ["POST"], ...during }), handler);
    const client = await visit(app);
    const body = '{"a":1}';
    const headers = { "content-type": "application/json", "content-length": body.length };
    const first = await client.ask({ method: "POST", path: "/a", headers, body });
    clock.advance(61);
    const again = await client.ask({ method: "POST", path: "/a", headers, body });
    expect([first.text, again.text, cache.stats().refreshes]).toEqual(["POST 1", "POST 2", 0]);
  });

  it("reaches a route of an application that is mounted in another one", async () => {
    const clock = testClock();
    const cache = quietCache({ clock });
    const mounted = express();
    const handler = counted((req, res) => void res.send(`run ${handler.runs} ${req.originalUrl}`));
    mounted.get("/b", cacheRoute(cache, { ttl: 60, ...during }), handler);
    const app = express();
    // As where no server of Node's own is in front: the application itself is called.
    app.use((req, _res, next) => (Object.assign(req.socket, { server: undefined }), next()));
    const client = await visit(app.use("/m", mounted));
    await client.ask({ path: "/m/b?c" });
    clock.advance(61);
    const stale = await client.ask({ path: "/m/b?c" });
    await until(() => cache.stats().stored === 2);
    const fresh = await client.ask({ path: "/m/b?c" });
    expect([stale.text, fresh.text]).toEqual(["run 1 /m/b?c", "run 2 /m/b?c"]);
  });

  it("cannot be requested by a client", async () => {
    const { client, handler } = await site(express, (_req, res, run) => res.send(`run ${run}`), during);
    await client.ask({ path: "/a" });
    const names = ["x-caching-route", "x-refresh", "x-middleware-prefetch", "x-replay", "cache-control"];
    const headers = Object.fromEntries(names.map((name) => [name, "1"]));
    expect([(await client.ask({ path: "/a", headers })).text, handler.runs]).toEqual(["run 1", 1]);
  });
});
