import { Readable } from "node:stream";
import type { FastifyReply, FastifyServerOptions } from "fastify";
import { describe, expect, it } from "vitest";
import type { FastifyCacheOptions } from "../../../src/adapters/fastify.ts";
import type { Answer } from "../../../src/testing/adapter-contract/client.ts";
import { gate, stage, times, until } from "./support.ts";
import type { Stage } from "./support.ts";

type Handler = (reply: FastifyReply, run: number) => unknown;

interface Expired extends Stage {
  readonly runs: () => number;
  /** Asks once more. */
  ask(method?: string): Promise<Answer>;
}

/** A route whose stored response went stale a second ago. */
async function expired(
  options: FastifyCacheOptions,
  handler: Handler,
  server: FastifyServerOptions = {},
): Promise<Expired> {
  let runs = 0;
  const at = await stage(
    (app) => {
      app.get("/a", { cache: { ttl: 10, ...options } }, async (_request, reply) => handler(reply, ++runs));
    },
    undefined,
    server,
  );
  const ask = (method = "GET"): Promise<Answer> => at.client.ask({ path: "/a", method });
  await ask();
  await until(() => at.cache.stats().stored === 1);
  at.clock.advance(11);
  return { ...at, ask, runs: () => runs };
}

const said = (answer: Answer): unknown => [
  answer.status,
  answer.text,
  answer.header("x-cache"),
  answer.header("cache-status"),
];

const thrown = (): never => {
  throw new Error("the handler fails, as it was told to");
};

describe("staleWhileRevalidate", () => {
  it("answers two hundred requests at once with what is stale, and refreshes it once in the background", async () => {
    const goOn = gate();
    const { ask, runs, cache } = await expired({ staleWhileRevalidate: 60 }, async (_reply, run) => {
      if (run > 1) await goOn.opened;
      return `run ${run}`;
    });

    // The refresh is not over before all of them are answered.
    const answers = await times(200, () => ask());
    goOn.open();
    await until(() => cache.stats().stored === 2);
    const next = await ask();

    expect(new Set(answers.map((answer) => JSON.stringify(said(answer))))).toEqual(
      new Set([JSON.stringify([200, "run 1", "HIT", "caching-route;hit;ttl=-1"])]),
    );
    expect([runs(), cache.stats().refreshes]).toEqual([2, 1]);
    expect(said(next)).toEqual([200, "run 2", "HIT", "caching-route;hit;ttl=10"]);
  });

  it("is refreshed by a HEAD with a GET", async () => {
    const { ask, cache } = await expired({ staleWhileRevalidate: 60 }, (_reply, run) => `run ${run}`);

    const head = await ask("HEAD");
    await until(() => cache.stats().stored === 2);
    const next = await ask();

    expect([head.status, head.header("x-cache"), head.header("content-length")]).toEqual([200, "HIT", "5"]);
    expect([next.text, next.header("x-cache")]).toEqual(["run 2", "HIT"]);
  });

  it("refreshes with a stream, whose reply is open until the stream has ended", async () => {
    const goOn = gate();
    const order: string[] = [];
    const parts = async function* (): AsyncGenerator<string> {
      yield "one ";
      await goOn.opened;
      yield "two";
      order.push("the stream ends");
    };
    const { ask, cache } = await expired({ staleWhileRevalidate: 60 }, (reply, run) => {
      if (run === 1) return "old";
      reply.raw.once("close", () => order.push("the reply closes"));
      return reply.send(Readable.from(parts()));
    });

    const stale = await ask();
    goOn.open();
    await until(() => cache.stats().stored === 2 && order.length === 2);
    const next = await ask();

    expect([stale.text, next.text]).toEqual(["old", "one two"]);
    expect(order).toEqual(["the stream ends", "the reply closes"]);
  });

  it.each([
    ["that may not be stored", { "cache-control": "no-store" }],
    ["that is larger than what is stored", {}],
  ])("stops a refreshing stream %s, however long it would be", async (_which, headers) => {
    let stopped = false;
    const endless = async function* (): AsyncGenerator<Buffer> {
      for (;;) yield await new Promise<Buffer>((resolve) => setImmediate(resolve, Buffer.alloc(400)));
    };
    const source = Readable.from(endless()).once("close", () => (stopped = true));
    let closed = 0;
    const { ask, cache } = await expired({ staleWhileRevalidate: 60, maxBodyBytes: 1000 }, (reply, run) => {
      reply.raw.once("close", () => closed++);
      return run === 1 ? "old" : reply.headers(headers).send(source);
    });

    const stale = await ask();
    await until(() => stopped && closed === 2);

    expect([stale.text, cache.stats().stored]).toEqual(["old", 1]);
  });

  it("tells the error of a refresh, keeps what it has, and tries again later", async () => {
    const { ask, cache, clock, errors, runs } = await expired({ staleWhileRevalidate: 60 }, (_reply, run) =>
      run === 2 ? thrown() : `run ${run}`,
    );

    await ask();
    await until(() => errors.length === 1);
    const held = await ask();
    clock.advance(2);
    const retried = await ask();
    await until(() => cache.stats().stored === 2);

    expect(errors).toEqual([new Error("the handler fails, as it was told to")]);
    expect([held.text, retried.text, (await ask()).text, runs()]).toEqual(["run 1", "run 1", "run 3", 3]);
  });

  it("is not refreshed by a method with content: its request runs the handler itself", async () => {
    let runs = 0;
    const options = { ttl: 10, staleWhileRevalidate: 60, methods: ["POST"] };
    const { client, clock } = await stage((app) => {
      app.post("/a", { cache: options }, async () => `run ${++runs}`);
    });

    const first = await client.ask({ method: "POST", path: "/a" });
    clock.advance(11);
    const second = await client.ask({ method: "POST", path: "/a" });

    expect([first.text, second.text, second.header("x-cache")]).toEqual(["run 1", "run 2", "MISS"]);
  });
});

describe("staleIfError", () => {
  const failures: readonly (readonly [string, Handler])[] = [
    ["throws", thrown],
    ["answers 500", (reply) => reply.code(500).send({ error: "no" })],
    ["sends an error", (reply) => reply.send(new Error("no"))],
    ["goes past Fastify", (reply) => void reply.hijack().raw.end("raw")],
  ];

  it.each(failures)("serves what is stale where the handler %s", async (_how, fail) => {
    const { ask, runs } = await expired({ staleIfError: 60 }, (reply, run) =>
      run === 1 ? "good" : fail(reply, run),
    );

    const answer = await ask();

    expect(said(answer)).toEqual([200, "good", "HIT", "caching-route;fwd=stale;detail=failed"]);
    expect(runs()).toBe(2);
  });

  it("serves what is stale where the handler takes longer than its soft timeout, and lets it finish", async () => {
    const [entered, goOn] = [gate(), gate()];
    const { ask, clock, cache } = await expired(
      { staleIfError: 60, handlerTimeout: 0.5 },
      async (_reply, run) => {
        if (run === 1) return "good";
        entered.open();
        await goOn.opened;
        return "late";
      },
    );

    const waiting = ask();
    await entered.opened;
    clock.advance(0.6);
    const stale = await waiting;
    goOn.open();
    await until(() => cache.stats().stored === 2);

    expect([stale.text, stale.header("cache-status")]).toEqual([
      "good",
      "caching-route;fwd=stale;detail=timeout",
    ]);
    expect((await ask()).text).toBe("late");
  });

  it("serves the handler's answer where it has one", async () => {
    const { ask } = await expired({ staleIfError: 60 }, (_reply, run) => `run ${run}`);

    const answer = await ask();

    expect(said(answer)).toEqual([200, "run 2", "MISS", "caching-route;fwd=stale;stored"]);
  });

  it("is vetoed by must-revalidate: the client hears the error", async () => {
    const { ask } = await expired({ staleIfError: 60 }, (reply, run) =>
      run === 1 ? reply.header("cache-control", "must-revalidate").send("good") : thrown(),
    );

    const answer = await ask();

    expect(answer.status).toBe(500);
  });
});
