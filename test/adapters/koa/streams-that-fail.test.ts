import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type Koa from "koa";
import Koa2 from "koa2";
import { describe, expect, it } from "vitest";
import { quietApp, route } from "./support.ts";

/** An application of Koa 2, with the errors that its listeners received. */
function koa2(): { readonly app: Koa; readonly errors: string[] } {
  const app = new Koa2();
  const errors: string[] = [];
  app.on("error", ({ message }: Error) => void errors.push(message));
  return { app, errors };
}

describe("a stream that fails before its first byte", () => {
  it("has the page that Koa 2 makes of its error, and is not stored", async () => {
    const { app, errors } = koa2();
    const { askTwice, cache } = await route((ctx) => (ctx.body = createReadStream("/no/such/file")), {
      app,
      options: { statuses: "any" },
    });

    const answers = await askTwice();

    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [404, "Not Found"],
      [404, "Not Found"],
    ]);
    expect(answers.map(({ header }) => header("x-cache"))).toEqual(["MISS", "MISS"]);
    expect(errors.map((message) => message.slice(0, 6))).toEqual(["ENOENT", "ENOENT"]);
    expect(cache.stats().stored).toBe(0);
  });

  it("breaks the response off in Koa 3", async () => {
    const { ask, cache } = await route((ctx) => (ctx.body = createReadStream("/no/such/file")));

    await expect(ask()).rejects.toThrow(/ECONNRESET|aborted|hang up/);
    expect(cache.stats().stored).toBe(0);
  });
});

describe("a stream that fails later", () => {
  it("breaks the response off in Koa 2, and is reported to the application once", async () => {
    const { app, errors } = koa2();
    const parts = async function* (): AsyncGenerator<string> {
      yield "one";
      await new Promise(setImmediate);
      throw new Error("broken");
    };
    const { ask, cache } = await route((ctx) => (ctx.body = Readable.from(parts())), { app });

    await expect(ask()).rejects.toThrow(/ECONNRESET|aborted|hang up/);
    expect(errors).toEqual(["broken"]);
    expect(cache.stats().stored).toBe(0);
  });
});

describe("an object that has a method pipe, and is no stream", () => {
  it("is JSON, as without a cache", async () => {
    const observable = { value: 1, pipe: () => undefined };
    const { askTwice } = await route((ctx) => (ctx.body = observable), { app: quietApp() });

    const answers = await askTwice();

    expect(answers.map(({ text }) => text)).toEqual(['{"value":1}', '{"value":1}']);
  });
});
