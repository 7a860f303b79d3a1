import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { gate, rest, settled, stage, times, until } from "./support.ts";

const PART = 65_536;
const MANY = 160;

/** Ten megabytes of which no part is like another. */
async function* tenMegabytes(onPart: (number: number) => Promise<unknown>): AsyncGenerator<Buffer> {
  for (let number = 0; number < MANY; number++) {
    await onPart(number);
    yield Buffer.alloc(PART, `${number} `);
  }
}

const digestOf = (content: Buffer): string => createHash("sha256").update(content).digest("hex");

const tenMegabytesDigest = digestOf(
  Buffer.concat(Array.from({ length: MANY }, (_, number) => Buffer.alloc(PART, `${number} `))),
);

const cached = { cache: { ttl: 60, maxBodyBytes: MANY * PART } };

describe("a stream of ten megabytes that takes its time", { timeout: 60_000 }, () => {
  it("is replayed to fifty late arrivals byte for byte, and its leader's first byte is not held back", async () => {
    const [late, goOn] = [gate(), gate()];
    let runs = 0;
    const wait = (number: number): Promise<unknown> => {
      if (number === 40) late.open();
      return number === 40 ? goOn.opened : turn();
    };
    const { client, cache } = await stage((app) => {
      app.get("/a", cached, async (_request, reply) => {
        runs++;
        return reply.send(Readable.from(tenMegabytes(wait)));
      });
    });

    const leader = await client.open({ path: "/a" });
    const first = await leader.next();
    await late.opened;
    const followers = await times(50, () => client.open({ path: "/a" }));
    goOn.open();
    const [own, ...contents] = await Promise.all([leader, ...followers].map(rest));

    expect(digestOf(Buffer.concat([first ?? "", own ?? ""].map((part) => Buffer.from(part))))).toBe(
      tenMegabytesDigest,
    );
    expect(new Set(contents.map(digestOf))).toEqual(new Set([tenMegabytesDigest]));
    expect([runs, cache.stats().outcomes.collapsed]).toEqual([1, 50]);
  });

  it("is held back neither by a leader nor by a follower that does not read, and both get it whole", async () => {
    const { client, cache } = await stage((app) => {
      app.get("/a", cached, async (_request, reply) => reply.send(Readable.from(tenMegabytes(turn))));
    });

    const leader = await client.open({ path: "/a" });
    const follower = await client.open({ path: "/a" });
    const quick = await client.open({ path: "/a" });
    const read = await rest(quick);
    await until(() => cache.stats().stored === 1);
    const slow = await Promise.all([leader, follower].map(rest));

    expect([read, ...slow].map(digestOf)).toEqual([
      tenMegabytesDigest,
      tenMegabytesDigest,
      tenMegabytesDigest,
    ]);
  });
});

describe("a stream above its budget", { timeout: 60_000 }, () => {
  it("reaches its leader and those who came before, late arrivals run for themselves, nothing is stored", async () => {
    const [over, goOn] = [gate(), gate()];
    let runs = 0;
    const parts = async function* (run: number): AsyncGenerator<Buffer> {
      yield Buffer.alloc(600, "a");
      if (run === 1) await over.opened;
      yield Buffer.alloc(600, "b");
      if (run === 1) await goOn.opened;
      yield Buffer.alloc(600, "c");
    };
    const { client, cache } = await stage((app) => {
      app.get("/a", { cache: { ttl: 60, maxBodyBytes: 1000 } }, async (_request, reply) =>
        reply.send(Readable.from(parts(++runs))),
      );
    });
    const whole = Buffer.concat(["a", "b", "c"].map((letter) => Buffer.alloc(600, letter))).toString();

    const early = [await client.open({ path: "/a" }), ...(await times(5, () => client.open({ path: "/a" })))];
    over.open();
    await until(() => cache.stats().refusals["too-large"] === 1);
    const late = await times(3, () => client.ask({ path: "/a" }));
    goOn.open();
    const contents = (await Promise.all(early.map(rest))).map(String);

    expect(contents).toEqual(Array.from({ length: 6 }, () => whole));
    expect(late.map(({ text }) => text)).toEqual([whole, whole, whole]);
    expect([runs, cache.stats().stored]).toEqual([4, 0]);
  });

  it("is held back by a leader that does not read: no more of it than the budget waits in memory", async () => {
    let produced = 0;
    const many = async function* (): AsyncGenerator<Buffer> {
      for (; produced < 1000; produced++) {
        yield Buffer.alloc(PART);
        await turn();
      }
    };
    const { client } = await stage((app) => {
      app.get("/a", { cache: { ttl: 60, maxBodyBytes: PART } }, async (_request, reply) =>
        reply.send(Readable.from(many())),
      );
    });

    const leader = await client.open({ path: "/a" });
    await settled(() => produced);
    const waiting = produced;
    const content = await rest(leader);

    expect(waiting).toBeLessThan(1000);
    expect(content.byteLength).toBe(1000 * PART);
  });
});

describe("a stream that breaks off", () => {
  it("breaks the connection of its leader and of all who follow, and nothing is stored", async () => {
    const breaks = gate();
    const parts = async function* (): AsyncGenerator<string> {
      yield "half";
      await breaks.opened;
      throw new Error("the source breaks, as it was told to");
    };
    const { client, cache } = await stage((app) => {
      app.get("/a", { cache: { ttl: 60 } }, async (_request, reply) => reply.send(Readable.from(parts())));
    });

    const readers = [
      await client.open({ path: "/a" }),
      ...(await times(5, () => client.open({ path: "/a" }))),
    ];
    const heads = await Promise.all(readers.map(async (reader) => String(await reader.next())));
    breaks.open();
    const ends = await Promise.allSettled(readers.map((reader) => reader.next()));

    expect(heads).toEqual(Array.from({ length: 6 }, () => "half"));
    expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(["rejected"]));
    expect([cache.stats().stored, cache.stats().refusals]).toEqual([0, { failed: 1 }]);
  });

  it("is an error for all where it does so before its first byte, without a field of the response", async () => {
    const breaks = gate();
    const source = new Readable({ read: () => undefined });
    const { client, store, cache } = await stage((app) => {
      app.get("/a", { cache: { ttl: 60 } }, async (_request, reply) => {
        await breaks.opened;
        return reply.headers({ "cache-control": "max-age=60", etag: '"v1"', "x-own": "1" }).send(source);
      });
    });

    const crowd = times(5, () => client.ask({ path: "/a" }));
    await until(() => store.count("get") === 5);
    breaks.open();
    await until(() => cache.stats().outcomes.collapsed === 4);
    source.destroy(new Error("the source breaks, as it was told to"));
    const answers = await crowd;
    const followers = answers.filter((answer) => answer.header("x-own") === undefined);

    expect(answers.map(({ status }) => status)).toEqual([500, 500, 500, 500, 500]);
    expect(followers.map((answer) => [answer.header("cache-control"), answer.header("etag")])).toEqual(
      Array.from({ length: 4 }, () => [undefined, undefined]),
    );
    expect([cache.stats().stored, cache.stats().refusals]).toEqual([0, { failed: 1 }]);
  });
});

describe("a head that forbids sharing", () => {
  it("lets those who waited run at once, while the leader's stream is still on its way", async () => {
    const [head, end, inside] = [gate(), gate(), gate()];
    let runs = 0;
    const parts = async function* (): AsyncGenerator<string> {
      yield "one ";
      await end.opened;
      yield "two";
    };
    const { client, store } = await stage((app) => {
      app.get("/a", { cache: { ttl: 60 } }, async (_request, reply) => {
        runs++;
        if (runs === 6) inside.open();
        await (runs === 1 ? head : inside).opened;
        return reply.header("cache-control", "no-store").send(Readable.from(parts()));
      });
    });

    const crowd = times(6, () => client.open({ path: "/a" }));
    await until(() => store.count("get") === 6);
    head.open();
    const open = await crowd;
    end.open();
    const texts = (await Promise.all(open.map(rest))).map(String);

    expect([runs, texts]).toEqual([6, Array.from({ length: 6 }, () => "one two")]);
  });
});
