import type { ErrorRequestHandler, Express, RequestHandler } from "express";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { createCache } from "../../../src/index.ts";
import { Client } from "../../../src/testing/adapter-contract/client.ts";
import type { Answer } from "../../../src/testing/adapter-contract/client.ts";
import { listen, versions } from "../harness/express.ts";

const FAILED = "caching-route;fwd=uri-miss;detail=failed";

describe.each(versions)("25: %s: a handler", (_version, express) => {
  async function asked(
    handler: RequestHandler,
    after: (app: Express) => void = () => undefined,
  ): Promise<{ readonly answer: Answer; readonly told: readonly string[] }> {
    const told: string[] = [];
    const cache = createCache({ reporter: ({ reason }) => told.push(reason) });
    const app = express();
    app.set("env", "test");
    app.get("/a", cacheRoute(cache, { ttl: 60 }), handler);
    after(app);
    const server = await listen(app);
    const client = new Client(server.origin, 10_000);
    onTestFinished(() => server.close());
    await client.ask({ path: "/a" });
    return { answer: await client.ask({ path: "/a" }), told };
  }

  it.each<[string, RequestHandler]>([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["calls next with an error", (_req, _res, next) => next(new Error("no"))],
    [
      "fails after it has written a head",
      (_req, res, next) => {
        res.writeHead(200, { "x-own": "1" });
        next(new Error("no"));
      },
    ],
  ])("that %s has the reason in Cache-Status, and is reported once", async (_name, handler) => {
    const { answer, told } = await asked(handler);
    expect([answer.status, answer.header("x-cache"), answer.header("cache-status")]).toEqual([
      500,
      "MISS",
      FAILED,
    ]);
    expect(told).toEqual(["failed"]);
  });

  it("that fails has the reason in Cache-Status behind an error handler of the application, too", async () => {
    const { answer } = await asked(
      (_req, _res, next) => next(new Error("no")),
      (app) => {
        app.use(((_error, _req, res, _next) => void res.status(418).send("own")) as ErrorRequestHandler);
      },
    );
    expect([answer.status, answer.text, answer.header("cache-status")]).toEqual([418, "own", FAILED]);
  });

  it.each<[string, RequestHandler]>([
    ["the rest of the application", (_req, _res, next) => next()],
    ["the next route", (_req, _res, next) => next("route")],
  ])("that leaves the 404 to %s has the reason in Cache-Status", async (_name, handler) => {
    const { answer } = await asked(handler);
    expect([answer.status, answer.header("cache-status")]).toEqual([
      404,
      "caching-route;fwd=uri-miss;fwd-status=404;detail=status",
    ]);
  });
});
