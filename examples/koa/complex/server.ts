import { Readable } from "node:stream";
import { setTimeout as load } from "node:timers/promises";
import { Router } from "@koa/router";
import type { RouterMiddleware } from "@koa/router";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/koa";
import Koa from "koa";
import { z } from "zod";

const cache = createCache({ defaults: { ttl: 60 } });
const app = new Koa();
const router = new Router();

/** Any non-empty key is a valid one. The guard stands before the cache, and runs on hits as on misses. */
const requireKey: RouterMiddleware = async (ctx, next) => {
  if (ctx.get("x-key") !== "") return next();
  ctx.status = 401;
  ctx.body = { error: "X-Key is missing" };
};

/** Loading takes a second. */
async function data(): Promise<string> {
  await load(1000);
  return "Hello, World!";
}

const sendData: RouterMiddleware = async (ctx) => void (ctx.body = await data());

router.get("/not-cached", requireKey, sendData);
router.get("/cached", requireKey, cacheRoute(cache), sendData);

router.get("/stream-cached", requireKey, cacheRoute(cache), async (ctx) => {
  const text = await data();
  ctx.type = "text";
  ctx.length = text.length;
  ctx.body = Readable.from(text.split(""));
});

router.get("/404", cacheRoute(cache), (ctx) => {
  ctx.body = null;
  ctx.status = 404;
});

// The cache reads the names and defaults of the query parameters from the schema.
const query = z.object({ a: z.string(), b: z.string().default("b") });

router.get("/query", cacheRoute(cache, { query }), (ctx) => {
  const { data: parameters, error } = query.safeParse(ctx.query);
  ctx.status = error === undefined ? 200 : 422;
  ctx.body = error === undefined ? parameters : { error: z.prettifyError(error) };
});

app.use(router.routes());

const port = Number(process.env["PORT"] ?? 8000);
const server = app.listen(port, "127.0.0.1", () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === "object" ? address?.port : port}`);
});
