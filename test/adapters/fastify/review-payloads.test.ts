import type { FastifyInstance, FastifyReply } from "fastify";
import { describe, expect, it } from "vitest";
import { site } from "./support.ts";
import type { Answer, Site } from "./support.ts";

const config = { cache: { ttl: 60 } };

type Prepare = (app: FastifyInstance) => void;
type Send = (reply: FastifyReply) => unknown;

/** A site with one route, and an application that has said something before the cache was registered. */
async function prepared(send: Send, prepare: Prepare = () => undefined, response?: unknown): Promise<Site> {
  const at = site();
  prepare(at.app);
  await at.register();
  const schema = response === undefined ? {} : { schema: { response } };
  at.app.get("/a", { config, ...schema }, async (_request, reply) => send(reply));
  return at;
}

/** Asks twice: a miss and then a hit, where it is stored. */
async function twice({ ask }: Site, init?: RequestInit): Promise<readonly [Answer, Answer]> {
  return [await ask("/a", init), await ask("/a", init)];
}

const saidOf = (answers: readonly Answer[]): unknown => answers.map(({ cache, body }) => [cache, body]);

const both = (body: string): unknown => [
  ["MISS", body],
  ["HIT", body],
];

describe("a text is stored as Fastify sends it", () => {
  const bracket = (payload: unknown): string => `<${String(payload)}>`;

  it.each<[string, Send, Prepare, string]>([
    ["as it is without a content type", (reply) => reply.serializer(bracket).send("a"), () => undefined, "a"],
    [
      "by the handler's serializer with one",
      (reply) => reply.serializer(bracket).type("text/x").send("a"),
      () => undefined,
      "<a>",
    ],
    [
      "by the serializer that a hook has set before",
      (reply) => reply.type("text/x").send("a"),
      (app) => app.addHook("onRequest", async (_request, reply) => void reply.serializer(bracket)),
      "<a>",
    ],
  ])("%s", async (_how, send, prepare, body) => {
    const answers = await twice(await prepared(send, prepare));

    expect(saidOf(answers)).toEqual(both(body));
  });

  it("and is serialised once", async () => {
    let calls = 0;
    const at = await prepared((reply) =>
      reply
        .serializer(() => String(++calls))
        .type("text/x")
        .send("a"),
    );

    expect(saidOf(await twice(at))).toEqual(both("1"));
  });
});

describe("a response schema by media type", () => {
  const shown = { type: "object", properties: { id: { type: "number" } } };
  const response = { 200: { content: { "application/json": { schema: shown } } } };
  const own = (payload: unknown): string => `own:${JSON.stringify(payload)}`;

  it.each<[string, Send, Prepare]>([
    [
      "the reply's own serializer",
      (reply) => reply.serializer(own).type("application/json").send({ id: 1, b: 2 }),
      () => undefined,
    ],
    ["setReplySerializer", () => ({ id: 1, b: 2 }), (app) => void app.setReplySerializer(own)],
  ])("comes after %s", async (_which, send, prepare) => {
    const answers = await twice(await prepared(send, prepare, response));

    expect(saidOf(answers)).toEqual(both('own:{"id":1,"b":2}'));
  });
});

describe("a Range on a cold key", () => {
  const redact: Prepare = (app) =>
    app.addHook("onSend", async (_request, _reply, payload) =>
      String(payload).replace(/"secret":"\d+"/, '"secret":"***"'),
    );
  const secret = { secret: "123", name: "x".repeat(1000) };

  it.each(["bytes=0-30", "bytes=0-3,8-12"])(
    "is answered with the whole that the application's hooks made: %s",
    async (range) => {
      const { ask } = await prepared(() => secret, redact);

      const answer = await ask("/a", { headers: { range } });

      expect([answer.status, answer.body]).toEqual([200, `{"secret":"***","name":"${"x".repeat(1000)}"}`]);
      expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
      expect([answer.headers.get("content-range"), answer.headers.get("content-length")]).toEqual([
        null,
        "1026",
      ]);
      expect(answer.headers.get("etag")).not.toBeNull();
    },
  );

  it.each<[string, Send]>([
    ["a text", () => "content"],
    ["bytes", () => new Uint8Array(Buffer.from("content"))],
    ["an object", (reply) => reply.serializer(() => "content").send({})],
  ])("is cut out of %s that no hook changed", async (_kind, send) => {
    const { ask } = await prepared(send, (app) =>
      app.addHook("onSend", async (_request, _reply, payload) => payload),
    );

    const answer = await ask("/a", { headers: { range: "bytes=0-2" } });

    expect([answer.status, answer.body]).toEqual([206, "con"]);
  });
});

describe("a Response of which somebody has read", () => {
  it("is the error that Fastify makes of it, and nothing is stored", async () => {
    const at = await prepared(async () => {
      const parts = [1, 2].map((number) => new TextEncoder().encode(`part ${number}`));
      const response = new Response(
        new ReadableStream({
          pull(to) {
            const part = parts.shift();
            if (part === undefined) to.close();
            else to.enqueue(part);
          },
        }),
      );
      const reader = response.body?.getReader();
      await reader?.read();
      reader?.releaseLock();
      return response;
    });

    const answers = await twice(at);

    expect(answers.map(({ status }) => status)).toEqual([500, 500]);
    expect(at.cache.stats().stored).toBe(0);
  });
});

describe("an onSend hook of the application on a hit", () => {
  const kinds: Prepare = (app) =>
    app.addHook("onSend", async (_request, reply, payload) => {
      reply.header("x-kind", Buffer.isBuffer(payload) ? "bytes" : typeof payload);
      return payload;
    });

  it.each<[string, Send, string]>([
    ["a text as it was on the miss, with other letters", () => ({ name: "José" }), "string"],
    ["a large text as it was on the miss", () => "x".repeat(20_000), "string"],
    ["XML as it was", (reply) => reply.type("image/svg+xml").send("<é/>"), "string"],
    ["bytes as they were", () => Buffer.from([1, 2, 200]), "bytes"],
    ["bytes of an image as they were", (reply) => reply.type("image/x").send(Buffer.from("é")), "bytes"],
    ["bytes in another coding", (reply) => reply.type("text/x").send(Buffer.from([200, 1])), "bytes"],
  ])("is given %s", async (_what, send, kind) => {
    const answers = await twice(await prepared(send, kinds));

    expect(answers.map(({ cache, headers }) => [cache, headers.get("x-kind")])).toEqual([
      ["MISS", kind],
      ["HIT", kind],
    ]);
    expect(answers[1].body).toBe(answers[0].body);
  });
});

describe("trailers that an earlier hook sets", () => {
  it("go out on a hit as on a miss, without a length", async () => {
    const at = await prepared(
      () => ({ a: 1 }),
      (app) =>
        app.addHook("onRequest", async (_request, reply) => void reply.trailer("x-t", async () => "1")),
    );

    const answers = await twice(at);

    expect(saidOf(answers)).toEqual(both('{"a":1}'));
    expect(answers.map(({ headers }) => headers.get("content-length"))).toEqual([null, null]);
  });
});

describe("a payload that has no text of its own", () => {
  it("is content of no bytes where it is null", async () => {
    const answers = await twice(await prepared((reply) => reply.type("text/plain").send(null)));

    expect(saidOf(answers)).toEqual(both(""));
  });

  it("is sent as a hook makes it, and not stored, for a stated reason", async () => {
    const at = await prepared(
      (reply) => reply.type("text/xml").send({ a: 1 }),
      (app) =>
        app.addHook("onSend", async (_request, _reply, payload) => `<a>${(payload as { a: number }).a}</a>`),
    );

    const answers = await twice(at);

    expect(answers.map(({ body }) => body)).toEqual(["<a>1</a>", "<a>1</a>"]);
    expect(at.cache.stats().refusals).toEqual({ malformed: 2 });
  });

  it("is the JSON that Fastify makes of a view of shared memory", async () => {
    const answers = await twice(
      await prepared((reply) => reply.send(new Uint8Array(new SharedArrayBuffer(2)))),
    );

    expect(saidOf(answers)).toEqual(both('{"0":0,"1":0}'));
  });
});
