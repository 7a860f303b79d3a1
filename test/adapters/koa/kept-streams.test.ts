import { Readable } from "node:stream";
import type { Middleware } from "koa";
import conditional from "koa-conditional-get";
import { describe, expect, it } from "vitest";
import { gate, route, until } from "./support.ts";

const closing = "the connection is closed";

describe("a stream whose own response has something else in its place", () => {
  it("is sent to its followers whole, though Koa destroys what was set as the body", async () => {
    const [begun, rest] = [gate(), gate()];
    const replaced: Middleware = async (ctx, next) => {
      await next();
      if (ctx.get("x-replaced") === "") return;
      await begun.opened;
      ctx.body = "replaced";
    };
    const parts = async function* (): AsyncGenerator<string> {
      yield "one ";
      await rest.opened;
      yield "two";
    };
    const front: Middleware = async (ctx, next) => {
      await next();
      // The head of what was captured is sent, and the follower with it.
      if (ctx.get("x-replaced") !== "") ctx.res.flushHeaders();
    };
    const { client, runs, cache } = await route((ctx) => (ctx.body = Readable.from(parts())), {
      front: [replaced, front],
    });

    const leading = client.ask({ path: "/a", headers: { "x-replaced": "1" } }).catch(() => closing);
    await until(() => runs() === 1);
    const follower = await client.open({ path: "/a" });
    expect(await follower.next()).toBe("one ");
    begun.open();
    await leading;
    rest.open();

    expect(await follower.next()).toBe("two");
    expect(await follower.next()).toBeUndefined();
    await until(() => cache.stats().stored === 1);
    expect(runs()).toBe(1);
  });
});

describe("koa-conditional-get in front of the cache", () => {
  it("does not end a stream that is stored by a 304", async () => {
    const { ask, cache } = await route(
      (ctx) => {
        ctx.set("etag", '"v1"');
        ctx.body = Readable.from(["one ", "two"]);
      },
      { front: [conditional()] },
    );

    const miss = await ask({ "if-none-match": '"v1"' });
    await until(() => cache.stats().stored === 1);
    const same = await ask({ "if-none-match": '"v1"' });

    expect([miss.status, miss.text]).toEqual([200, "one two"]);
    expect(same.status).toBe(304);
  });
});
