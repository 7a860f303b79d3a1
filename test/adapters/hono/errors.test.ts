import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/hono.ts";
import { ask, heldCache } from "./support.ts";

describe("an error of a Hono handler", () => {
  it("is not stored, whatever its page looks like", async () => {
    let runs = 0;
    const app = new Hono();
    app.onError((error, c) => c.text(error.message, 200));
    app.get("/", cacheRoute(heldCache().cache, { ttl: 60 }), () => {
      throw new Error(`run ${++runs}`);
    });

    const answers = [await ask(app, "/"), await ask(app, "/")];

    expect(answers.map(({ cache, text }) => [cache, text])).toEqual([
      ["MISS", "run 1"],
      ["MISS", "run 2"],
    ]);
    expect(answers[0]?.headers.get("cache-status")).toContain("detail=failed");
  });

  it("with a status that is an answer is stored as onError sends it, if the route stores that status", async () => {
    let runs = 0;
    const app = new Hono();
    app.onError((error, c) => c.text(`${error.message}, run ${runs}`, 404));
    app.get("/", cacheRoute(heldCache().cache, { ttl: 60, statuses: { 404: 60 } }), () => {
      runs++;
      throw new HTTPException(404, { message: "no such report" });
    });

    const answers = [await ask(app, "/"), await ask(app, "/")];

    expect(answers.map(({ status, cache, text }) => [status, cache, text])).toEqual([
      [404, "MISS", "no such report, run 1"],
      [404, "HIT", "no such report, run 1"],
    ]);
  });

  it("of its own router's onError is told from a response, too", async () => {
    const inner = new Hono();
    inner.onError((_error, c) => c.text("inner page", 200));
    inner.get("/", cacheRoute(heldCache().cache, { ttl: 60 }), () => {
      throw new Error("the handler fails, as it was told to");
    });
    const app = new Hono().route("/inner", inner);

    const answers = [await ask(app, "/inner"), await ask(app, "/inner")];

    expect(answers.map(({ cache, text }) => [cache, text])).toEqual([
      ["MISS", "inner page"],
      ["MISS", "inner page"],
    ]);
  });

  it("that is no Error reaches the application's caller, as without a cache", async () => {
    const thrown = new Response("thrown", { status: 418 });
    const app = new Hono();
    app.get("/", cacheRoute(heldCache().cache, { ttl: 60 }), () => {
      throw thrown as unknown as Error;
    });

    const outcome: unknown = await (async () => app.request("/"))().catch((error: unknown) => error);

    expect((outcome as Response).status).toBe(418);
  });

  it("is reported by Hono where a handler returns nothing, and nothing is stored", async () => {
    const messages: string[] = [];
    const { cache } = heldCache();
    const app = new Hono();
    app.onError((error, c) => {
      messages.push(error.message);
      return c.text("page", 500);
    });
    app.get("/", cacheRoute(cache, { ttl: 60 }), (() => undefined) as never);

    const { status } = await ask(app, "/");

    expect([status, cache.stats().stored]).toEqual([500, 0]);
    expect(messages).toEqual([expect.stringContaining("Context is not finalized")]);
  });
});
