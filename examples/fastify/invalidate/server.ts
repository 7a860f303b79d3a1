import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fastify";
import Fastify from "fastify";

interface User {
  readonly id: number;
  readonly name: string;
}
interface OneUser {
  Params: { id: number };
}
interface NamedUser {
  Body: { name: string };
}

const cache = createCache();
const app = Fastify({ routerOptions: { ignoreTrailingSlash: true } });
await app.register(cacheRoute, { cache });

const users = new Map<number, User>();
const params = { type: "object", properties: { id: { type: "integer" } } };
const body = { type: "object", properties: { name: { type: "string" } }, required: ["name"] };

app.post<NamedUser>("/users", { schema: { body } }, async (request, reply) => {
  const user = { id: users.size + 1, name: request.body.name };
  users.set(user.id, user);
  return reply.code(201).send(user);
});

app.get<OneUser>(
  "/users/:id",
  {
    schema: { params },
    cache: { ttl: 600, tags: (request) => [`user:${request.params.id}`] },
  },
  async (request, reply) => users.get(request.params.id) ?? reply.code(404).send({ error: "no such user" }),
);

app.patch<OneUser & NamedUser>(
  "/users/:id",
  {
    schema: { params, body },
    cache: { invalidates: (request) => [`user:${request.params.id}`] },
  },
  async (request, reply) => {
    const { id } = request.params;
    if (!users.has(id)) return reply.code(404).send({ error: "no such user" });
    const user = { id, name: request.body.name };
    users.set(id, user);
    return user;
  },
);

const address = await app.listen({ port: Number(process.env["PORT"] ?? 8000), host: "127.0.0.1" });
console.log(`listening on ${address}`);
