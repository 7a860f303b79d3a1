import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { FastifyInstance } from "fastify";
import { describe, expect, it } from "vitest";
import { missThenHit, prepared, stage, twice, until, wordsOf } from "./support.ts";
import type { Prepare, Send } from "./support.ts";

const cached = { cache: { ttl: 60 } };

describe("a content type that an onSend hook gives to a stream that has none", () => {
  const seen = (types: unknown[]) => (app: FastifyInstance) =>
    app.addHook("onSend", async (_request, reply, payload) => {
      types.push(reply.getHeader("content-type"));
      if (!reply.hasHeader("content-type")) reply.type("text/csv");
      return payload;
    });

  it("is not there on hits before the hook runs again, and reaches each client", async () => {
    const types: unknown[] = [];
    const { client, cache } = await stage((app) => {
      app.get("/a", cached, async (_request, reply) => reply.send(Readable.from(["a,b"])));
    }, seen(types));

    const miss = await client.ask({ path: "/a" });
    await until(() => cache.stats().stored === 1);
    const hit = await client.ask({ path: "/a" });

    expect(types).toEqual([undefined, undefined]);
    expect([miss, hit].map((answer) => [answer.header("x-cache"), answer.text])).toEqual([
      ["MISS", "a,b"],
      ["HIT", "a,b"],
    ]);
    expect([miss, hit].map((answer) => answer.header("content-type"))).toEqual(["text/csv", "text/csv"]);
  });

  it("is not there for a hook that reads the stream either", async () => {
    const { client, cache } = await stage(
      (app) => {
        app.get("/a", cached, async (_request, reply) => reply.send(Readable.from(["a,b"])));
      },
      (app) =>
        app.addHook("onSend", async (_request, reply, payload) => {
          reply.type("text/csv");
          return payload instanceof Readable ? (await text(payload)).toUpperCase() : payload;
        }),
    );

    const miss = await client.ask({ path: "/a" });
    await until(() => cache.stats().stored === 1);
    const hit = await client.ask({ path: "/a" });

    expect([miss, hit].map((answer) => [answer.text, answer.header("content-type")])).toEqual([
      ["A,B", "text/csv"],
      ["A,B", "text/csv"],
    ]);
  });
});

describe("a header of the handler's that an onSend hook changes", () => {
  const rewriting = (app: FastifyInstance) =>
    app.addHook("onSend", async (_request, reply, payload) => {
      reply.header("cache-control", "no-cache").removeHeader("x-internal");
      if (reply.getHeader("x-kind") === "page") reply.type("text/html");
      return payload;
    });

  it.each([
    ["text", () => "all"],
    ["an object", () => ({ all: true })],
    ["a stream", () => Readable.from(["all"])],
  ])("is changed on the miss as it is on hits, and stays so beside %s", async (_what, content) => {
    const { client, cache } = await stage((app) => {
      app.get("/a", cached, async (_request, reply) => {
        reply.headers({ "cache-control": "max-age=60", "x-internal": "1", "x-kind": "page" });
        return reply.type("text/plain").serializer(JSON.stringify).send(content());
      });
    }, rewriting);

    const miss = await client.ask({ path: "/a" });
    await until(() => cache.stats().stored === 1);
    const hit = await client.ask({ path: "/a" });

    const names = ["cache-control", "x-internal", "content-type"];
    expect([miss, hit].map((answer) => names.map((name) => answer.header(name)))).toEqual([
      ["no-cache", undefined, "text/html"],
      ["no-cache", undefined, "text/html"],
    ]);
  });

  it("leaves a JSON type alone: the charset that Fastify appends is on neither", async () => {
    const { client } = await stage((app) => {
      app.get("/a", cached, async (_request, reply) => reply.type("application/json").send({ a: 1 }));
    }, rewriting);

    const answers = [await client.ask({ path: "/a" }), await client.ask({ path: "/a" })];

    const [miss, hit] = answers.map((answer) => answer.header("content-type"));
    expect([miss, answers[1]?.header("x-cache")]).toEqual([hit, "HIT"]);
  });
});

describe("trailers that a hook sets", () => {
  const trailing = (hook: "onRequest" | "onSend") => (app: FastifyInstance) =>
    hook === "onRequest"
      ? app.addHook(hook, async (_request, reply) => void reply.trailer("x-t", async () => "1"))
      : app.addHook(hook, async (_request, reply, payload) => {
          reply.trailer("x-t", async () => "1");
          return payload;
        });

  it.each(["onRequest", "onSend"] as const)("in %s are not sent with a 304", async (hook) => {
    const { client } = await stage((app) => {
      app.get("/a", cached, async (_request, reply) => reply.header("etag", '"v1"').send("content"));
    }, trailing(hook));
    const known = { path: "/a", headers: { "if-none-match": '"v1"' } };

    const answers = [await client.ask(known), await client.ask(known)];

    expect(answers.map((answer) => [answer.status, answer.text, answer.header("x-cache")])).toEqual([
      [304, "", "MISS"],
      [304, "", "HIT"],
    ]);
    expect(answers.map((answer) => answer.header("transfer-encoding"))).toEqual([undefined, undefined]);
    expect(answers.map((answer) => answer.header("trailer"))).toEqual([undefined, undefined]);
  });

  it("leave the connection of a 304 to the next request", async () => {
    const { client } = await stage((app) => {
      app.get("/a", cached, async (_request, reply) => reply.header("etag", '"v1"').send("content"));
    }, trailing("onRequest"));
    const head = 'GET /a HTTP/1.1\r\nhost: a\r\nif-none-match: "v1"\r\n';

    const answer = await client.raw(`${head}\r\n${head}connection: close\r\n\r\n`);

    expect(answer.match(/HTTP\/1\.1 304/g)).toHaveLength(2);
    expect(answer).toMatch(/^[^]*\r\n\r\nHTTP\/1\.1 304 [^]*\r\n\r\n$/);
  });
});

describe("a Range that the content of a cold key does not have", () => {
  const doubling = (app: FastifyInstance): unknown =>
    app.addHook("onSend", async (_request, _reply, payload) =>
      typeof payload === "string" ? payload.repeat(2) : payload,
    );
  const range = "bytes=8-9";

  it("is answered with the whole that the application's hooks made", async () => {
    const { client } = await stage((app) => {
      app.get("/a", cached, async (_request, reply) => reply.header("x-own", "1").send("content"));
    }, doubling);

    const answer = await client.ask({ path: "/a", headers: { range } });

    expect([answer.status, answer.text]).toEqual([200, "contentcontent"]);
    expect(["x-own", "content-length", "content-range"].map((name) => answer.header(name))).toEqual([
      "1",
      "14",
      undefined,
    ]);
    expect(answer.header("content-type")).toBe("text/plain; charset=utf-8");
  });

  it("is refused with the length of content that no hook changed", async () => {
    const { client } = await stage((app) => {
      app.get("/a", cached, async () => "content");
    });

    const answer = await client.ask({ path: "/a", headers: { range } });

    expect([answer.status, answer.header("content-range")]).toEqual([416, "bytes */7"]);
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

    expect(wordsOf(answers)).toEqual(missThenHit('{"a":1}'));
    expect(answers.map(({ headers }) => headers.get("content-length"))).toEqual([null, null]);
  });
});
