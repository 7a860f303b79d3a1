import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/express";
import express from "express";
import { z } from "zod";

interface User {
  readonly id: number;
  readonly name: string;
}

const cache = createCache();
const app = express();
app.use(express.json());

const users = new Map<number, User>();
const named = z.object({ name: z.string() });
const noUser = { error: "no such user" };

app.post("/users", (req, res) => {
  const { data } = named.safeParse(req.body);
  if (data === undefined) {
    res.status(422).json({ error: "a user has a name" });
    return;
  }
  const user = { id: users.size + 1, name: data.name };
  users.set(user.id, user);
  res.status(201).json(user);
});

app.get(
  "/users/:id",
  cacheRoute<"/users/:id">(cache, { ttl: 600, namespace: "users", key: (req) => `user:${req.params.id}` }),
  (req, res) => {
    const user = users.get(Number(req.params["id"]));
    res.status(user === undefined ? 404 : 200).json(user ?? noUser);
  },
);

app.patch("/users/:id", async (req, res) => {
  const id = Number(req.params["id"]);
  const { data } = named.safeParse(req.body);
  if (data === undefined || !users.has(id)) {
    res
      .status(data === undefined ? 422 : 404)
      .json(data === undefined ? { error: "a user has a name" } : noUser);
    return;
  }
  const user = { id, name: data.name };
  users.set(id, user);
  await cache.invalidate(`user:${id}`, { namespace: "users" });
  res.json(user);
});

const port = Number(process.env["PORT"] ?? 8000);
const server = app.listen(port, "127.0.0.1", () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === "object" ? address?.port : port}`);
});
