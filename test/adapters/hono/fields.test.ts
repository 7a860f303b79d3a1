import { Hono } from "hono";
import type { MiddlewareHandler } from "hono";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/hono.ts";
import { ask, heldCache } from "./support.ts";

describe("a field that middleware in front of a Hono route sets", () => {
  it("gives way to the handler's own, on a miss and on a hit, as without a cache", async () => {
    const front: MiddlewareHandler = async (c, next) => {
      c.header("x-by", "front");
      await next();
    };
    const handler = (): Response => new Response("a", { headers: { "x-by": "handler" } });
    const app = new Hono();
    app.get("/plain", front, handler);
    app.get("/cached", front, cacheRoute(heldCache().cache, { ttl: 60 }), handler);

    const answers = [await ask(app, "/plain"), await ask(app, "/cached"), await ask(app, "/cached")];

    expect(answers.map(({ cache, headers }) => [cache, headers.get("x-by")])).toEqual([
      [null, "handler"],
      ["MISS", "handler"],
      ["HIT", "handler"],
    ]);
  });

  it("through c.res stays beside the cookies that are stored", async () => {
    let request = 0;
    const app = new Hono();
    app.use(async (c, next) => {
      c.res.headers.append("set-cookie", `front=${++request}`);
      await next();
    });
    app.get("/", cacheRoute(heldCache().cache, { ttl: 60, setCookie: "store" }), (c) => {
      c.header("set-cookie", "own=1", { append: true });
      return c.text("a");
    });

    const [miss, hit] = [await ask(app, "/"), await ask(app, "/")];

    expect([miss.headers.getSetCookie(), hit.cache, hit.headers.getSetCookie()]).toEqual([
      ["front=1", "own=1"],
      "HIT",
      ["front=2", "own=1"],
    ]);
  });

  it("after the handler is sent with a miss and with a hit, and not stored", async () => {
    let request = 0;
    const app = new Hono();
    app.use(async (c, next) => {
      await next();
      c.header("x-request", `${++request}`);
    });
    app.get("/", cacheRoute(heldCache().cache, { ttl: 60 }), (c) => c.text("a"));

    const answers = [await ask(app, "/"), await ask(app, "/")];

    expect(answers.map(({ cache, headers }) => [cache, headers.get("x-request")])).toEqual([
      ["MISS", "1"],
      ["HIT", "2"],
    ]);
  });
});
