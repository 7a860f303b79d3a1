import { S } from "fluent-json-schema";
import { expect, it } from "vitest";
import { site } from "../fastify/support.ts";

it.each(["querystring", "query"] as const)(
  "a query that fluent-json-schema declares as schema.%s is the declared query",
  async (alias) => {
    const { app, register, ask } = site();
    await register();
    const declared = S.object().prop("page", S.integer().default(1));
    app.get("/", { schema: { [alias]: declared }, cache: { ttl: 60 } }, async ({ query }) => query);

    await ask("/?page=1");
    const junk = await ask("/?page=1&utm=1");
    const byDefault = await ask("/");

    expect([junk.cache, junk.body, byDefault.cache]).toEqual(["HIT", '{"page":1}', "HIT"]);
  },
);
