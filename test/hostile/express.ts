import { createServer } from "node:http";
import type { Server } from "node:http";
import { createRequire } from "node:module";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import express5 from "express";
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from "express";
import express4 from "express4";
import { cacheRoute } from "../../src/adapters/express.ts";
import type { Cache } from "../../src/index.ts";
import { KINDS, userOf } from "./site.ts";
import type { Answer, Site } from "./site.ts";

type OnFinished = (res: Response, listener: () => void) => void;

// What Express itself notices the end of responses with, and what loggers use.
const onFinished = createRequire(import.meta.resolve("express"))("on-finished") as OnFinished;

/** The application on one version of Express; `cache` undefined: without a cache. */
export function expressServer(version: "express" | "express4", site: Site, cache: Cache | undefined): Server {
  const app = (version === "express" ? express5 : express4)();
  app.set("etag", false);
  app.use(logger(site));
  for (const [kind, options] of Object.entries(KINDS)) {
    const caching = cache === undefined || options === undefined ? [] : [cacheRoute(cache, options)];
    declare(app, kind, caching, site);
  }
  const scope = (req: Request): string => userOf(req.headers.cookie);
  declare(app, "mine", cache === undefined ? [] : [cacheRoute(cache, { ttl: 60, scope })], site);
  app.use(((_error, _req, res, next) => {
    if (res.headersSent) return next(_error);
    res.status(500).type("text/plain").send("failed");
  }) as ErrorRequestHandler);
  return createServer(app);
}

/** As loggers do that tell how long a response took. */
function logger(site: Site): RequestHandler {
  return (req, res, next) => {
    const end = site.begin(req.headers["x-alone"] !== undefined, `the logger of ${req.method} ${req.url}`);
    onFinished(res, end);
    next();
  };
}

function declare(app: Express, kind: string, caching: readonly RequestHandler[], site: Site): void {
  app.all(`/${kind}/:id`, ...caching, async (req, res, next) => {
    try {
      const header = (name: string): string | undefined => req.headers[name] as string | undefined;
      const answer = await site.answer({ method: req.method, kind, id: String(req.params["id"]), header });
      res.status(answer.status).set(answer.headers);
      if (answer.parts === undefined) res.end(answer.whole);
      else await (STYLES[answer.style % STYLES.length] ?? looped)(answer.parts, res);
    } catch (error) {
      next(error);
    }
  });
}

type Parts = NonNullable<Answer["parts"]>;

const looped = async (parts: Parts, res: Response): Promise<void> => {
  let goOn = (): void => undefined;
  let isOver = res.destroyed;
  res.on("drain", () => goOn());
  res.once("close", () => {
    isOver = true;
    goOn();
  });
  try {
    for await (const part of parts()) {
      if (isOver) return;
      if (!res.write(part)) await new Promise<void>((resolve) => (goOn = resolve));
    }
    res.end();
  } catch (error) {
    res.destroy(error as Error);
  }
};

/** The ways in which handlers send a stream. */
const STYLES: readonly ((parts: Parts, res: Response) => Promise<void> | void)[] = [
  looped,
  (parts, res) => pipeline(Readable.from(parts()), res).catch(() => undefined),
  (parts, res) => {
    const source = Readable.from(parts());
    source.once("error", (error) => res.destroy(error));
    onFinished(res, () => source.destroy());
    source.pipe(res);
  },
  async (parts, res) => {
    const source = parts();
    let goOn = (): void => undefined;
    let isOver = false;
    res.on("drain", () => goOn());
    onFinished(res, () => {
      isOver = true;
      goOn();
    });
    try {
      for await (const part of source) {
        if (isOver) return;
        if (!res.write(part)) await new Promise<void>((resolve) => (goOn = resolve));
      }
      res.end();
    } catch {
      res.destroy();
    }
  },
  async (parts, res) => {
    res.flushHeaders();
    const source = Readable.from(parts());
    res.req.once("close", () => res.writableEnded || source.destroy());
    await pipeline(source, res).catch(() => undefined);
  },
];
