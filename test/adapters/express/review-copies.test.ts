import express5 from "express";
import express4 from "express4";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { askTwice, quietCache, visit } from "./support.ts";

describe("a router of another copy of Express", () => {
  it.each([
    ["Express 4 in Express 5", express5, express4],
    ["Express 5 in Express 4", express4, express5],
  ])("has its failures seen, though its own error handler answers: %s", async (_name, outer, inner) => {
    const cache = quietCache();
    const router = inner.Router();
    router.get("/x", () => {
      throw new Error("no");
    });
    router.use(
      ((_error, _req, res, _next) => void res.send("an error page")) as express5.ErrorRequestHandler,
    );
    const app = outer();
    app.use("/a", cacheRoute(cache, { ttl: 60 }), router);
    const answers = await askTwice(await visit(app), "/a/x");
    expect(answers.map(({ text }) => text)).toEqual(["an error page", "an error page"]);
    expect([cache.stats().stored, cache.stats().outcomes.hit]).toEqual([0, 0]);
  });
});
