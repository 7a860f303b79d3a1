import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import type { FastifyReply, FastifyRequest } from "fastify";
import { describe, expect, it } from "vitest";
import type { FastifyCacheOptions } from "../../../src/adapters/fastify.ts";
import type { Answer } from "../../../src/testing/adapter-contract/client.ts";
import { gate, rest, stage, times, until } from "./support.ts";
import type { Stage } from "./support.ts";

const cached = { cache: { ttl: 60 } };
const crowd = 20;

const webStream = (...parts: readonly string[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });

const payloads: readonly (readonly [string, () => unknown, string])[] = [
  ["an object", () => ({ a: 1 }), '{"a":1}'],
  ["a string", () => "text", "text"],
  ["a Buffer", () => Buffer.from("bytes"), "bytes"],
  ["a Node stream", () => Readable.from(["no", "de"]), "node"],
  ["a web stream", () => webStream("we", "b"), "web"],
  ["a Response", () => new Response(webStream("re", "sponse")), "response"],
];

type Handler = (request: FastifyRequest, reply: FastifyReply, run: number) => unknown;

interface Abandoned extends Stage {
  readonly runs: () => number;
  readonly answers: Promise<Answer[]>;
}

/** The leader's client goes away while its handler runs and a crowd waits for it. */
async function abandoned(handler: Handler, options: FastifyCacheOptions = {}): Promise<Abandoned> {
  let runs = 0;
  const goOn = gate();
  const at = await stage((app) => {
    app.get("/a", { cache: { ttl: 60, ...options } }, async (request, reply) => {
      runs++;
      if (runs === 1) await goOn.opened;
      return handler(request, reply, runs);
    });
  });
  const leader = at.client.start({ path: "/a" });
  await until(() => runs === 1);
  const answers = times(crowd, () => at.client.ask({ path: "/a" }));
  await until(() => at.store.count("get") === crowd + 1);
  leader.destroy();
  await until(() => at.closed() === 1);
  goOn.open();
  return { ...at, runs: () => runs, answers };
}

describe("a leader whose client goes away before the head", () => {
  it.each(payloads)("leaves %s to all who wait", async (_kind, make, whole) => {
    const { answers, runs, cache, client } = await abandoned((_request, reply) => reply.send(make()));

    const texts = (await answers).map(({ status, text }) => [status, text]);
    await until(() => cache.stats().stored === 1);
    const later = await client.ask({ path: "/a" });

    expect(texts).toEqual(Array.from({ length: crowd }, () => [200, whole]));
    expect(runs()).toBe(1);
    expect([later.header("x-cache"), later.text]).toEqual(["HIT", whole]);
  });

  it("leaves them a stream above the budget, which does not wait for the one who left", async () => {
    const parts = async function* (): AsyncGenerator<Buffer> {
      yield await setImmediate(Buffer.alloc(600, "a"));
      yield await setImmediate(Buffer.alloc(600, "b"));
      yield await setImmediate(Buffer.alloc(600, "c"));
      yield await setImmediate(Buffer.alloc(600, "d"));
    };
    const { answers, runs } = await abandoned((_request, reply) => reply.send(Readable.from(parts())), {
      maxBodyBytes: 1000,
    });

    const lengths = (await answers).map(({ body }) => body.byteLength);

    expect([runs(), lengths]).toEqual([1, Array.from({ length: crowd }, () => 2400)]);
  });

  it("hands the run on to one of them where its handler then fails", async () => {
    const { answers, runs } = await abandoned((_request, _reply, run) => {
      if (run === 1) throw new Error("no");
      return `run ${run}`;
    });

    const texts = (await answers).map(({ status, text }) => [status, text]);

    expect(texts).toEqual(Array.from({ length: crowd }, () => [200, "run 2"]));
    expect(runs()).toBe(2);
  });

  it("leaves them what its handler sends after it has returned the reply", async () => {
    const { answers, runs } = await abandoned((_request, reply, run) => {
      void setImmediate().then(() => reply.send(`run ${run}`));
      return reply;
    });

    const texts = (await answers).map(({ status, text }) => [status, text]);

    expect(texts).toEqual(Array.from({ length: crowd }, () => [200, "run 1"]));
    expect(runs()).toBe(1);
  });

  it("leaves them nothing where its handler then returns nothing, as with its client", async () => {
    const { answers, runs } = await abandoned((_request, _reply, run) =>
      run === 1 ? undefined : `run ${run}`,
    );

    const texts = (await answers).map(({ status, text }) => [status, text]);

    expect(texts).toEqual(Array.from({ length: crowd }, () => [200, ""]));
    expect(runs()).toBe(1);
  });

  it("lets each of them run the handler at once where its own then writes without Fastify", async () => {
    const { answers, runs } = await abandoned((_request, reply, run) => {
      reply.hijack();
      reply.raw.end(`run ${run}`);
      return undefined;
    });

    const texts = (await answers).map(({ text }) => text);

    expect(new Set(texts).size).toBe(crowd);
    expect(runs()).toBe(crowd + 1);
  });

  it("is given up where nobody waits, and its stream is stopped", async () => {
    const [entered, goOn, closed] = [gate(), gate(), gate()];
    const source = Readable.from(["a"]);
    const { client, cache } = await stage((app) => {
      app.get("/a", cached, async (_request, reply) => {
        reply.raw.once("close", () => closed.open());
        entered.open();
        await goOn.opened;
        return reply.send(source);
      });
    });
    const leader = client.start({ path: "/a" });
    await entered.opened;
    leader.destroy();
    await closed.opened;
    goOn.open();
    await until(() => source.destroyed);

    expect([cache.stats().stored, cache.stats().refusals]).toEqual([0, { aborted: 1 }]);
  });
});

/** A stream whose parts come when they are let go, in the kinds in which a handler sends one. */
const streams: readonly (readonly [string, (parts: () => AsyncGenerator<Buffer>) => unknown])[] = [
  ["a Node stream", (parts) => Readable.from(parts())],
  ["a web stream", (parts) => Readable.toWeb(Readable.from(parts()))],
  ["a Response", (parts) => new Response(Readable.toWeb(Readable.from(parts())) as ReadableStream)],
];

describe.each(streams)("a leader whose client goes away while it is sent %s", (_kind, make) => {
  it.each([
    ["after the first part", ["one "], ["two ", "three"]],
    ["in the middle", ["one ", "two "], ["three"]],
    ["at the last byte", ["one ", "two ", "three"], []],
  ])("%s leaves the whole of it to all who follow", async (_when, before, after) => {
    const goOn = gate();
    let runs = 0;
    const parts = async function* (): AsyncGenerator<Buffer> {
      yield* before.map((text) => Buffer.from(text));
      await goOn.opened;
      yield* after.map((text) => Buffer.from(text));
    };
    const { client, cache, closed } = await stage((app) => {
      app.get("/a", cached, async (_request, reply) => {
        runs++;
        return reply.send(make(parts));
      });
    });
    const leader = await client.open({ path: "/a" });
    await leader.next();
    const followers = await times(crowd, () => client.open({ path: "/a" }));
    leader.abort();
    await until(() => closed() === 1);
    goOn.open();
    const texts = (await Promise.all(followers.map(rest))).map(String);
    await until(() => cache.stats().stored === 1);
    const later = await client.ask({ path: "/a" });

    expect(texts).toEqual(Array.from({ length: crowd }, () => "one two three"));
    expect([later.header("x-cache"), later.text, runs]).toEqual(["HIT", "one two three", 1]);
  });

  it("stops it where nobody follows, and nothing is stored", async () => {
    let stopped = false;
    const parts = async function* (): AsyncGenerator<Buffer> {
      try {
        for (;;) {
          yield Buffer.from("part");
          await setImmediate();
        }
      } finally {
        stopped = true;
      }
    };
    const { client, cache } = await stage((app) => {
      app.get("/a", cached, async (_request, reply) => reply.send(make(parts)));
    });
    const leader = await client.open({ path: "/a" });
    await leader.next();
    leader.abort();
    await until(() => stopped);

    expect([cache.stats().stored, cache.stats().refusals]).toEqual([0, { aborted: 1 }]);
  });
});
