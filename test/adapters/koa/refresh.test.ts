import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Router } from "@koa/router";
import type { Middleware } from "koa";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/koa.ts";
import { testClock } from "../../../src/testing/index.ts";
import { Client } from "../express/client.ts";
import { quietApp, quietCache, until } from "./support.ts";

/** An application with a guard and a cached route, `/a`, whose listener is called by what `serve` returns. */
async function site(serve: (koa: RequestListener) => RequestListener) {
  const clock = testClock();
  const cache = quietCache({ clock });
  const [app, router] = [quietApp(), new Router()];
  const seen: string[] = [];
  const guard: Middleware = async (ctx, next) => {
    seen.push(`guard ${ctx.method} ${ctx.url}`);
    await next();
  };
  let runs = 0;
  app.use(guard);
  router.get("/a", cacheRoute(cache, { ttl: 60, staleWhileRevalidate: 60 }), (ctx) => {
    seen.push(`handler ${ctx.method} ${ctx.url}`);
    ctx.body = `run ${++runs}`;
  });
  app.use(router.routes() as unknown as Middleware);
  const server = createServer(serve(app.callback() as RequestListener)).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return { clock, cache, seen, client };
}

describe("a refresh in the background", () => {
  it.each(["GET", "HEAD"])("of a %s passes the whole server again, as a GET", async (method) => {
    let requests = 0;
    const { client, clock, cache, seen } = await site((koa) => (req, res) => {
      requests++;
      koa(req, res);
    });
    await client.ask({ path: "/a?x=1" });
    clock.advance(61);

    await client.ask({ method, path: "/a?x=1" });
    await until(() => cache.stats().stored === 2);

    expect(seen.slice(-2)).toEqual(["guard GET /a?x=1", "handler GET /a?x=1"]);
    expect(requests).toBe(3);
    expect((await client.ask({ path: "/a?x=1" })).text).toBe("run 2");
  });

  it("fails where it comes with another URL, and goes to the application itself after that", async () => {
    let requests = 0;
    const { client, clock, cache, seen } = await site((koa) => (req, res) => {
      // Every other request is another's.
      req.url = `/a?tenant=${requests++ % 3 === 2 ? "other" : "own"}`;
      koa(req, res);
    });
    await client.ask({ path: "/front" });
    await client.ask({ path: "/front" });
    clock.advance(61);
    requests = 1;
    await client.ask({ path: "/front" });
    await until(() => requests === 3);
    await new Promise(setImmediate);
    clock.advance(2);
    requests = 0;
    await client.ask({ path: "/front" });
    await until(() => cache.stats().stored === 2);

    expect(seen.filter((line) => line.startsWith("handler"))).toEqual([
      "handler GET /a?tenant=own",
      "handler GET /a?tenant=own",
    ]);
    expect(requests).toBe(1);
  });
});
