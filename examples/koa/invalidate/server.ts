import { json } from "node:stream/consumers";
import { Router } from "@koa/router";
import { createCache } from "caching-route";
import { cacheRoute, invalidates } from "caching-route/koa";
import Koa from "koa";
import type { Context } from "koa";
import { z } from "zod";

interface User {
  readonly id: number;
  readonly name: string;
}

const cache = createCache();
const app = new Koa();
const router = new Router();

const users = new Map<number, User>();
const named = z.object({ name: z.string() });

/** Stores a user under the name in the request's content. A refused request, with a status from 400, invalidates nothing. */
async function save(ctx: Context, id: number, status: number): Promise<void> {
  const { data } = named.safeParse(await json(ctx.req));
  if (data === undefined) ctx.throw(422, "a user has a name");
  const user = { id, name: data.name };
  users.set(id, user);
  ctx.status = status;
  ctx.body = user;
}

router.post("/users", (ctx) => save(ctx, users.size + 1, 201));

router.get(
  "/users/:id",
  cacheRoute(cache, { ttl: 600, tags: (ctx) => [`user:${ctx.params["id"]}`] }),
  (ctx) => {
    ctx.body = users.get(Number(ctx.params["id"])) ?? ctx.throw(404, "no such user");
  },
);

router.patch(
  "/users/:id",
  invalidates(cache, { tags: (ctx) => [`user:${ctx.params["id"]}`] }),
  async (ctx) => {
    const id = Number(ctx.params["id"]);
    if (!users.has(id)) ctx.throw(404, "no such user");
    await save(ctx, id, 200);
  },
);

app.use(router.routes());

const port = Number(process.env["PORT"] ?? 8000);
const server = app.listen(port, "127.0.0.1", () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === "object" ? address?.port : port}`);
});
