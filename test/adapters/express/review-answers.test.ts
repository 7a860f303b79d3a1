import { runInNewContext } from "node:vm";
import type { ErrorRequestHandler, Response } from "express";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { askTwice, quietCache, route, versions, visit } from "./support.ts";

function foreignBytes(): Uint8Array {
  return runInNewContext("new Uint8Array([104, 105])") as Uint8Array;
}

describe.each(versions)("%s: content of another realm", (_version, express) => {
  it.each<[string, (res: Response) => void, string]>([
    ["at the end", (res) => void res.end(foreignBytes()), "hi"],
    ["in a part", (res) => (res.write(foreignBytes()), void res.end("!")), "hi!"],
    ["at the end of parts", (res) => (res.write("!"), void res.end(foreignBytes())), "!hi"],
  ])("is stored where it comes %s", async (_name, answer, text) => {
    const { client, handler } = await route(express, (res) => answer(res as Response));
    const answers = await askTwice(client);
    expect(answers.map((one) => one.text)).toEqual([text, text]);
    expect(handler.runs).toBe(1);
  });
});

describe.each(versions)("%s: what only somebody behind the cache understands", (_version, express) => {
  it("passes, and nothing of the response is stored", async () => {
    const cache = quietCache();
    const app = express();
    app.use((_req, res, next) => {
      const { write } = res;
      res.write = ((chunk: unknown) => Reflect.apply(write, res, [String(chunk)])) as Response["write"];
      next();
    });
    app.get("/a", cacheRoute(cache, { ttl: 60 }), (_req, res) => {
      res.writeHead(200, { "content-type": "text/plain" });
      res.write(7);
      res.end("!");
    });
    const answers = await askTwice(await visit(app));
    expect(answers.map((one) => [one.text, one.header("content-type")])).toEqual([
      ["7!", "text/plain"],
      ["7!", "text/plain"],
    ]);
    expect(cache.stats().stored).toBe(0);
  });
});

describe.each(versions)("%s: an error after writeHead", (_version, express) => {
  it("is answered by an error handler without what the head said", async () => {
    const app = express();
    const early = (res: Response): void => void res.set("x-early", "1");
    app.get(
      "/a",
      (_req, res, next) => (early(res), next()),
      cacheRoute(quietCache(), { ttl: 60 }),
      (_req, res) => {
        const fields = { "content-length": "3", "content-type": "text/csv", "x-early": "2", "x-own": "1" };
        res.writeHead(201, "Made", fields);
        throw new Error("no");
      },
    );
    const answerError: ErrorRequestHandler = (_error, _req, res, _next) => void res.end("an error page");
    app.use(answerError);
    const { status, text, header } = await (await visit(app)).ask({ path: "/a" });
    const names = ["content-type", "x-own", "x-early"];
    expect([status, text, ...names.map(header)]).toEqual([200, "an error page", undefined, undefined, "1"]);
  });
});
