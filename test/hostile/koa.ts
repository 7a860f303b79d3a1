import { createServer } from "node:http";
import type { Server } from "node:http";
import { PassThrough, Readable } from "node:stream";
import { Router } from "@koa/router";
import Koa from "koa";
import type { Context, Middleware } from "koa";
import { cacheRoute } from "../../src/adapters/koa.ts";
import type { Cache } from "../../src/index.ts";
import { KINDS, userOf } from "./site.ts";
import type { Answer, Site } from "./site.ts";

/** The application on Koa; `cache` undefined: without a cache. */
export function koaServer(site: Site, cache: Cache | undefined): Server {
  const app = new Koa();
  const router = new Router();
  // Clients leave on purpose, and streams break.
  app.on("error", () => undefined);
  app.use(logged(site));
  app.use(pageOfErrors);
  const scope = (ctx: Pick<Context, "get">): string => userOf(ctx.get("cookie"));
  for (const [kind, options] of Object.entries({ ...KINDS, mine: { ttl: 60, scope } })) {
    const handle: Middleware = (ctx) => respond(site, kind, ctx);
    if (cache === undefined || options === undefined) router.all(`/${kind}/:id`, handle);
    else router.all(`/${kind}/:id`, cacheRoute(cache, options), handle);
  }
  app.use(router.routes());
  return createServer(app.callback());
}

/** As loggers do that tell how long a response took. */
function logged(site: Site): Middleware {
  return async (ctx, next) => {
    const end = site.begin(ctx.get("x-alone") !== "", `the logger of ${ctx.method} ${ctx.url}`);
    ctx.res.once("close", end);
    await next();
  };
}

const pageOfErrors: Middleware = async (ctx, next) => {
  try {
    await next();
  } catch {
    ctx.status = 500;
    ctx.body = "failed";
  }
};

async function respond(site: Site, kind: string, ctx: Context): Promise<void> {
  const id = String((ctx["params"] as Record<string, string>)["id"]);
  const header = (name: string): string | undefined => ctx.req.headers[name] as string | undefined;
  const answer = await site.answer({ method: ctx.method, kind, id, header });
  ctx.status = answer.status;
  ctx.set(answer.headers);
  if (answer.parts === undefined) ctx.body = answer.whole;
  else (STYLES[answer.style % STYLES.length] ?? plain)(answer.parts, ctx);
}

type Parts = NonNullable<Answer["parts"]>;

const plain = (parts: Parts, ctx: Context): void => void (ctx.body = Readable.from(parts()));

/** The ways in which handlers send a stream. */
const STYLES: readonly ((parts: Parts, ctx: Context) => void)[] = [
  plain,
  (parts, ctx) => void (ctx.body = ReadableStream.from(parts())),
  (parts, ctx) => {
    const source = Readable.from(parts());
    const through = new PassThrough();
    source.once("error", (error) => through.destroy(error));
    through.once("close", () => source.destroy());
    ctx.body = source.pipe(through);
  },
  (parts, ctx) => {
    const source = Readable.from(parts());
    ctx.req.once("close", () => source.destroy());
    ctx.body = source;
  },
];
