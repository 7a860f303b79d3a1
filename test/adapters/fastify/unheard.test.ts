import { Readable } from "node:stream";
import Fastify from "fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/fastify.ts";
import type { FastifyCacheOptions } from "../../../src/adapters/fastify.ts";
import { createCache } from "../../../src/index.ts";
import { Client } from "../../../src/testing/adapter-contract/client.ts";
import type { ContractClient } from "../../../src/testing/adapter-contract/client.ts";
import { Http2Client } from "../../../src/testing/adapter-contract/client-http2.ts";
import { gate, stage, times, until } from "./support.ts";

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

interface Site {
  readonly client: ContractClient;
  /** What the reporter was told: its reasons. */
  readonly told: readonly string[];
}

async function site(
  handler: Handler,
  { http2 = false, ...options }: FastifyCacheOptions & { readonly http2?: boolean } = {},
  prepare: (app: FastifyInstance) => void = () => undefined,
): Promise<Site> {
  const told: string[] = [];
  const cache = createCache({ reporter: ({ reason }) => told.push(reason) });
  const app = Fastify({ ...(http2 && { http2 }), forceCloseConnections: true } as object) as FastifyInstance;
  await app.register(cacheRoute, { cache });
  prepare(app);
  app.get("/a", { cache: { ttl: 60, ...options } }, handler);
  const origin = await app.listen({ port: 0, host: "127.0.0.1" });
  const client = http2 ? new Http2Client(origin, 10_000) : new Client(origin, 10_000);
  onTestFinished(async () => {
    client.close();
    await app.close();
  });
  return { client, told };
}

const unheard: readonly (readonly [string, Handler, string])[] = [
  ["hijacks its reply, and ends", (_request, reply) => void reply.hijack().raw.end("raw"), "raw"],
  [
    "hijacks its reply, and writes a head with an object",
    (_request, reply) => {
      reply.hijack();
      reply.raw.writeHead(200, { "x-own": "1" }).end("raw");
    },
    "raw",
  ],
  [
    "hijacks its reply, and writes a head with a flat list",
    (_request, reply) => {
      reply.hijack();
      reply.raw.writeHead(200, ["x-own", "1", "x-own", "2"]).end("raw");
    },
    "raw",
  ],
  [
    "hijacks its reply late, and writes in parts",
    async (_request, reply) => {
      await new Promise(setImmediate);
      reply.hijack();
      reply.raw.write("r");
      reply.raw.end("aw");
    },
    "raw",
  ],
  ["ends the raw response", (_request, reply) => void reply.raw.end("raw"), "raw"],
  [
    "pipes to the raw response",
    (_request, reply) => void Readable.from(["r", "aw"], { objectMode: false }).pipe(reply.raw),
    "raw",
  ],
];

describe.each([false, true])("25: a handler that is not heard (HTTP/2: %s)", (http2) => {
  it.each(unheard)("%s: the head says so, and the reporter is told once", async (_name, handler, text) => {
    const { client, told } = await site(handler, { http2 });
    const answers = [await client.ask({ path: "/a" }), await client.ask({ path: "/a" })];
    expect(
      answers.map((answer) => [answer.text, answer.header("x-cache"), answer.header("cache-status")]),
    ).toEqual([0, 1].map(() => [text, "MISS", "caching-route;fwd=uri-miss;detail=unheard"]));
    expect(told).toEqual(["unheard"]);
  });

  it("says it behind what caches nearer to it say, and all else that it says stays", async () => {
    const { client } = await site(
      (_request, reply) => {
        reply.hijack();
        reply.raw.writeHead(200, {
          "Cache-Status": "inner;hit",
          "X-Cache": "HIT",
          "set-cookie": ["a=1", "b=2"],
        });
        reply.raw.end("raw");
      },
      { http2 },
    );
    const answer = await client.ask({ path: "/a" });
    expect(answer.header("cache-status")).toBe("inner;hit, caching-route;fwd=uri-miss;detail=unheard");
    expect([answer.lines("x-cache"), answer.lines("set-cookie")]).toEqual([["MISS"], ["a=1", "b=2"]]);
  });
});

it.each<[string, (app: FastifyInstance) => void]>([
  ["Fastify's", () => undefined],
  [
    "the application's",
    (app) => app.setNotFoundHandler(async (_request, reply) => reply.code(404).send("no")),
  ],
])("25: what is not found, by %s handler, says why it is not stored", async (_name, prepare) => {
  const { client } = await site((_request, reply) => reply.callNotFound(), {}, prepare);
  const answer = await client.ask({ path: "/a" });
  expect([answer.status, answer.header("cache-status")]).toEqual([
    404,
    "caching-route;fwd=uri-miss;fwd-status=404;detail=status",
  ]);
});

it("25: a flat list of fields that repeats a name keeps each line", async () => {
  const { client } = await site((_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, ["set-cookie", "a=1", "set-cookie", "b=2"]).end("raw");
  });
  const answer = await client.ask({ path: "/a" });
  expect([answer.lines("set-cookie"), answer.header("x-cache")]).toEqual([["a=1", "b=2"], "MISS"]);
});

describe("25: a handler that fails", () => {
  const fails: readonly (readonly [string, Handler])[] = [
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no"))],
    ["sends an error", (_request, reply) => reply.send(new Error("no"))],
  ];

  it.each(fails)("%s: the error says so, by Fastify's handler", async (_name, handler) => {
    const { client, told } = await site(handler);
    const answer = await client.ask({ path: "/a" });
    expect([answer.status, answer.header("x-cache"), answer.header("cache-status")]).toEqual([
      500,
      "MISS",
      "caching-route;fwd=uri-miss;detail=failed",
    ]);
    expect(told).toEqual(["failed"]);
  });

  it.each(fails)("%s: the error says so, by a handler of the application", async (_name, handler) => {
    const { client } = await site(handler, {}, (app) => {
      app.setErrorHandler(async (_error, _request, reply) => reply.code(418).send("own"));
    });
    const answer = await client.ask({ path: "/a" });
    expect([answer.status, answer.text, answer.header("cache-status")]).toEqual([
      418,
      "own",
      "caching-route;fwd=uri-miss;detail=failed",
    ]);
  });
});

it("25: what a follower is told of a source that fails before its first byte says who it is", async () => {
  const source = new Readable({ read: () => undefined });
  const { client, cache } = await stage((app) => {
    app.get("/a", { cache: { ttl: 60 } }, (_request, reply) => reply.send(source));
  });
  const both = [client.ask({ path: "/a" }), client.ask({ path: "/a" })];
  while (cache.stats().outcomes.collapsed < 1) await new Promise(setImmediate);
  source.destroy(new Error("no"));
  const answers = await Promise.all(both);
  expect(answers.map(({ status }) => status)).toEqual([500, 500]);
  for (const answer of answers) expect(answer.header("cache-status")).toContain("caching-route;fwd=uri-miss");
});

describe("a response that is written without Fastify, and without hijack", () => {
  it("lets each of those who wait run the handler, at once", async () => {
    const goOn = gate();
    let runs = 0;
    const { client, store } = await stage((app) => {
      app.get("/a", { cache: { ttl: 60 } }, async (_request, reply) => {
        runs++;
        await goOn.opened;
        reply.raw.end("raw");
        return reply;
      });
    });
    const answers = times(3, () => client.ask({ path: "/a" }));
    await until(() => store.count("get") === 3);
    goOn.open();

    expect((await answers).map(({ text }) => text)).toEqual(["raw", "raw", "raw"]);
    expect(runs).toBe(3);
  });
});
