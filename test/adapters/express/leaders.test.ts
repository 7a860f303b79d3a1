import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Response } from "express";
import { describe, expect, it } from "vitest";
import { Gate, WHOLE, crowd, parts } from "./crowd.ts";
import { versions } from "./support.ts";

type Source = AsyncGenerator<Buffer>;

/** Ways to answer with the parts of a content. */
const ways: Record<string, (res: Response, source: Source) => unknown> = {
  "a loop that waits for drain": writeLoop,
  "a write whose callback writes the next part": writeByCallbacks,
  pipe: (res, source) => Readable.from(source).pipe(res),
  pipeline: (res, source) => pipeline(Readable.from(source), res),
};

const moments: Record<string, number> = { "before the head": 0, "in the middle": 10, "at the last byte": 20 };

const cases = Object.entries(ways).flatMap(([way, answer]) =>
  Object.entries(moments).map(([moment, at]) => ({ way, answer, moment, at })),
);

describe.each(versions)("%s: a leader's client that goes away", (_version, express) => {
  it.each(cases)("$moment leaves 20 followers the whole of $way", async ({ answer, at }) => {
    const gate = new Gate();
    const { handler, noticed, cache, ...site } = await crowd(express, (res) => answer(res, parts(gate, at)));
    const leader = await site.lead();
    await gate.reached;
    const followers = await site.follow(20);

    await site.leave(leader);
    gate.open();
    const answers = await Promise.all(followers);

    expect(answers.map(({ status, text }) => [status, text === WHOLE])).toEqual(
      Array.from({ length: 20 }, () => [200, true]),
    );
    expect([handler.runs, cache.stats().stored, noticed]).toEqual([1, 1, []]);
  });

  it("leaves 20 followers the whole of res.json", async () => {
    const gate = new Gate();
    const { handler, noticed, cache, ...site } = await crowd(express, async (res) => {
      await gate.pass();
      res.json({ a: "text" });
    });
    const leader = await site.lead();
    const followers = await site.follow(20);

    await site.leave(leader);
    gate.open();
    const answers = await Promise.all(followers);

    expect(answers.map(({ status, text }) => [status, text])).toEqual(
      Array.from({ length: 20 }, () => [200, '{"a":"text"}']),
    );
    expect([handler.runs, cache.stats().stored, noticed]).toEqual([1, 1, []]);
  });

  it.each<[string, (res: ServerResponse) => unknown]>([
    ["end", (res) => res.end("rest")],
    ["write", (res) => (res.write("re"), setImmediate(() => res.end("st")))],
  ])("is noticed by %s before anybody was told", async (_name, finish) => {
    const gate = new Gate();
    const { handler, cache, noticed, ...site } = await crowd(express, async (res) => {
      res.write("half ");
      await gate.pass();
      res.socket?.destroy();
      finish(res);
    });
    await site.lead();
    const followers = await site.follow(2);
    gate.open();
    const answers = await Promise.all(followers);
    expect(answers.map(({ text }) => text)).toEqual(["half rest", "half rest"]);
    expect([handler.runs, cache.stats().stored, noticed]).toEqual([1, 1, []]);
  });

  it("is told to the handler at once where nobody else waits", async () => {
    const gate = new Gate();
    const { noticed, cache, ...site } = await crowd(express, async (res) => {
      res.write("half");
      await gate.pass();
    });
    const leader = await site.lead();
    await site.leave(leader);
    expect(noticed).toEqual(expect.arrayContaining(["response closed", "connection closed"]));
    expect(cache.stats().refusals).toEqual({ aborted: 1 });
  });

  it("is told to the handler once the last follower has gone too", async () => {
    const gate = new Gate();
    const { noticed, cache, client, ...site } = await crowd(express, async (res) => {
      const closed = once(res, "close");
      res.write("half");
      await closed;
      gate.open();
    });
    const closed = gate.pass();
    const leader = await site.lead();
    const follower = await client.open({ path: "/a" });
    await follower.next();
    await site.leave(leader);
    expect(noticed).toEqual([]);
    follower.abort();
    await closed;
    await new Promise(setImmediate);
    expect(noticed).toEqual(expect.arrayContaining(["response closed", "request aborted"]));
    expect(cache.stats().refusals).toEqual({ aborted: 1 });
  });

  it("lets a handler that fails after that fail for its followers alone", async () => {
    const gate = new Gate();
    const { cache, handler, ...site } = await crowd(express, async (res) => {
      res.write("half");
      await gate.pass();
      res.destroy(new Error("no"));
    });
    const leader = await site.lead();
    const followers = await site.follow(3);
    await site.leave(leader);
    gate.open();
    const ends = await Promise.allSettled(followers);
    expect(ends.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect([handler.runs, cache.stats().stored]).toEqual([1, 0]);
  });

  it("lets a handler whose response nobody shares end", async () => {
    const gate = new Gate();
    const { cache, handler, noticed, ...site } = await crowd(express, async (res) => {
      if (handler.runs > 1) return void res.set("cache-control", "private").end("own");
      const closed = once(res, "close");
      await gate.pass();
      res.set("cache-control", "private").write("half");
      return closed;
    });
    const leader = await site.lead();
    const followers = await site.follow(3);
    await site.leave(leader);
    gate.open();
    const answers = await Promise.all(followers);
    expect(answers.map(({ text }) => text)).toEqual(["own", "own", "own"]);
    expect(noticed).toContain("response closed");
    expect(cache.stats().stored).toBe(0);
  });
});

async function writeLoop(res: Response, source: Source): Promise<void> {
  for await (const part of source) if (!res.write(part)) await once(res, "drain");
  res.end();
}

async function writeByCallbacks(res: Response, source: Source): Promise<void> {
  for await (const part of source) {
    await new Promise<void>((resolve, reject) => {
      res.write(part, (error) => (error ? reject(error) : resolve()));
    });
  }
  res.end();
}
