import { createCache } from "caching-route";
import { cacheRoute, invalidates } from "caching-route/h3";
import { H3, readBody, serve } from "h3";
import type { H3Event } from "h3";
import { z } from "zod";

interface User {
  readonly id: number;
  readonly name: string;
}

const cache = createCache();
const app = new H3();

const users = new Map<number, User>();
const named = z.object({ name: z.string() });
const noUser = (): Response => Response.json({ error: "no such user" }, { status: 404 });
const unnamed = (): Response => Response.json({ error: "a user has a name" }, { status: 422 });
const idIn = (event: H3Event): number => Number(event.context.params?.["id"]);
const tags = (event: H3Event): string[] => [`user:${idIn(event)}`];

app.post("/users", async (event) => {
  const { data } = named.safeParse(await readBody(event));
  if (data === undefined) return unnamed();
  const user = { id: users.size + 1, name: data.name };
  users.set(user.id, user);
  event.res.status = 201;
  return user;
});

const read = (event: H3Event): User | Response => users.get(idIn(event)) ?? noUser();
app.get("/users/:id", cacheRoute(cache, { ttl: 600, tags }, read));

const rename = async (event: H3Event): Promise<User | Response> => {
  const id = idIn(event);
  const { data } = named.safeParse(await readBody(event));
  if (data === undefined) return unnamed();
  if (!users.has(id)) return noUser();
  const user = { id, name: data.name };
  users.set(id, user);
  return user;
};
app.patch("/users/:id", invalidates(cache, { tags }, rename));

const port = Number(process.env["PORT"] ?? 8000);
const server = serve(app, { port, hostname: "127.0.0.1", silent: true });
await server.ready();
console.log(`listening on ${server.url?.replace(/\/$/, "")}`);
