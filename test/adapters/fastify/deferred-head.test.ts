import { describe, expect, it } from "vitest";
import type { FastifyReply, FastifyRequest, onSendHookHandler } from "fastify";
import { site } from "./support.ts";

/** Writes the cookie of a cart that the handler has filled. */
const session: onSendHookHandler = async (request, reply, payload) => {
  const { cart } = request as FastifyRequest & { cart?: string };
  if (cart !== undefined) reply.header("set-cookie", `cart=${cart}`);
  return payload;
};

function carts(): (request: FastifyRequest, reply: FastifyReply) => Promise<string> {
  let runs = 0;
  return async (request) => {
    const cart = `c${++runs}`;
    Object.assign(request, { cart });
    return `the cart is ${cart}`;
  };
}

describe("a cookie that an onSend hook of the route writes by what the handler did (hazard 33)", () => {
  it.each([
    ["one", [session]],
    ["the last of two", [async (_request: unknown, _reply: unknown, payload: unknown) => payload, session]],
  ] as [string, onSendHookHandler[]][])(
    "keeps the page from being stored, where %s hook writes it",
    async (_which, onSend) => {
      const { app, cache, register, ask } = site();
      await register();
      app.get("/a", { cache: { ttl: 60 }, onSend }, carts());

      const answers = [await ask("/a"), await ask("/a")];

      expect(answers.map(({ body }) => body)).toEqual(["the cart is c1", "the cart is c2"]);
      expect(answers.map(({ headers }) => headers.getSetCookie())).toEqual([["cart=c1"], ["cart=c2"]]);
      expect(answers.map(({ headers }) => headers.get("cache-status"))).toEqual([
        "caching-route;fwd=uri-miss;fwd-status=200;detail=late-cookie",
        "caching-route;fwd=uri-miss;fwd-status=200;detail=late-cookie",
      ]);
      expect(cache.stats().stored).toBe(0);
    },
  );

  it("is left out of a page that is stored where the route says so", async () => {
    const { app, register, ask } = site();
    await register();
    app.get("/a", { cache: { ttl: 60, setCookie: "strip" }, onSend: session }, carts());

    const answers = [await ask("/a"), await ask("/a")];

    expect(answers.map(({ cache }) => cache)).toEqual(["MISS", "HIT"]);
    expect(answers.map(({ headers }) => headers.getSetCookie())).toEqual([["cart=c1"], []]);
  });

  it("does not keep a page from being stored whose route has onSend hooks that write none", async () => {
    const { app, register, ask } = site();
    await register();
    const stamp: onSendHookHandler = async (_request, reply, payload) => {
      reply.header("x-stamp", "1");
      return payload;
    };
    app.get("/a", { cache: { ttl: 60 }, onSend: stamp }, async () => "page");

    const answers = [await ask("/a"), await ask("/a")];

    expect(answers.map(({ cache }) => cache)).toEqual(["MISS", "HIT"]);
    expect(answers.map(({ headers }) => headers.get("x-stamp"))).toEqual(["1", "1"]);
    expect(answers[0]?.headers.get("cache-status")).toBe("caching-route;fwd=uri-miss;fwd-status=200;stored");
  });

  it("keeps the page from being stored where a hook fails before, and nobody waits for it", async () => {
    const { app, cache, register, ask } = site();
    await register();
    let fails = true;
    const failing: onSendHookHandler = async (_request, _reply, payload) => {
      if (fails) throw new Error("no session");
      return payload;
    };
    app.get("/a", { cache: { ttl: 60 }, onSend: [failing, session] }, carts());

    const broken = await ask("/a");
    fails = false;
    const whole = await ask("/a");

    expect([broken.status, whole.body]).toEqual([500, "the cart is c2"]);
    expect(cache.stats().stored).toBe(0);
  });
});
