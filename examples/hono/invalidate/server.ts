import { serve } from "@hono/node-server";
import { createCache } from "caching-route";
import { cacheRoute, invalidates } from "caching-route/hono";
import { Hono } from "hono";
import { z } from "zod";

interface User {
  readonly id: number;
  readonly name: string;
}

const cache = createCache();
// A slash at the end is no other path.
const app = new Hono({ strict: false });

const users = new Map<number, User>();
const named = z.object({ name: z.string() });
const noUser = { error: "no such user" };
const unnamed = { error: "a user has a name" };

app.post("/users", async (c) => {
  const { data } = named.safeParse(await c.req.json());
  if (data === undefined) return c.json(unnamed, 422);
  const user = { id: users.size + 1, name: data.name };
  users.set(user.id, user);
  return c.json(user, 201);
});

app.get("/users/:id", cacheRoute(cache, { ttl: 600, tags: (c) => [`user:${c.req.param("id")}`] }), (c) => {
  const user = users.get(Number(c.req.param("id")));
  return user === undefined ? c.json(noUser, 404) : c.json(user);
});

app.patch("/users/:id", invalidates(cache, { tags: (c) => [`user:${c.req.param("id")}`] }), async (c) => {
  const id = Number(c.req.param("id"));
  const { data } = named.safeParse(await c.req.json());
  if (data === undefined) return c.json(unnamed, 422);
  if (!users.has(id)) return c.json(noUser, 404);
  const user = { id, name: data.name };
  users.set(id, user);
  return c.json(user);
});

const port = Number(process.env["PORT"] ?? 8000);
serve({ fetch: app.fetch, port, hostname: "127.0.0.1" }, (address) => {
  console.log(`listening on http://127.0.0.1:${address.port}`);
});
