import { PassThrough } from "node:stream";
import type { Context, Middleware } from "koa";
import conditional from "koa-conditional-get";
import etag from "koa-etag";
import session from "koa-session";
import { describe, expect, it } from "vitest";
import { quietApp, route } from "./support.ts";

type WithCart = Context & { session: { cart?: string } | null };

/** Gives each visitor a cart, and sends it. */
function carts(): (ctx: Context) => void {
  let given = 0;
  return (ctx) => {
    const { session: own } = ctx as WithCart;
    if (own !== null) own.cart ??= `cart ${++given}`;
    ctx.body = own?.cart;
  };
}

function withSession(): { readonly app: ReturnType<typeof quietApp>; readonly own: Middleware } {
  const app = quietApp();
  app.keys = ["s"];
  return { app, own: session({ signed: true }, app) };
}

describe("koa-session in front of the cache", () => {
  it("sends a page that writes the session to its visitor alone", async () => {
    const { app, own } = withSession();
    const { askTwice, cache } = await route(carts(), { app, front: [own] });

    const answers = await askTwice();

    expect(answers.map(({ text }) => text)).toEqual(["cart 1", "cart 2"]);
    expect(answers.map((answer) => answer.lines("set-cookie").length > 0)).toEqual([true, true]);
    expect(answers[1].header("cache-status")).toContain("late-cookie");
    expect(cache.stats().stored).toBe(0);
  });

  it("lets a page that does not write it be stored", async () => {
    const { app, own } = withSession();
    const { askTwice } = await route((ctx) => (ctx.body = "about us"), { app, front: [own] });

    const [, hit] = await askTwice();

    expect([hit.text, hit.header("x-cache"), hit.lines("set-cookie")]).toEqual(["about us", "HIT", []]);
  });

  it("lets the page be stored for its user under a scope function, without the cookie", async () => {
    const { app, own } = withSession();
    const { askTwice } = await route(carts(), { app, front: [own], options: { scope: () => "alice" } });

    const [first, hit] = await askTwice();

    expect(first.lines("set-cookie").length).toBeGreaterThan(0);
    expect([hit.text, hit.header("x-cache"), hit.lines("set-cookie")]).toEqual(["cart 1", "HIT", []]);
  });
});

describe("koa-session behind the cache", () => {
  it("sets the handler's cookie, and the page is not stored", async () => {
    const { app, own } = withSession();
    const { askTwice, cache } = await route(carts(), { app, back: [own] });

    const answers = await askTwice();

    expect(answers.map(({ text }) => text)).toEqual(["cart 1", "cart 2"]);
    expect(answers[1].header("cache-status")).toContain("detail=set-cookie");
    expect(cache.stats().stored).toBe(0);
  });
});

describe.each<[string, "front" | "back"]>([
  ["in front of", "front"],
  ["behind", "back"],
])("koa-etag and koa-conditional-get %s the cache", (_place, place) => {
  it("get one tag, and the cache's 304", async () => {
    const { ask, runs } = await route((ctx) => (ctx.body = "page"), { [place]: [conditional(), etag()] });

    const miss = await ask();
    const tag = miss.header("etag") ?? "";
    const [hit, same, other] = [
      await ask(),
      await ask({ "if-none-match": tag }),
      await ask({ "if-none-match": '"x"' }),
    ];

    expect([miss, hit, same, other].map(({ status }) => status)).toEqual([200, 200, 304, 200]);
    expect([hit, same].map(({ header }) => header("etag"))).toEqual([tag, tag]);
    expect(runs()).toBe(1);
  });
});

describe("koa-conditional-get", () => {
  it("does not evaluate the cache's own conditions in front of it", async () => {
    const { ask, cache } = await route(
      (ctx) => {
        ctx.set("etag", '"v1"');
        ctx.body = "page";
      },
      { front: [conditional()], options: { revalidate: true, tags: ["page"] } },
    );
    await ask();
    await cache.invalidate({ tags: ["page"] }, { soft: true });

    const again = await ask();

    expect([again.status, again.text]).toEqual([200, "page"]);
  });

  it("does not evaluate those of the cache before a stream in front of it", async () => {
    const { ask, cache } = await route(
      (ctx) => {
        ctx.set("etag", '"v1"');
        ctx.body = new PassThrough().end("page");
      },
      { front: [conditional()], options: { revalidate: true, tags: ["page"] } },
    );
    await ask();
    await cache.invalidate({ tags: ["page"] }, { soft: true });

    const again = await ask();

    expect([again.status, again.text]).toEqual([200, "page"]);
  });

  it("revalidates what is stored behind it", async () => {
    const { ask, cache, runs } = await route(
      (ctx) => {
        ctx.set("etag", '"v1"');
        ctx.body = `run ${runs()}`;
      },
      { back: [conditional()], options: { revalidate: true, tags: ["page"] } },
    );
    await ask();
    await cache.invalidate({ tags: ["page"] }, { soft: true });

    const again = await ask();

    expect([again.status, again.text, runs()]).toEqual([200, "run 1", 2]);
  });
});
