import type { FastifyInstance, onSendHookHandler } from "fastify";
import { describe, expect, it } from "vitest";
import { stage } from "./support.ts";

/** Fails for one of the responses that are no errors: the first, the second. */
function failingAt(number: number): onSendHookHandler {
  let sent = 0;
  return async (_request, reply, payload) => {
    if (reply.statusCode === 200 && ++sent === number) throw new Error("late");
    return payload;
  };
}

type Declare = (app: FastifyInstance, hook: onSendHookHandler) => unknown;

describe("an error handler's object", () => {
  const cached = { cache: { ttl: 60 } };
  const answer = async (): Promise<object> => ({ text: "content" });
  const ofRoute: Declare = (app, onSend) => app.get("/a", { ...cached, onSend }, answer);
  const ofApplication: Declare = (app, hook) => app.addHook("onSend", hook).get("/a", cached, answer);

  it.each<[string, string, Declare, number]>([
    ["the route", "miss", ofRoute, 1],
    ["the route", "hit", ofRoute, 2],
    ["the application", "miss", ofApplication, 1],
    ["the application", "hit", ofApplication, 2],
  ])("is sent where an onSend hook of %s fails on a %s", async (_whose, _outcome, declare, number) => {
    const { client } = await stage((app) => {
      app.setErrorHandler((error: Error, _request, reply) => reply.code(503).send({ error: error.message }));
      declare(app, failingAt(number));
    });

    const answers = [await client.ask({ path: "/a" }), await client.ask({ path: "/a" })];

    expect([answers[number - 1]?.status, answers[number - 1]?.text]).toEqual([503, '{"error":"late"}']);
  });

  it.each<[string, number]>([
    ["miss", 1],
    ["hit", 2],
  ])(
    "is told nothing that clients are told of the response, where a hook fails on a %s",
    async (_outcome, number) => {
      const { client } = await stage((app) => {
        app.setErrorHandler((error: Error, _request, reply) =>
          reply.code(503).send({ error: error.message }),
        );
        const cache = { ttl: 60, clientCacheControl: "max-age=60" };
        app.get("/a", { cache, onSend: failingAt(number) }, answer);
      });

      const answers = [await client.ask({ path: "/a" }), await client.ask({ path: "/a" })];

      const told = answers.map((sent) => sent.header("cache-control"));
      expect(told.toSpliced(number - 1, 1)).toEqual(["max-age=60"]);
      expect([answers[number - 1]?.status, told[number - 1]]).toEqual([503, undefined]);
    },
  );

  it("is serialised by what an earlier hook has set, where an onSend hook fails on a hit", async () => {
    const { client } = await stage((app) => {
      app.addHook("onRequest", async (_request, reply) => {
        reply.type("text/x").serializer((payload) => `own:${JSON.stringify(payload)}`);
      });
      app.setErrorHandler((error: Error, _request, reply) => reply.code(503).send({ error: error.message }));
      ofRoute(app, failingAt(2));
    });

    const answers = [await client.ask({ path: "/a" }), await client.ask({ path: "/a" })];

    expect(answers.map(({ text }) => text)).toEqual(['own:{"text":"content"}', 'own:{"error":"late"}']);
  });
});
