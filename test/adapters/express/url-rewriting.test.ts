import { createServer } from "node:http";
import type { IncomingMessage, RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { Express } from "express";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { originalUrl } from "../../../src/adapters/node/original-url.ts";
import { memoryStore } from "../../../src/index.ts";
import type { Cache, CacheOptions } from "../../../src/index.ts";
import { testClock } from "../../../src/testing/index.ts";
import type { TestClock } from "../../../src/testing/index.ts";
import { Client } from "./client.ts";
import { until } from "./stale-site.ts";
import { counted, quietCache, versions, visit } from "./support.ts";

const during = { ttl: 60, staleWhileRevalidate: 600 };

async function serve(listener: RequestListener): Promise<Client> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => void server.once("listening", resolve));
  return new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

/** Asks thrice: what is stored, what is stale, what the first refresh left. */
async function refreshed(client: Client, path: string, cache: Cache, clock: TestClock): Promise<string[]> {
  const texts = [(await client.ask({ path })).text];
  clock.advance(61);
  texts.push((await client.ask({ path })).text);
  await until(() => cache.stats().stored === 2 || (cache.stats().refusals.failed ?? 0) > 0);
  texts.push((await client.ask({ path })).text);
  return texts;
}

describe.each(versions)("%s: the first refresh behind code that rewrites URLs", (_version, express) => {
  function site(path: string, options: CacheOptions = {}): { app: Express; cache: Cache; clock: TestClock } {
    const clock = testClock();
    const cache = quietCache({ clock, ...options });
    const app = express();
    app.set("env", "test");
    const handler = counted((_req, res) => res.send(`run ${handler.runs}`));
    app.get(path, cacheRoute(cache, during), handler);
    return { app, cache, clock };
  }

  it.each<[string, string, string, (req: IncomingMessage) => void]>([
    ["adds a prefix", "/report", "/t/report", (req) => void (req.url = `/t${req.url}`)],
    ["takes a prefix off", "/t/report", "/report", (req) => void (req.url = req.url?.replace("/t", ""))],
  ])("succeeds if the server %s before Express sees it", async (_name, asked, path, rewrite) => {
    const { app, cache, clock } = site(path);
    const client = await serve((req, res) => {
      rewrite(req);
      app(req, res);
    });
    const texts = await refreshed(client, asked, cache, clock);
    expect(texts).toEqual(["run 1", "run 1", "run 2"]);
  });

  it("passes the code before Express with the URL that the client requested", async () => {
    const { app, cache, clock } = site("/t/report");
    const seen: unknown[] = [];
    const client = await serve((req, res) => {
      seen.push(req.url);
      req.url = `/t${req.url}`;
      app(req, res);
    });
    await refreshed(client, "/report", cache, clock);
    expect(seen).toEqual(["/report", "/report", "/report", "/report"]);
  });

  it("succeeds if the server rewrites in a later turn than that of the request", async () => {
    const { app, cache, clock } = site("/t/report");
    const client = await serve((req, res) => {
      setImmediate(() => {
        req.url = `/t${req.url}`;
        app(req, res);
      });
    });
    const texts = await refreshed(client, "/report", cache, clock);
    expect(texts).toEqual(["run 1", "run 1", "run 2"]);
  });

  it("is not passed to another application to which the server gives the rewritten URL", async () => {
    const { app, cache, clock } = site("/report");
    const client = await serve((req, res) => {
      if (req.url?.startsWith("/t/") !== true) return void res.end("elsewhere");
      req.url = req.url.slice(2);
      app(req, res);
    });
    const texts = await refreshed(client, "/t/report", cache, clock);
    expect(texts).toEqual(["run 1", "run 1", "run 2"]);
  });

  it.each(["url", "url and originalUrl"])("succeeds if middleware changes %s", async (what) => {
    const { app: cached, cache, clock } = site("/t/report");
    const app = express();
    app.use((req, _res, next) => {
      req.url = `/t${req.url}`;
      Object.assign(req, what === "url" ? {} : { originalUrl: req.url });
      next();
    });
    const texts = await refreshed(await visit(app.use(cached)), "/report", cache, clock);
    expect(texts).toEqual(["run 1", "run 1", "run 2"]);
  });

  it("fails with an event if the URL changes each time, and the stale response is served until the application itself is called", async () => {
    const { app, cache, clock } = site("/t/report");
    // The third is the refresh.
    const rewrites = [true, true, false, true, true];
    const client = await serve((req, res) => {
      if (rewrites.shift() === true) req.url = `/t${req.url}`;
      app(req, res);
    });
    await client.ask({ path: "/report" });
    clock.advance(61);
    const stale = [(await client.ask({ path: "/report" })).text];
    await until(() => cache.stats().refusals.failed === 1);
    clock.advance(2);
    stale.push((await client.ask({ path: "/report" })).text);
    await until(() => cache.stats().stored === 2);
    expect([...stale, (await client.ask({ path: "/report" })).text]).toEqual(["run 1", "run 1", "run 2"]);
  });

  it("finds the URLs of requests recorded after a first one that a guard has refused", async () => {
    const app = express();
    const before = [counted((req, res, next) => (req.headers["x-key"] ? next() : void res.sendStatus(401)))];
    app.get("/report", cacheRoute(quietCache(), { ...during, before }), (_req, res) => res.send("a report"));
    const recorded: unknown[] = [];
    const client = await serve((req, res) => {
      recorded.push(originalUrl(req));
      app(req, res);
    });
    await client.ask({ path: "/report" });
    await client.ask({ path: "/report?again" });
    expect(recorded).toEqual([undefined, "/report?again"]);
  });

  it("fails with an event after the first request of a process, whose URL was not recorded; the next one succeeds", async () => {
    const store = memoryStore();
    const [before, after] = [site("/t/report", { store }), site("/t/report", { store })];
    let { app } = before;
    let passed = 0;
    const headers = { host: "example.org" };
    const rewrite: RequestListener = (req, res) => {
      passed++;
      req.url = `/t${req.url}`;
      app(req, res);
    };
    await (await serve(rewrite)).ask({ path: "/report", headers });
    ({ app } = after);
    const client = await serve(rewrite);
    const ask = async (): Promise<string> => (await client.ask({ path: "/report", headers })).text;
    after.clock.advance(61);
    const texts = [await ask()];
    await until(() => after.cache.stats().refusals.failed === 1);
    after.clock.advance(2);
    texts.push(await ask());
    await until(() => after.cache.stats().stored === 1);
    // The run of the other process was its first, too. Both refreshes passed what stands in front.
    expect(passed).toBe(5);
    expect([...texts, await ask(), after.cache.stats().outcomes]).toEqual([
      "run 1",
      "run 1",
      "run 1",
      expect.objectContaining({ stale: 2, hit: 1 }),
    ]);
  });
});

describe.each(versions)("%s: a server that rewrites URLs before Express sees them", (_version, express) => {
  it.each([
    ["another resource", "/t/:tenant/:first{/:rest}", "/t/:tenant/:first/:rest?"],
    ["nothing", "/t/acme/:first", "/t/acme/:first"],
  ])("stores no response that belongs to %s", async (_name, path5, path4) => {
    const clock = testClock();
    const cache = quietCache({ clock });
    const app = express();
    app.set("env", "test");
    const handler = counted((req, res) => res.send(`${String(req.params["first"])} ${handler.runs}`));
    const path = _version === "Express 5" ? path5 : path4;
    app.get(path, cacheRoute(cache, { ttl: 60, staleWhileRevalidate: 600 }), handler);
    const server = createServer((req, res) => {
      req.url = `/t${req.url}`;
      app(req, res);
    });
    server.listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await new Promise((resolve) => void server.once("listening", resolve));
    const client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const ask = async (): Promise<string> => (await client.ask({ path: "/acme/report" })).text;
    const texts = [await ask()];
    clock.advance(61);
    texts.push(await ask());
    await until(() => cache.stats().stored === 2);
    texts.push(await ask());
    expect(texts).toEqual(["report 1", "report 1", "report 2"]);
  });
});
