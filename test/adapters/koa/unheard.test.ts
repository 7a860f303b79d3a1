import type { Context } from "koa";
import { describe, expect, it } from "vitest";
import { gate, route, until } from "./support.ts";

describe("a response that is sent past Koa flows, and is not stored", () => {
  it.each<[string, (ctx: Context) => unknown]>([
    ["with ctx.respond = false", (ctx) => ((ctx.respond = false), ctx.res.end("raw"))],
    ["without", (ctx) => void ctx.res.end("raw")],
    ["by writeHead", (ctx) => void ctx.res.writeHead(200, { "x-own": "1" }).end("raw")],
  ])("%s", async (_name, handle) => {
    const { askTwice, cache, runs } = await route(handle);

    const answers = await askTwice();

    expect(answers.map(({ text }) => text)).toEqual(["raw", "raw"]);
    expect(answers[0].header("cache-status")).toMatch(/fwd=uri-miss.*detail=unheard/);
    expect(runs()).toBe(2);
    expect(cache.stats().stored).toBe(0);
  });

  it("later than its middleware", async () => {
    const sent = gate();
    const { ask, cache } = await route((ctx) => {
      ctx.respond = false;
      void sent.opened.then(() => ctx.res.end("raw"));
    });

    const answer = ask();
    await until(() => cache.stats().refusals.unheard === 1);
    sent.open();

    const { text, header } = await answer;
    expect(text).toBe("raw");
    expect(header("cache-status")).toMatch(/detail=unheard/);
    expect(cache.stats().stored).toBe(0);
  });
});
