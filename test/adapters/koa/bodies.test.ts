import { Readable } from "node:stream";
import type { Context, Middleware } from "koa";
import { describe, expect, it } from "vitest";
import { route } from "./support.ts";

const bytes = Buffer.from([0, 1, 2, 250]);
const latin = bytes.toString("latin1");

describe("a body is sent and stored as Koa would send it", () => {
  it.each<[string, (ctx: Context) => unknown, type: string | undefined, content: string]>([
    ["text", (ctx) => (ctx.body = "text"), "text/plain; charset=utf-8", "text"],
    ["empty text", (ctx) => (ctx.body = ""), "text/plain; charset=utf-8", ""],
    ["HTML", (ctx) => (ctx.body = "<p>"), "text/html; charset=utf-8", "<p>"],
    ["a Buffer", (ctx) => (ctx.body = bytes), "application/octet-stream", latin],
    ["an object", (ctx) => (ctx.body = { a: 1 }), "application/json; charset=utf-8", '{"a":1}'],
    ["a number", (ctx) => (ctx.body = 7), "application/json; charset=utf-8", "7"],
    ["a stream", (ctx) => (ctx.body = Readable.from([bytes])), "application/octet-stream", latin],
    ["a Blob", (ctx) => (ctx.body = new Blob([bytes])), "application/octet-stream", latin],
    ["a ReadableStream", (ctx) => (ctx.body = new Blob([bytes]).stream()), "application/octet-stream", latin],
    ["a Response", (ctx) => (ctx.body = new Response("text")), "text/plain;charset=UTF-8", "text"],
    ["a Response without content", (ctx) => (ctx.body = new Response()), "application/octet-stream", ""],
    ["no body", (ctx) => (ctx.status = 200), "text/plain; charset=utf-8", "OK"],
    ["null with a status", (ctx) => ((ctx.body = null), (ctx.status = 200)), undefined, ""],
  ])("%s", async (_name, handle, type, content) => {
    const { askTwice, runs } = await route(handle);

    const answers = await askTwice();

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers.map(({ body }) => body.toString("latin1"))).toEqual([content, content]);
    expect(answers.map(({ header }) => header("content-type"))).toEqual([type, type]);
    expect(answers[1].header("x-cache")).toBe("HIT");
    expect(runs()).toBe(1);
  });

  it("null is a 204 without content", async () => {
    const { askTwice } = await route((ctx) => (ctx.body = null), { options: { statuses: [204] } });

    const answers = await askTwice();

    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [204, ""],
      [204, ""],
    ]);
    expect(answers.map(({ header }) => header("content-length"))).toEqual([undefined, undefined]);
    expect(answers[1].header("x-cache")).toBe("HIT");
  });

  it("no content is none, though what is stored is JSON", async () => {
    const { client } = await route((ctx) => (ctx.body = { a: 1 }));
    const request = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nRange: bytes=99-\r\n\r\n";

    const answers = [await client.raw(request), await client.raw(request)];

    expect(answers.map((answer) => answer.split(" ", 2)[1])).toEqual(["416", "416"]);
    expect(answers.map((answer) => answer.split("\r\n\r\n")[1])).toEqual(["", ""]);
  });

  it("a body that cannot be made JSON fails as without a cache, and is not stored", async () => {
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    const { askTwice, cache } = await route((ctx) => (ctx.body = cyclic));

    const answers = await askTwice();

    expect(answers.map(({ status }) => status)).toEqual([500, 500]);
    expect(cache.stats().stored).toBe(0);
  });
});

describe("middleware in front of the cache", () => {
  const shout: Middleware = async (ctx, next) => {
    await next();
    if (typeof ctx.body === "string") ctx.body = ctx.body.toUpperCase();
  };

  it.each<[string, unknown, string]>([
    ["text", "ü text", "Ü TEXT"],
    ["an object", { a: "b" }, '{"A":"B"}'],
  ])("is given text on hits as on misses where the handler sets %s", async (_name, body, sent) => {
    const { askTwice, runs } = await route((ctx) => (ctx.body = body), { front: [shout] });

    const answers = await askTwice();

    expect(answers.map(({ text }) => text)).toEqual([sent, sent]);
    expect(runs()).toBe(1);
  });

  it("may replace the body of a hit by one of another kind", async () => {
    const replace: Middleware = async (ctx, next) => {
      await next();
      ctx.body = Readable.from(["one ", String(ctx.body)]);
    };
    const { askTwice } = await route((ctx) => (ctx.body = "two"), { front: [replace] });

    const answers = await askTwice();

    expect(answers.map(({ text }) => text)).toEqual(["one two", "one two"]);
  });
});
