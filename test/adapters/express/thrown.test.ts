import type { NextFunction, Request, Response } from "express";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import type { CacheRouteOptions } from "../../../src/adapters/express.ts";
import { testClock } from "../../../src/testing/index.ts";
import type { Answer, Client } from "./client.ts";
import { quietCache, versions, visit } from "./support.ts";

const orStale = { ttl: 10, staleIfError: 60 };
const with404 = { ...orStale, statuses: { 200: true, 404: 10 } } as const;
const word = ({ status, text, header }: Answer): unknown[] => [status, text, header("x-cache")];

const of = (status: number): Error => Object.assign(new Error("thrown"), { status });
const failures: Record<string, (req: Request, res: Response, next: NextFunction) => unknown> = {
  "a throw": () => {
    throw of(404);
  },
  "next(error)": (_req, _res, next) => next(of(404)),
  "a throw after a head was written": (_req, res) => {
    res.writeHead(200, { "x-a": "1" });
    throw of(404);
  },
  "a status, and an error without one": (_req, res) => {
    res.status(404);
    throw new Error("no such page");
  },
  "an object that is no Error": (_req, _res, next) => next({ statusCode: 404 }),
  "a file that is not there": (_req, res) => res.sendFile("/no/such/file"),
};

type ErrorHandler = (error: unknown, req: Request, res: Response, next: NextFunction) => unknown;
const page: ErrorHandler = (_error, _req, res, _next) => res.status(404).send("no such page");

describe.each(versions)("%s: an error of a handler", (_version, express) => {
  /** A handler that responds once and then fails; the response is stale. */
  async function site(
    fail: (req: Request, res: Response, next: NextFunction) => unknown,
    options: CacheRouteOptions,
    ...errorHandlers: ErrorHandler[]
  ): Promise<Client> {
    const clock = testClock();
    let runs = 0;
    const app = express();
    app.set("env", "test");
    app.get("/a", cacheRoute(quietCache({ clock, onError: () => undefined }), options), (req, res, next) => {
      if (++runs === 1) res.send("run 1");
      else fail(req, res, next);
    });
    for (const handle of errorHandlers) app.use(handle);
    const client = await visit(app);
    await client.ask({ path: "/a" });
    clock.advance(10);
    return client;
  }

  it.each(Object.entries(failures))(
    "is the response, and stored as the error handler sends it, after %s",
    async (_, fail) => {
      const client = await site(fail, with404, page);

      const answers = [await client.ask({ path: "/a" }), await client.ask({ path: "/a" })];

      expect(answers.map(word)).toEqual([
        [404, "no such page", "MISS"],
        [404, "no such page", "HIT"],
      ]);
      expect(answers.map(({ header }) => header("x-a"))).toEqual([undefined, undefined]);
    },
  );

  it.each(Object.entries(failures))(
    "is the response, and not stored if its status is not, after %s",
    async (_, fail) => {
      const client = await site(fail, orStale, page);

      const answers = [await client.ask({ path: "/a" }), await client.ask({ path: "/a" })];

      expect(answers.map(({ status }) => status)).toEqual([404, 404]);
      expect(answers[0]?.header("cache-status")).toMatch(/detail=status$/);
    },
  );

  it("is stored as Express's own error page", async () => {
    const client = await site(failures["a throw"]!, with404);

    const answers = [await client.ask({ path: "/a" }), await client.ask({ path: "/a" })];

    expect(answers.map(({ status, header }) => [status, header("x-cache")])).toEqual([
      [404, "MISS"],
      [404, "HIT"],
    ]);
    expect(answers[1]?.text).toBe(answers[0]?.text);
    expect(answers[1]?.header("content-security-policy")).toBe("default-src 'none'");
  });

  it("is not stored if the error handler sends another status", async () => {
    const client = await site(failures["a throw"]!, with404, (_error, _req, res, _next) =>
      res.status(200).send("home"),
    );

    const answers = [await client.ask({ path: "/a" }), await client.ask({ path: "/a" })];

    expect(answers.map(word)).toEqual([
      [200, "home", "MISS"],
      [200, "home", "MISS"],
    ]);
  });

  it("is stored once, through error handlers that pass it on", async () => {
    const client = await site(failures["a throw"]!, with404, (error, _req, _res, next) => next(error), page);

    await client.ask({ path: "/a" });

    expect(word(await client.ask({ path: "/a" }))).toEqual([404, "no such page", "HIT"]);
  });

  it("is replaced by the stale response if the error handler itself fails", async () => {
    const client = await site(failures["a throw"]!, with404, (_error, _req, _res, _next) => {
      throw new Error("no template");
    });

    expect(word(await client.ask({ path: "/a" }))).toEqual([200, "run 1", "HIT"]);
  });
});
