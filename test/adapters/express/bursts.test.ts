import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import type { Express, Response } from "express";
import express from "express";
import { afterEach, describe, expect, it } from "vitest";
import { createCache } from "../../../src/index.ts";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { Client } from "../../../src/testing/adapter-contract/client.ts";

const PARTS = Array.from({ length: 120 }, (_, index) => Buffer.alloc(50_000, index % 256));
const WHOLE = Buffer.concat(PARTS);

const servers: Server[] = [];

afterEach(() => {
  servers.splice(0).forEach((server) => server.close());
});

async function clientOf(app: Express): Promise<Client> {
  const server = app.listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 4000);
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

describe("a crowd that requests 6 MB from a handler", () => {
  it.each<[string, (res: Response) => unknown]>([
    ["by a pipe", (res) => Readable.from(PARTS).pipe(res)],
    [
      "in a loop, and ends it later",
      async (res) => {
        for (const part of PARTS) res.write(part);
        await later(50);
        res.end();
      },
    ],
  ])("that writes them %s is sent all of them in one run", async (_how, write) => {
    const app = express();
    let runs = 0;
    let requests = 0;
    let haveCome = (): void => undefined;
    const allHaveCome = new Promise<void>((resolve) => (haveCome = resolve));
    app.use((_req, _res, next) => {
      requests++;
      if (requests === 10) haveCome();
      next();
    });
    app.get("/a", cacheRoute(createCache({ reporter: false }), { ttl: 60 }), async (_req, res) => {
      runs++;
      await allHaveCome;
      await write(res);
    });
    const client = await clientOf(app);

    const answers = await Promise.all(Array.from({ length: 10 }, () => client.ask({ path: "/a" })));

    expect([runs, answers.filter(({ body }) => body.equals(WHOLE)).length]).toEqual([1, 10]);
  });
});
