import { PassThrough, Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import type { Context } from "koa";
import compress from "koa-compress";
import { describe, expect, it } from "vitest";
import { route } from "./support.ts";

const long = "caching ".repeat(400);
const gzip = { "accept-encoding": "gzip" };
const front = [compress({ threshold: 0, br: false })];

describe("koa-compress in front of the cache", () => {
  it.each<[string, (ctx: Context) => unknown]>([
    ["text", (ctx) => (ctx.body = long)],
    ["an object", (ctx) => (ctx.body = { long })],
    ["a stream", (ctx) => ((ctx.body = Readable.from([long])), (ctx.type = "text"))],
  ])("compresses one plain entry for those who accept it: %s", async (_name, handle) => {
    const { ask, runs } = await route(handle, { front });

    const [miss, hit, plain] = [await ask(gzip), await ask(gzip), await ask()];

    expect([miss, hit].map(({ header }) => header("content-encoding"))).toEqual(["gzip", "gzip"]);
    expect([miss, hit].map(({ body }) => gunzipSync(body).toString())).toEqual([plain.text, plain.text]);
    expect([hit, plain].map(({ header }) => header("x-cache"))).toEqual(["HIT", "HIT"]);
    expect(runs()).toBe(1);
  });

  it("gets a weak tag on what it compresses, and its 304 has that tag", async () => {
    const { ask, client } = await route((ctx) => (ctx.body = long), { front });

    const answers = [await ask(gzip), await ask(gzip)];
    const plain = await ask();
    const weak = `W/${plain.header("etag")}`;
    const same = await ask({ ...gzip, "if-none-match": weak });
    const head = await client.ask({ method: "HEAD", path: "/a", headers: gzip });

    expect(plain.header("etag")).toMatch(/^"/);
    expect(answers.map(({ header }) => header("etag"))).toEqual([weak, weak]);
    expect([same.status, same.header("etag"), head.header("etag")]).toEqual([304, weak, weak]);
  });

  it("leaves a range of plain bytes alone", async () => {
    const { ask } = await route((ctx) => (ctx.body = long), { front });

    await ask(gzip);
    const part = await ask({ ...gzip, range: "bytes=0-6" });

    expect([part.status, part.text, part.header("content-encoding")]).toEqual([206, "caching", undefined]);
  });

  it("is broken off where the handler's stream breaks", async () => {
    const { client } = await route(
      (ctx) => {
        const body = new PassThrough();
        body.write(long);
        setImmediate(() => setImmediate(() => body.destroy(new Error("broken, as it was told to"))));
        ctx.type = "text";
        ctx.body = body;
      },
      { front },
    );

    await expect(client.ask({ path: "/a", headers: gzip })).rejects.toThrow(/aborted|ECONNRESET/);
  });
});
