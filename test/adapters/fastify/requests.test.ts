import { describe, expect, it } from "vitest";
import { site } from "./support.ts";

describe("a handler that writes into its request's headers", () => {
  it("does not choose the variant under which its response is stored", async () => {
    const { app, register, ask } = site();
    await register();
    app.get("/a", { config: { cache: { ttl: 60 } } }, async (request, reply) => {
      const language = request.headers["accept-language"];
      request.headers["accept-language"] = "xx";
      return reply.header("vary", "accept-language").send(language);
    });
    const french = { headers: { "accept-language": "fr" } };

    const answers = [
      await ask("/a", french),
      await ask("/a", french),
      await ask("/a", { headers: { "accept-language": "xx" } }),
    ];

    expect(answers.map((answer) => [answer.cache, answer.body])).toEqual([
      ["MISS", "fr"],
      ["HIT", "fr"],
      ["MISS", "xx"],
    ]);
  });
});

describe("a logger", () => {
  it("still finds the URL that the client sent where the handler sees less of it", async () => {
    const { app, register, ask } = site();
    await register();
    let logged = "";
    app.addHook("onResponse", async (request) => {
      logged = request.originalUrl;
    });
    app.get("/a", { config: { cache: { ttl: 60, query: ["a"] } } }, async (request) => request.url);

    const answer = await ask("/a?utm=1&a=2");

    expect([answer.body, logged]).toEqual(["/a?a=2", "/a?utm=1&a=2"]);
  });
});
