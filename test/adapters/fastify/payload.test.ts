import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { missThenHit, prepared, site, twice, wordsOf } from "./support.ts";
import type { Prepare, Send } from "./support.ts";

const cached = { cache: { ttl: 60 } };

const streamOf = (...parts: string[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });

describe("a payload is replayed as it was", () => {
  const payloads: readonly (readonly [string, () => unknown, string])[] = [
    ["a string", () => "text", "text"],
    ["a Buffer", () => Buffer.from("bytes"), "bytes"],
    ["a typed array", () => new Uint8Array([104, 105]), "hi"],
    ["an object", () => ({ a: [1, null, "é"] }), '{"a":[1,null,"é"]}'],
    ["a Node stream", () => Readable.from([Buffer.from("no"), Buffer.from("de")]), "node"],
    ["a web stream", () => streamOf("we", "b"), "web"],
    ["a Response", () => new Response("whole", { headers: { "x-own": "1" } }), "whole"],
    ["a Response of a stream", () => new Response(streamOf("pa", "rts")), "parts"],
    ["a Response without content", () => new Response(null), ""],
  ];

  it.each(payloads)("where the handler returns %s", async (_kind, make, text) => {
    const { app, register, ask } = site();
    await register();
    app.get("/a", cached, async (_request, reply) => reply.send(make()));

    const miss = await ask("/a");
    const hit = await ask("/a");

    expect([miss.cache, hit.cache]).toEqual(["MISS", "HIT"]);
    expect([miss.body, hit.body]).toEqual([text, text]);
    expect(hit.headers.get("content-type")).toBe(miss.headers.get("content-type"));
    expect(hit.headers.get("x-own")).toBe(miss.headers.get("x-own"));
  });

  it("where a response schema serialises it, by status or by media type", async () => {
    const { app, register, ask } = site();
    await register();
    const shown = { type: "object", properties: { id: { type: "integer" } } };
    const byType = { content: { "application/json": { schema: shown } } };
    app.get("/status", { schema: { response: { "2xx": shown } }, ...cached }, async () => ({
      id: 1,
      secret: "s",
    }));
    app.get("/type", { schema: { response: { 200: byType } }, ...cached }, async () => ({
      id: 2,
      secret: "s",
    }));

    const answers = [await ask("/status"), await ask("/status"), await ask("/type"), await ask("/type")];

    expect(answers.map((answer) => answer.body)).toEqual(['{"id":1}', '{"id":1}', '{"id":2}', '{"id":2}']);
    expect(answers.map((answer) => answer.cache)).toEqual(["MISS", "HIT", "MISS", "HIT"]);
  });

  it("where the reply has a serializer of its own", async () => {
    const { app, register, ask } = site();
    await register();
    app.get("/a", cached, (_request, reply) => {
      void reply
        .type("text/csv")
        .serializer((rows: unknown) => (rows as string[]).join(";"))
        .send(["a", "b"]);
    });
    app.get("/b", cached, (_request, reply) => {
      void reply
        .type("text/x")
        .serializer((text: unknown) => `<${String(text)}>`)
        .send("b");
    });

    const answers = [await ask("/a"), await ask("/a"), await ask("/b"), await ask("/b")];

    expect(answers.map((answer) => answer.body)).toEqual(["a;b", "a;b", "<b>", "<b>"]);
  });

  it("with the content type that it had, where Fastify would give a text another one", async () => {
    const { app, register, ask } = site();
    await register();
    app.get("/a", cached, async (_request, reply) =>
      reply.type("application/json").send(Buffer.from('{"a":1}')),
    );

    const answers = [await ask("/a"), await ask("/a")];

    expect(answers.map((answer) => [answer.cache, answer.headers.get("content-type")])).toEqual([
      ["MISS", "application/json"],
      ["HIT", "application/json"],
    ]);
  });

  it("where a hook has set a serializer, which made the stored text already", async () => {
    const { app, register, ask } = site();
    app.addHook("onRequest", async (_request, reply) => {
      reply.serializer((payload: unknown) => `S${JSON.stringify(payload)}`);
    });
    await register();
    app.get("/a", cached, async () => ({ a: 1 }));

    const answers = [await ask("/a"), await ask("/a")];

    expect(answers.map((answer) => [answer.cache, answer.body])).toEqual([
      ["MISS", 'S{"a":1}'],
      ["HIT", 'S{"a":1}'],
    ]);
  });

  it("after the application's preSerialization hooks, once", async () => {
    const { app, register, ask } = site();
    await register();
    app.addHook("preSerialization", async (_request, _reply, payload) => ({ data: payload }));
    app.get("/a", cached, async () => ({ a: 1 }));

    const answers = [await ask("/a"), await ask("/a")];

    expect(answers.map((answer) => answer.body)).toEqual(['{"data":{"a":1}}', '{"data":{"a":1}}']);
  });
});

describe("an onSend hook of the application", () => {
  it("changes a hit as it changed the miss, once", async () => {
    const { app, register, ask } = site();
    app.addHook("onSend", async (_request, _reply, payload) => `<${String(payload)}>`);
    await register();
    app.get("/a", cached, async () => "a");

    const answers = [await ask("/a"), await ask("/a")];

    expect(answers.map((answer) => [answer.cache, answer.body])).toEqual([
      ["MISS", "<a>"],
      ["HIT", "<a>"],
    ]);
  });

  it("says its headers afresh, and they are not stored", async () => {
    const { app, register, ask, cache } = site();
    let count = 0;
    app.addHook("onSend", async (_request, reply) => void reply.header("x-request-id", String(++count)));
    await register();
    app.get("/a", { cache: { ttl: 60, key: () => "a" } }, async () => "a");

    const answers = [await ask("/a"), await ask("/a")];
    const stored = await cache.get("a");

    expect(answers.map((answer) => answer.headers.get("x-request-id"))).toEqual(["1", "2"]);
    expect(stored?.fields.map(([name]) => name)).toEqual(["content-type", "etag"]);
  });
});

describe("a failed handler", () => {
  const failures: readonly (readonly [string, () => unknown])[] = [
    ["an error", () => new Error("no")],
    ["something that is no error", () => ({ statusCode: 200, message: "odd" })],
  ];

  it.each(failures)(
    "that throws %s is never stored, whatever the error handler answers",
    async (_kind, make) => {
      const { app, register, ask } = site();
      let runs = 0;
      app.setErrorHandler(async (_error, _request, reply) => reply.code(200).send("handled"));
      await register();
      app.get("/a", cached, async () => {
        runs++;
        throw make();
      });

      const answers = [await ask("/a"), await ask("/a")];

      expect(answers.map((answer) => answer.body)).toEqual(["handled", "handled"]);
      expect(runs).toBe(2);
    },
  );

  it("whose object cannot be serialised is a 500, and the next request runs again", async () => {
    const { app, register, ask } = site();
    let runs = 0;
    await register();
    app.get("/a", cached, async () => (runs++ === 0 ? { big: 1n } : { ok: true }));

    const answers = [await ask("/a"), await ask("/a")];

    expect(answers.map((answer) => answer.status)).toEqual([500, 200]);
  });

  it("that hijacks the reply sends what it likes; nothing is stored, and the head says so", async () => {
    const { app, register, ask } = site();
    await register();
    app.get("/a", cached, (_request, reply) => {
      reply.hijack();
      reply.raw.end("raw");
    });

    const answers = [await ask("/a"), await ask("/a")];

    expect(answers.map((answer) => [answer.body, answer.cache])).toEqual([
      ["raw", "MISS"],
      ["raw", "MISS"],
    ]);
    const said = answers.map(({ headers }) => headers.get("cache-status"));
    expect(said[1]).toMatch(/detail=unheard$/);
  });
});

describe("POST with a parsed body", () => {
  it("has the body in the key, and no body is a body of its own", async () => {
    const { app, register, ask } = site();
    let runs = 0;
    await register();
    app.post("/a", { cache: { ttl: 60, methods: ["POST"] } }, async (request) => ({
      run: ++runs,
      said: request.body ?? null,
    }));
    const post = (body?: string): RequestInit =>
      body === undefined
        ? { method: "POST" }
        : { method: "POST", body, headers: { "content-type": "application/json" } };

    const answers = [
      await ask("/a", post('{"a":1}')),
      await ask("/a", post('{"a":2}')),
      await ask("/a", post('{"a":1}')),
      await ask("/a", post()),
      await ask("/a", post()),
    ];

    expect(answers.map((answer) => answer.cache)).toEqual(["MISS", "MISS", "HIT", "MISS", "HIT"]);
  });
});

describe("a text that is stored", () => {
  const bracket = (payload: unknown): string => `<${String(payload)}>`;

  it.each<[string, Send, Prepare, string]>([
    [
      "what the handler sent, without a content type",
      (reply) => reply.serializer(bracket).send("a"),
      () => undefined,
      "a",
    ],
    [
      "what the handler's serializer makes of it, with one",
      (reply) => reply.serializer(bracket).type("text/x").send("a"),
      () => undefined,
      "<a>",
    ],
    [
      "what a serializer makes of it that an earlier hook has set",
      (reply) => reply.type("text/x").send("a"),
      (app) => app.addHook("onRequest", async (_request, reply) => void reply.serializer(bracket)),
      "<a>",
    ],
  ])("is %s", async (_how, send, prepare, body) => {
    const answers = await twice(await prepared(send, prepare));

    expect(wordsOf(answers)).toEqual(missThenHit(body));
  });

  it("is serialised once", async () => {
    let calls = 0;
    const at = await prepared((reply) =>
      reply
        .serializer(() => String(++calls))
        .type("text/x")
        .send("a"),
    );

    expect(wordsOf(await twice(at))).toEqual(missThenHit("1"));
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
  ])("is not used where there is %s", async (_which, send, prepare) => {
    const answers = await twice(await prepared(send, prepare, response));

    expect(wordsOf(answers)).toEqual(missThenHit('own:{"id":1,"b":2}'));
  });
});

describe("a Response of which some has been read", () => {
  it("is an error of Fastify's, and nothing is stored", async () => {
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

describe("a payload that has no text of its own", () => {
  it("is the JSON that Fastify makes of null where the handler set no content type", async () => {
    const answers = await twice(await prepared((reply) => reply.send(null)));

    expect(wordsOf(answers)).toEqual(missThenHit("null"));
  });

  it("is content of no bytes where it is null with a content type", async () => {
    const answers = await twice(await prepared((reply) => reply.type("text/plain").send(null)));

    expect(wordsOf(answers)).toEqual(missThenHit(""));
  });

  it("keeps the content type that Fastify sets where its JSON is nothing, as that of a symbol is", async () => {
    const at = await prepared((reply) => reply.send(Symbol("nothing")));

    const miss = await at.ask("/a");
    const hit = await at.ask("/a");

    expect([miss.cache, hit.cache]).toEqual(["MISS", "HIT"]);
    expect(hit.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(hit.headers.get("content-type")).toBe(miss.headers.get("content-type"));
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

    expect(wordsOf(answers)).toEqual(missThenHit('{"0":0,"1":0}'));
  });
});
