import type { RequestHandler } from "express";
import fastifyCookie from "@fastify/cookie";
import fastifySession from "@fastify/session";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { quietCache, versions, visit } from "../express/support.ts";
import { site } from "../fastify/support.ts";
import { eager, fronts } from "./fronts.mjs";

type WithCart = { session: { cart?: string } | null };

/** Gives each visitor a cart, and sends it. */
function carts(): RequestHandler {
  let given = 0;
  return (req, res) => {
    const { session } = req as unknown as WithCart;
    if (session !== null) session.cart ??= `cart ${++given}`;
    res.send(session?.cart);
  };
}

describe.each(versions)("%s behind a session middleware", (_version, express) => {
  describe.each(Object.entries(fronts))("%s", (_name, front) => {
    it("a page that writes the session is sent to its visitor alone", async () => {
      const cache = quietCache();
      const app = express();
      app.use(front());
      app.get("/cart", cacheRoute(cache, { ttl: 60 }), carts());
      const client = await visit(app);

      const first = await client.ask({ path: "/cart" });
      const second = await client.ask({ path: "/cart" });

      expect([first.text, second.text]).toEqual(["cart 1", "cart 2"]);
      expect([first, second].map((answer) => answer.lines("set-cookie").length > 0)).toEqual([true, true]);
      expect(second.header("cache-status")).toContain("late-cookie");
      expect(cache.stats().stored).toBe(0);
    });

    it("a page that does not write it is stored", async () => {
      const app = express();
      app.use(front());
      app.get("/about", cacheRoute(quietCache(), { ttl: 60 }), (_req, res) => void res.send("about us"));
      const client = await visit(app);

      await client.ask({ path: "/about" });
      const hit = await client.ask({ path: "/about" });

      expect([hit.text, hit.header("x-cache")]).toEqual(["about us", "HIT"]);
    });

    it("under a scope function the page is stored for its user, without the cookie", async () => {
      const cache = quietCache();
      const app = express();
      app.use(front());
      const scope = (): string => "alice";
      app.get("/cart", cacheRoute(cache, { ttl: 60, scope }), carts());
      const client = await visit(app);

      const first = await client.ask({ path: "/cart" });
      const second = await client.ask({ path: "/cart" });

      expect(first.lines("set-cookie").length).toBeGreaterThan(0);
      expect([second.text, second.header("x-cache")]).toEqual(["cart 1", "HIT"]);
      expect(second.lines("set-cookie")).toEqual([]);
    });
  });

  it("a session that is begun for every visitor keeps all pages from being stored, and the reason is reported", async () => {
    const app = express();
    app.use(eager());
    app.get("/about", cacheRoute(quietCache(), { ttl: 60 }), (_req, res) => void res.send("about us"));
    const client = await visit(app);

    await client.ask({ path: "/about" });
    const second = await client.ask({ path: "/about" });

    expect(second.header("x-cache")).toBe("MISS");
    expect(second.header("cache-status")).toContain("late-cookie");
  });
});

describe("Fastify behind @fastify/session", () => {
  it("a page that writes the session is sent to its visitor alone", async () => {
    const { app, register, ask } = site();
    await app.register(fastifyCookie);
    const cookie = { secure: false };
    await app.register(fastifySession, { secret: "s".repeat(40), saveUninitialized: false, cookie });
    await register();
    let given = 0;
    app.get("/cart", { cache: { ttl: 60 } }, async (request) => {
      const { session } = request as unknown as WithCart;
      if (session !== null) session.cart ??= `cart ${++given}`;
      return session?.cart;
    });

    const [first, second] = [await ask("/cart"), await ask("/cart")];

    expect([first.body, second.body]).toEqual(["cart 1", "cart 2"]);
    expect([first, second].map(({ headers }) => headers.has("set-cookie"))).toEqual([true, true]);
  });
});
