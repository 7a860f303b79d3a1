import { once } from "node:events";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { createGunzip, createGzip, gunzipSync } from "node:zlib";
import fastifyCompress from "@fastify/compress";
import fastifyCookie from "@fastify/cookie";
import fastifyCors from "@fastify/cors";
import type { FastifyInstance, FastifyReply } from "fastify";
import { describe, expect, it } from "vitest";
import { gate, rest, stage, times, until } from "./support.ts";
import type { Gate, Stage } from "./support.ts";

const cached = { cache: { ttl: 60 } };
const whole = "one ".repeat(1000) + "two ".repeat(1000);

async function* halves(goOn: Gate): AsyncGenerator<Buffer> {
  yield Buffer.from("one ".repeat(1000));
  await goOn.opened;
  yield Buffer.from("two ".repeat(1000));
}

type Send = (reply: FastifyReply, goOn: Gate) => unknown;

const plain: Send = (reply, goOn) => reply.type("text/plain").send(Readable.from(halves(goOn)));

/** A route that streams two halves, the second one when it is let go. */
async function streaming(
  prepare: (app: FastifyInstance) => unknown,
  send: Send = plain,
): Promise<Stage & { readonly goOn: Gate }> {
  const goOn = gate();
  const at = await stage((app) => {
    app.get("/a", cached, async (_request, reply) => send(reply, goOn));
  }, prepare);
  return { ...at, goOn };
}

describe("who follows a stream", () => {
  it("is sent it compressed or not, as each asked, with @fastify/compress", async () => {
    const { client, goOn, cache } = await streaming((app) =>
      app.register(fastifyCompress, { threshold: 1, encodings: ["gzip"] }),
    );
    const encoded = { path: "/a", headers: { "accept-encoding": "gzip" } };

    const readers = [client.open(encoded), client.open({ path: "/a" }), client.open(encoded)];
    await until(() => cache.stats().outcomes.miss + cache.stats().outcomes.collapsed === 3);
    goOn.open();
    const [leader, identity, follower] = await Promise.all(readers.map(async (reader) => rest(await reader)));
    const hit = await client.ask({ path: "/a" });

    expect(gunzipSync(leader ?? "").toString()).toBe(whole);
    expect(gunzipSync(follower ?? "").toString()).toBe(whole);
    expect(identity?.toString()).toBe(whole);
    expect([hit.header("x-cache"), hit.text]).toEqual(["HIT", whole]);
  });

  it("is given its own permission by @fastify/cors", async () => {
    const { client, goOn } = await streaming((app) =>
      app.register(fastifyCors, { origin: ["http://a.test", "http://b.test"] }),
    );

    const leader = await client.open({ path: "/a", headers: { origin: "http://a.test" } });
    const follower = await client.open({ path: "/a", headers: { origin: "http://b.test" } });
    goOn.open();
    await Promise.all([leader, follower].map(rest));

    expect([leader, follower].map((answer) => answer.header("access-control-allow-origin"))).toEqual([
      "http://a.test",
      "http://b.test",
    ]);
    expect(follower.header("vary")).toBe("Origin");
  });

  it("does not follow one whose handler set a cookie with @fastify/cookie", async () => {
    let runs = 0;
    const { client, goOn } = await streaming(
      (app) => app.register(fastifyCookie),
      (reply, end) => plain(reply.setCookie("session", String(++runs), { sameSite: false }), end),
    );

    const readers = await times(3, () => client.open({ path: "/a" }));
    goOn.open();
    await Promise.all(readers.map(rest));

    expect(new Set(readers.map((reader) => reader.header("set-cookie")))).toEqual(
      new Set(["session=1", "session=2", "session=3"]),
    );
  });

  it("is sent the length that the handler set", async () => {
    const { client, goOn } = await streaming(
      () => undefined,
      (reply, end) => plain(reply.header("content-length", whole.length), end),
    );

    const leader = await client.open({ path: "/a" });
    const follower = await client.open({ path: "/a" });
    goOn.open();
    const texts = (await Promise.all([leader, follower].map(rest))).map(String);

    expect([leader, follower].map((answer) => answer.header("content-length"))).toEqual(["8000", "8000"]);
    expect(texts).toEqual([whole, whole]);
  });

  it("is sent no content type where the handler set none", async () => {
    const { client, goOn } = await streaming(
      () => undefined,
      (reply, end) => reply.send(Readable.from(halves(end))),
    );

    const leader = await client.open({ path: "/a" });
    const follower = await client.open({ path: "/a" });
    goOn.open();
    await Promise.all([leader, follower].map(rest));
    const hit = await client.ask({ path: "/a" });

    expect([leader, follower, hit].map((answer) => answer.header("content-type"))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe("a hook that changes content before the cache decides", () => {
  it("may read the whole stream first: the cache gets what it read", async () => {
    const { client, goOn, cache } = await streaming((app) =>
      app.addHook("onSend", async (_request, _reply, payload) =>
        payload instanceof Readable ? `<${await text(payload)}>` : payload,
      ),
    );
    goOn.open();

    const miss = await client.ask({ path: "/a" });
    await until(() => cache.stats().stored === 1);
    const hit = await client.ask({ path: "/a" });

    expect(miss.text).toBe(`<${whole}>`);
    expect([hit.header("x-cache"), hit.text]).toEqual(["HIT", whole]);
  });

  it("may begin to read it: the cache and the client get the rest as well", async () => {
    const begun = gate();
    const { client, goOn, cache } = await streaming((app) =>
      app.addHook("onSend", async (_request, _reply, payload) => {
        if (!(payload instanceof Readable)) return payload;
        const changed = payload.pipe(createGzip());
        await once(payload, "data");
        begun.open();
        return changed.pipe(createGunzip());
      }),
    );

    const asked = client.ask({ path: "/a" });
    await begun.opened;
    goOn.open();
    const miss = await asked;
    await until(() => cache.stats().stored === 1);
    const hit = await client.ask({ path: "/a" });

    expect([miss.text, hit.text]).toEqual([whole, whole]);
  });

  it("may send something else: then nobody reads the stream any more", async () => {
    let stopped = false;
    const endless = async function* (): AsyncGenerator<string> {
      try {
        for (;;) yield await new Promise<string>((resolve) => setImmediate(resolve, "part"));
      } finally {
        stopped = true;
      }
    };
    const { client, store, goOn, cache } = await streaming(
      (app) =>
        app.addHook("onRoute", (route) => {
          route.onSend = [route.onSend ?? [], async () => "something else"].flat();
        }),
      async (reply, begin) => {
        await begin.opened;
        return reply.send(Readable.from(endless()));
      },
    );

    const asked = times(3, () => client.ask({ path: "/a" }));
    await until(() => store.count("get") === 3);
    goOn.open();
    const answers = await asked;
    await until(() => stopped);

    expect(answers.map((answer) => answer.text)).toEqual(Array.from({ length: 3 }, () => "something else"));
    expect(cache.stats().outcomes.collapsed).toBe(2);
  });
});

describe("a stream for a 304", () => {
  it("is stopped: such a message has no content", async () => {
    const source = new Readable({ read: () => undefined });
    const { client } = await streaming(
      () => undefined,
      (reply) => reply.code(304).send(source),
    );

    const answer = await client.ask({ path: "/a" });

    expect([answer.status, answer.text, source.destroyed]).toEqual([304, "", true]);
  });
});

describe("a handler that listens to the stream that it sends", () => {
  it("loses nothing of it", async () => {
    let heard = 0;
    const { client, goOn } = await streaming(
      () => undefined,
      (reply, end) => {
        const source = Readable.from(halves(end)).on("data", (part: Buffer) => (heard += part.byteLength));
        return reply.send(source);
      },
    );
    goOn.open();

    const miss = await client.ask({ path: "/a" });
    const hit = await client.ask({ path: "/a" });

    expect([miss.text, hit.text, heard]).toEqual([whole, whole, whole.length]);
  });
});
