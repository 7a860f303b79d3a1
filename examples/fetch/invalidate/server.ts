import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fetch";
import { z } from "zod";
import { serve } from "../serve.ts";

interface User {
  readonly id: number;
  readonly name: string;
}

const cache = createCache();

const users = new Map<number, User>();
const named = z.object({ name: z.string() });

const pathOf = (request: Request): string => new URL(request.url).pathname.replace(/\/$/, "");
const idOf = (request: Request): number => Number(pathOf(request).slice("/users/".length));
const notFound = (): Response => Response.json({ error: "no such user" }, { status: 404 });
const unnamed = (): Response => Response.json({ error: "a user has a name" }, { status: 422 });

/** Returns the name in the request's content, or undefined. */
async function nameIn(request: Request): Promise<string | undefined> {
  const content: unknown = await request.json().catch(() => undefined);
  return named.safeParse(content).data?.name;
}

async function create(request: Request): Promise<Response> {
  const name = await nameIn(request);
  if (name === undefined) return unnamed();
  const user = { id: users.size + 1, name };
  users.set(user.id, user);
  return Response.json(user, { status: 201 });
}

const read = cacheRoute(
  cache,
  { ttl: 600, namespace: "users", key: (request) => `user:${idOf(request)}` },
  (request) => {
    const user = users.get(idOf(request));
    return user === undefined ? notFound() : Response.json(user);
  },
);

async function rename(request: Request): Promise<Response> {
  const id = idOf(request);
  if (!users.has(id)) return notFound();
  const name = await nameIn(request);
  if (name === undefined) return unnamed();
  const user = { id, name };
  users.set(id, user);
  await cache.invalidate(`user:${id}`, { namespace: "users" });
  return Response.json(user);
}

function handler(request: Request): Response | Promise<Response> {
  const path = pathOf(request);
  if (request.method === "POST" && path === "/users") return create(request);
  if (!/^\/users\/\d+$/.test(path)) return notFound();
  if (request.method === "PATCH") return rename(request);
  return read(request);
}

const { address } = await serve(handler, Number(process.env["PORT"] ?? 8000));
console.log(`listening on ${address}`);
