import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { describe, expect, it } from "vitest";
import { gate, settled, stage, times, until } from "./support.ts";
import type { Stage } from "./support.ts";

const cached = { cache: { ttl: 60 } };

interface Watched extends Stage {
  readonly runs: () => number;
  /** What the first run was told. */
  readonly noticed: readonly string[];
}

/** A cached route whose first run notes what tells it that its client is gone. */
async function watched(
  answer: (request: FastifyRequest, reply: FastifyReply) => unknown,
  prepare: (app: FastifyInstance) => unknown = () => undefined,
): Promise<Watched> {
  let runs = 0;
  const noticed: string[] = [];
  const at = await stage(
    (app) => {
      app.get("/a", cached, async (request, reply) => {
        if (++runs > 1) return reply.send(`run ${runs}`);
        const note = (name: string) => () => void noticed.push(name);
        request.signal.addEventListener("abort", note("signal"));
        request.raw.once("aborted", note("request aborted"));
        request.raw.once("close", note("request closed"));
        reply.raw.once("close", note("response closed"));
        return answer(request, reply);
      });
    },
    (app) => {
      app.addHook("onRequestAbort", async ({ id }) => void (id === "req-1" && noticed.push("hook")));
      return prepare(app);
    },
  );
  return { ...at, runs: () => runs, noticed };
}

const ALL = ["hook", "request aborted", "request closed", "response closed", "signal"];

/** A stream that does not end, and whether it was stopped. */
function endless(): Readable {
  const parts = async function* (): AsyncGenerator<Buffer> {
    for (;;) yield await new Promise((resolve) => setImmediate(resolve, Buffer.from("part ")));
  };
  return Readable.from(parts());
}

describe("a leader whose client goes away while nobody needs its run", () => {
  it("notices before the head", async () => {
    const at = await watched(() => new Promise(() => undefined));
    const leader = at.client.start({ path: "/a" });
    await until(() => at.runs() === 1);

    leader.destroy();
    await until(() => at.noticed.length === ALL.length);

    expect(at.noticed.toSorted()).toEqual(ALL);
    expect((await at.client.ask({ path: "/a" })).text).toBe("run 2");
  });

  it("notices in the middle of its stream, which is stopped", async () => {
    const source = endless();
    const at = await watched((_request, reply) => reply.send(source));
    const leader = await at.client.open({ path: "/a" });
    await leader.next();

    leader.abort();
    await until(() => at.noticed.length === ALL.length && source.destroyed);

    expect([at.noticed.toSorted(), at.cache.stats().stored]).toEqual([ALL, 0]);
  });
});

describe("a leader that writes without Fastify, of which nothing is shared", () => {
  it("notices that its client is gone, and those who wait run the handler at once", async () => {
    const at = await watched((_request, reply) => {
      reply.raw.write("part");
      return new Promise(() => undefined);
    });
    const leader = await at.client.open({ path: "/a" });
    const waiting = at.client.ask({ path: "/a" });
    await until(() => at.store.count("get") === 2);

    leader.abort();

    expect((await waiting).text).toBe("run 2");
    await until(() => at.noticed.length === ALL.length);
    expect(at.noticed.toSorted()).toEqual(ALL);
  });
});

describe("a leader whose client went away unnoticed", () => {
  it("notices when the last who follows goes, and its stream is stopped", async () => {
    const source = endless();
    const at = await watched((_request, reply) => reply.send(source));
    const leader = await at.client.open({ path: "/a" });
    const followers = await times(2, () => at.client.open({ path: "/a" }));
    leader.abort();
    await until(() => at.closed() === 1);
    followers[0]?.abort();
    await until(() => at.closed() === 2);
    await settled(() => at.noticed.length);
    const before = [...at.noticed];

    followers[1]?.abort();
    await until(() => at.noticed.length === ALL.length && source.destroyed);

    expect([before, at.noticed.toSorted(), at.cache.stats().stored]).toEqual([[], ALL, 0]);
  });

  it("notices when the last who follows goes, where its client had gone before the head", async () => {
    const begin = gate();
    const source = endless();
    const at = await watched(async (_request, reply) => {
      await begin.opened;
      return reply.send(source);
    });
    const leader = at.client.start({ path: "/a" });
    await until(() => at.runs() === 1);
    const follower = at.client.open({ path: "/a" });
    await until(() => at.store.count("get") === 2);
    leader.destroy();
    await until(() => at.closed() === 1);
    begin.open();

    (await follower).abort();
    await until(() => at.noticed.length === ALL.length && source.destroyed);

    expect([at.noticed.toSorted(), at.cache.stats().stored]).toEqual([ALL, 0]);
  });

  it.each([
    [
      "a stream that is not to be shared",
      ALL,
      (reply: FastifyReply, source: Readable) => reply.header("cache-control", "private").send(source),
    ],
    [
      "past Fastify",
      // Fastify takes its signal back itself.
      ALL.slice(0, -1),
      (reply: FastifyReply, source: Readable) => {
        source.pipe(reply.hijack().raw);
        reply.raw.once("close", () => source.destroy());
      },
    ],
  ])("notices when it answers %s", async (_how, signs, answer) => {
    const begin = gate();
    const source = endless();
    const at = await watched(async (_request, reply) => {
      await begin.opened;
      return answer(reply, source);
    });
    const leader = at.client.start({ path: "/a" });
    await until(() => at.runs() === 1);
    const waiting = at.client.ask({ path: "/a" });
    await until(() => at.store.count("get") === 2);
    leader.destroy();
    await until(() => at.closed() === 1);
    const before = [...at.noticed];

    begin.open();
    await until(() => at.noticed.length === signs.length && source.destroyed);

    expect((await waiting).text).toBe("run 2");
    expect([before, at.noticed.toSorted()]).toEqual([[], signs]);
  });

  it.each<[string, (reply: FastifyReply, source: Readable) => unknown]>([
    [
      "hooks hold a stream meanwhile that is not to be shared",
      (reply, source) => reply.header("cache-control", "private").send(source),
    ],
    [
      "it sends twice, while hooks hold the stream that it sent first",
      (reply, source) => {
        reply.send(source);
        return reply.send(source);
      },
    ],
  ])("notices when %s", async (_when, answer) => {
    const [held, begin] = [gate(), gate()];
    const source = endless();
    const at = await watched(
      (_request, reply) => answer(reply, source),
      (app) =>
        app.addHook("onSend", async (_request, _reply, payload) => {
          held.open();
          await begin.opened;
          return payload;
        }),
    );
    const leader = at.client.start({ path: "/a" });
    await held.opened;
    const waiting = at.client.ask({ path: "/a" });
    await until(() => at.store.count("get") === 2);
    leader.destroy();
    await until(() => at.closed() === 1);
    const before = [...at.noticed];

    begin.open();
    await until(() => at.noticed.length === ALL.length && source.destroyed);

    expect((await waiting).text).toBe("run 2");
    expect([before, at.noticed.toSorted()]).toEqual([[], ALL]);
  });
});
