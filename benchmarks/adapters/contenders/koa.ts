import { createServer } from "node:http";
import { Router } from "@koa/router";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/koa";
import Koa from "koa";
import type { Context, Middleware } from "koa";
import koaCash from "koa-cash";
import { PATH, TTL } from "../contenders.ts";
import type { Makers, MakeServer, Origin } from "../contenders.ts";
import { listening } from "./listening.ts";

type Handler = (ctx: Context, next: () => Promise<void>) => unknown;

const of =
  (handlersOf: (origin: Origin) => readonly Handler[], ...front: Middleware[]): MakeServer =>
  (origin) => {
    const app = new Koa();
    const router = new Router();
    router.register(PATH, ["get"], handlersOf(origin) as unknown as Parameters<typeof router.register>[2]);
    for (const middleware of [...front, router.routes() as unknown as Middleware]) app.use(middleware);
    return listening(createServer(app.callback()));
  };

const json =
  (origin: Origin): Handler =>
  (ctx) => {
    ctx.body = origin.items();
  };

const stored = new Map<string, unknown>();
const cash = koaCash({
  maxAge: TTL * 1000,
  get: (key) => stored.get(key),
  set: (key, value) => stored.set(key, value),
});

/** As its README writes it. */
const ofCash: Handler = async (ctx, next) => {
  const isCashed = await (ctx as Context & { cashed(): Promise<boolean> }).cashed();
  if (!isCashed) await next();
};

export const makers: Makers = {
  ours: of((origin) => [cacheRoute(createCache(), { ttl: TTL }), json(origin)]),
  body: of((origin) => [
    (ctx) => {
      ctx.set(origin.fields);
      ctx.body = origin.bytes();
    },
  ]),
  handler: of((origin) => [json(origin)]),
  peer: of((origin) => [ofCash, json(origin)], cash),
};
