import type { Middleware } from "koa";
import { describe, expect, it } from "vitest";
import { gate, quietApp, route, until } from "./support.ts";

/** As in any application: the page for an error is made in front of the routes. */
const catching: Middleware = async (ctx, next) => {
  try {
    await next();
  } catch (error) {
    const { status = 500, message } = error as { status?: number; message: string };
    ctx.status = status;
    ctx.body = { message };
  }
};

describe("what an error middleware sends", () => {
  it.each([404, 410, 500])("for ctx.throw(%i) is not stored", async (status) => {
    const { askTwice, cache, runs } = await route((ctx) => ctx.throw(status, "no"), {
      front: [catching],
      options: { statuses: "any" },
    });

    const answers = await askTwice();

    expect(answers.map((answer) => [answer.status, answer.header("x-cache")])).toEqual([
      [status, "MISS"],
      [status, "MISS"],
    ]);
    expect([runs(), cache.stats().stored]).toEqual([2, 0]);
  });

  it("for middleware that throws when the handler is done is not stored, nor is the handler's page", async () => {
    const failing: Middleware = async (_ctx, next) => {
      await next();
      throw Object.assign(new Error("too slow"), { status: 408 });
    };
    const { askTwice, cache } = await route((ctx) => (ctx.body = "a page"), {
      front: [catching, failing],
      options: { statuses: "any" },
    });

    const answers = await askTwice();

    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [408, '{"message":"too slow"}'],
      [408, '{"message":"too slow"}'],
    ]);
    expect(answers[0].header("cache-status")).not.toContain("stored");
    expect(cache.stats().stored).toBe(0);
  });
});

describe("an error with a status that is an answer", () => {
  it.each([
    [403, [403, "Forbidden", "MISS"]],
    [500, [200, "page", "HIT"]],
  ])("is sent in place of what is stale, and another is not: %i", async (thrown, expected) => {
    let status = 200;
    const { ask, cache } = await route((ctx) => (status === 200 ? (ctx.body = "page") : ctx.throw(status)), {
      options: { tags: ["page"], staleIfError: 60 },
    });
    await ask();
    await cache.invalidate({ tags: ["page"] }, { soft: true });
    status = thrown;

    const answer = await ask();

    expect([answer.status, answer.text, answer.header("x-cache")]).toEqual(expected);
  });

  it("has the cache's fields, though Koa removes all fields from its page", async () => {
    const { ask } = await route((ctx) => {
      ctx.set("x-own", "1");
      ctx.throw(500);
    });

    const { header } = await ask();

    expect(header("x-own")).toBeUndefined();
    expect([header("x-cache"), header("cache-status")]).toEqual([
      "MISS",
      expect.stringContaining("detail=failed"),
    ]);
  });
});

describe("an error of the connection of a client that has disconnected", () => {
  it("is not sent as a page to those who follow", async () => {
    const rest = gate();
    const errors: Error[] = [];
    const app = quietApp().on("error", (error: Error) => errors.push(error));
    const { client, runs } = await route(
      async (ctx) => {
        await rest.opened;
        ctx.body = "page";
      },
      { app },
    );

    const leader = client.start({ path: "/a" });
    await until(() => runs() === 1);
    const follower = client.ask({ path: "/a" });
    await client.ask({ path: "/other" });
    leader.socket?.resetAndDestroy();
    await until(() => errors.length > 0);
    rest.open();

    expect((await follower).text).toBe("page");
    expect(errors.map((error) => [(error as NodeJS.ErrnoException).code, runs()])).toEqual([
      ["ECONNRESET", 1],
    ]);
  });
});
