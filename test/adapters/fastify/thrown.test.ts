import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply } from "fastify";
import { describe, expect, it } from "vitest";
import type { Client } from "../../../src/testing/adapter-contract/client.ts";
import type { FastifyCacheOptions } from "../../../src/adapters/fastify.ts";
import { stage } from "./support.ts";

type Answer = Awaited<ReturnType<Client["ask"]>>;

const orStale = { ttl: 10, staleIfError: 60 };
const with404 = { ...orStale, statuses: { 200: true, 404: 10 } } as const;
const word = ({ status, text, header }: Answer): unknown[] => [status, text, header("x-cache")];

const of = (status: number): Error => Object.assign(new Error("thrown"), { statusCode: status });
const rejected = async (reason: unknown): Promise<never> => {
  throw reason;
};
const failures: Record<string, (reply: FastifyReply) => unknown> = {
  "a throw": () => {
    throw of(404);
  },
  "a rejection": () => rejected(of(404)),
  "a rejection with what is no Error": () => rejected({ status: 404 }),
  "an error that is sent": (reply) => reply.send(of(404)),
  "a code, and an error without one": (reply) => reply.code(404).send(new Error("no such page")),
  "an error after fields": (reply) => (reply.header("content-type", "text/css"), rejected(of(404))),
  "a stream that breaks before its first byte": (reply) =>
    reply.send(
      new Readable({
        read() {
          this.destroy(of(404));
        },
      }),
    ),
};
const pages: Record<string, (app: FastifyInstance) => unknown> = {
  "an error handler that sends": (app) =>
    app.setErrorHandler((_error, _request, reply) => void reply.code(404).send("no such page")),
  "an error handler that returns an object": (app) =>
    app.setErrorHandler(async (_error, _request, reply) => (reply.code(404), { no: "such page" })),
  "Fastify itself": () => undefined,
};

/** Its handler answers once, then fails; the response has just gone stale. */
async function site(
  fail: (reply: FastifyReply) => unknown,
  options: FastifyCacheOptions,
  prepare: (app: FastifyInstance) => unknown = () => undefined,
): Promise<Client> {
  let runs = 0;
  const { client, clock } = await stage((app) => {
    app.get("/a", { cache: options }, (_request, reply) => {
      if (++runs > 1) return fail(reply);
      return reply.send("run 1");
    });
  }, prepare);
  await client.ask({ path: "/a" });
  clock.advance(10);
  return client;
}

async function twice(client: Client): Promise<[Answer, Answer]> {
  return [await client.ask({ path: "/a" }), await client.ask({ path: "/a" })];
}

const kept = Object.entries(failures).filter(([name]) => !name.includes("stream"));

describe("what a handler throws", () => {
  it.each(
    kept.flatMap(([how, fail]) =>
      Object.entries(pages).map(([by, prepare]) => [how, by, fail, prepare] as const),
    ),
  )("%s is the answer, and kept as it is sent by %s", async (_how, _by, fail, prepare) => {
    const [first, second] = await twice(await site(fail, with404, prepare));

    expect([first, second].map(({ status, header }) => [status, header("x-cache")])).toEqual([
      [404, "MISS"],
      [404, "HIT"],
    ]);
    expect([second.text, second.header("content-type")]).toEqual([first.text, first.header("content-type")]);
  });

  it.each(Object.entries(failures))(
    "%s is the answer, and not stored where its status is not",
    async (_, fail) => {
      const answers = await twice(await site(fail, orStale));

      expect(answers.map(({ status }) => status)).toEqual([404, 404]);
    },
  );

  it("is not kept where the error handler sends another status", async () => {
    const client = await site(failures["a throw"]!, with404, (app) =>
      app.setErrorHandler((_error, _request, reply) => void reply.code(200).send("home")),
    );

    expect((await twice(client)).map(word)).toEqual([
      [200, "home", "MISS"],
      [200, "home", "MISS"],
    ]);
  });

  it("is answered for by what is stale where the error handler itself fails", async () => {
    const client = await site(failures["a throw"]!, with404, (app) =>
      app.setErrorHandler(() => {
        throw new Error("no template");
      }),
    );

    expect(word(await client.ask({ path: "/a" }))).toEqual([200, "run 1", "HIT"]);
  });

  it("is not kept where hooks have made something else of Fastify's page", async () => {
    let sent = 0;
    const client = await site(failures["a throw"]!, with404, (app) =>
      app.addHook("onSend", async (_request, _reply, payload) => `${String(payload)}, sent ${++sent} times`),
    );

    const answers = await twice(client);

    expect(answers.map(({ status }) => status)).toEqual([404, 404]);
    expect(answers[1].text).toMatch(/[}], sent \d times$/);
  });

  it("is kept without the fields that hooks set on it, which they do again", async () => {
    let sent = 0;
    const client = await site(failures["a throw"]!, with404, (app) =>
      app.addHook("onSend", async (_request, reply) => void reply.header("x-sent", String(++sent))),
    );

    const [first, second] = await twice(client);

    expect(second.header("x-cache")).toBe("HIT");
    expect(second.header("x-sent")).not.toBe(first.header("x-sent"));
  });
});
