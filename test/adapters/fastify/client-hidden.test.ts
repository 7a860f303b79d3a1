import { connect } from "node:net";
import { Readable, Transform } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { describe, expect, it } from "vitest";
import type { FastifyCacheOptions } from "../../../src/adapters/fastify.ts";
import { gate, rest, settled, stage, times, until } from "./support.ts";
import type { Stage } from "./support.ts";

/** Ways in which a handler may hear that its client is gone. */
const SIGNS: Record<string, (request: FastifyRequest, reply: FastifyReply, tell: () => void) => void> = {
  "the request's signal": (request, _reply, tell) => request.signal.addEventListener("abort", tell),
  "the raw request's close": (request, _reply, tell) => void request.raw.once("close", tell),
  "the raw request's aborted": (request, _reply, tell) => void request.raw.once("aborted", tell),
  "the raw request's error": (request, _reply, tell) => void request.raw.once("error", tell),
  "the raw reply's close": (_request, reply, tell) => void reply.raw.once("close", tell),
  "the connection's close": (request, _reply, tell) => void request.raw.socket.once("close", tell),
};

interface Run {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Rejects as soon as the handler is told that its client is gone. */
  readonly gone: Promise<never>;
}

interface Watched extends Stage {
  readonly runs: () => number;
  /** What the first run was told before its response was finished. */
  readonly noticed: readonly string[];
}

/** A cached route whose first run notes what tells it that its client is gone. */
async function watched(
  answer: (run: Run) => unknown,
  options: FastifyCacheOptions = {},
  prepare: (app: FastifyInstance) => unknown = () => undefined,
): Promise<Watched> {
  let runs = 0;
  const noticed: string[] = [];
  const at = await stage((app) => {
    app.get("/a", { cache: { ttl: 60, ...options } }, async (request, reply) => {
      if (++runs > 1) return `run ${runs}`;
      const gone = new Promise<never>((_resolve, reject) => {
        for (const [name, listen] of Object.entries(SIGNS))
          listen(request, reply, () => {
            if (reply.raw.writableFinished) return;
            noticed.push(name);
            reject(new Error("my client is gone"));
          });
      });
      gone.catch(() => undefined);
      return answer({ request, reply, gone });
    });
  }, prepare);
  return { ...at, runs: () => runs, noticed };
}

async function* parts(first: readonly string[], wait: Promise<unknown>, last: readonly string[]) {
  yield* first.map((text) => Buffer.from(text));
  await wait;
  yield* last.map((text) => Buffer.from(text));
}

describe("a leader whose client goes away while others need its run", () => {
  it("does not notice before the head", async () => {
    const goOn = gate();
    const at = await watched(async ({ gone }) => {
      await Promise.race([goOn.opened, gone]);
      return "text";
    });
    const leader = at.client.start({ path: "/a" });
    await until(() => at.runs() === 1);
    const answers = times(3, () => at.client.ask({ path: "/a" }));
    await until(() => at.store.count("get") === 4);

    leader.destroy();
    await until(() => at.closed() === 1);
    await settled(() => at.noticed.length);
    goOn.open();

    expect((await answers).map(({ text }) => text)).toEqual(["text", "text", "text"]);
    expect([at.runs(), at.noticed, at.cache.stats().stored]).toEqual([1, [], 1]);
  });

  it.each([
    ["after the first part", ["one "], ["two ", "three"]],
    ["in the middle", ["one ", "two "], ["three"]],
    ["at the last byte", ["one ", "two ", "three"], []],
  ])("does not notice %s of a stream", async (_when, before, after) => {
    const goOn = gate();
    const at = await watched(({ gone, reply }) =>
      reply.send(Readable.from(parts(before, Promise.race([goOn.opened, gone]), after))),
    );
    const leader = await at.client.open({ path: "/a" });
    await leader.next();
    const followers = await times(3, () => at.client.open({ path: "/a" }));

    leader.abort();
    await until(() => at.closed() === 1);
    await settled(() => at.noticed.length);
    goOn.open();
    const texts = (await Promise.all(followers.map(rest))).map(String);
    await until(() => at.cache.stats().stored === 1);

    expect(texts).toEqual(["one two three", "one two three", "one two three"]);
    expect([at.runs(), at.noticed]).toEqual([1, []]);
  });

  it("does not notice before the head of a stream, nor while that comes", async () => {
    const [begin, goOn] = [gate(), gate()];
    const at = await watched(async ({ gone, reply }) => {
      await begin.opened;
      return reply.send(Readable.from(parts(["one "], Promise.race([goOn.opened, gone]), ["two"])));
    });
    const leader = at.client.start({ path: "/a" });
    await until(() => at.runs() === 1);
    const followers = times(2, () => at.client.open({ path: "/a" }));
    await until(() => at.store.count("get") === 3);

    leader.destroy();
    await until(() => at.closed() === 1);
    begin.open();
    const open = await followers;
    await settled(() => at.noticed.length);
    goOn.open();

    expect((await Promise.all(open.map(rest))).map(String)).toEqual(["one two", "one two"]);
    expect([at.runs(), at.noticed]).toEqual([1, []]);
  });

  it("does not notice where a hook changes its stream, of which the leader has not read all", async () => {
    const goOn = gate();
    const large = "x".repeat(4_000_000);
    const at = await watched(
      ({ gone, reply }) =>
        reply.send(Readable.from(parts([large], Promise.race([goOn.opened, gone]), ["end"]))),
      { maxBodyBytes: 8_000_000 },
      (app) => {
        app.addHook("onSend", async (_request, _reply, payload) =>
          payload instanceof Readable
            ? payload.pipe(new Transform({ transform: (chunk, _encoding, done) => done(null, chunk) }))
            : payload,
        );
      },
    );
    const leader = await at.client.open({ path: "/a" });
    const follower = await at.client.open({ path: "/a" });

    leader.abort();
    await until(() => at.closed() === 1);
    await settled(() => at.noticed.length);
    goOn.open();

    expect((await rest(follower)).byteLength).toBe(large.length + 3);
    expect([at.runs(), at.noticed]).toEqual([1, []]);
  });

  it("is paced by those who follow, where the content is too large to keep", async () => {
    const part = Buffer.alloc(200_000, "a");
    const goOn = gate();
    let made = 0;
    const at = await watched(
      ({ reply }) => {
        const source = async function* (): AsyncGenerator<Buffer> {
          yield part;
          await goOn.opened;
          while (++made < 200) yield await new Promise((resolve) => setImmediate(resolve, part));
        };
        return reply.send(Readable.from(source()));
      },
      { maxBodyBytes: 500_000 },
    );
    const leader = await at.client.open({ path: "/a" });
    const follower = await at.client.open({ path: "/a" });

    leader.abort();
    await until(() => at.closed() === 1);
    goOn.open();
    await settled(() => made);
    const ahead = made;

    expect(ahead).toBeLessThan(150);
    expect([(await rest(follower)).byteLength, at.noticed]).toEqual([40_000_000, []]);
  });

  it("has its onResponse hooks run once, at the end, and no onRequestAbort hook", async () => {
    const goOn = gate();
    const told: string[] = [];
    const at = await watched(
      async () => {
        await goOn.opened;
        return "text";
      },
      {},
      (app) => {
        app.addHook("onResponse", async ({ id }) => void told.push(`${id} response`));
        app.addHook("onRequestAbort", async ({ id }) => void told.push(`${id} abort`));
      },
    );
    const leader = at.client.start({ path: "/a" });
    await until(() => at.runs() === 1);
    const answer = at.client.ask({ path: "/a" });
    await until(() => at.store.count("get") === 2);

    leader.destroy();
    await until(() => at.closed() === 1);
    const before = [...told];
    goOn.open();
    await answer;
    await until(() => told.length > 1);
    await settled(() => told.length);

    expect(before).toEqual([]);
    expect(told.toSorted()).toEqual(["req-1 response", "req-2 response"]);
  });

  it("does not notice where it was sent ahead, and its turn on the connection has not come", async () => {
    const goOn = gate();
    const at = await watched(
      async ({ gone }) => {
        await Promise.race([goOn.opened, gone]);
        return "text";
      },
      {},
      (app) => {
        app.get("/slow", () => new Promise(() => undefined));
      },
    );
    const leader = connect(Number(at.client.origin.port), at.client.origin.hostname);
    leader.on("error", () => undefined);
    leader.write(["/slow", "/a"].map((path) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`).join(""));
    await until(() => at.runs() === 1);
    // Of the same authority.
    const answer = at.client.ask({ path: "/a", headers: { host: "a" } });
    await until(() => at.store.count("get") === 2);

    leader.destroy();
    await until(() => at.closed() === 1);
    await settled(() => at.noticed.length);
    goOn.open();

    expect((await answer).text).toBe("text");
    expect([at.runs(), at.noticed]).toEqual([1, []]);
  });
});
