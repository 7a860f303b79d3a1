import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Response } from "express";
import { describe, expect, it } from "vitest";
import type { OpenAnswer } from "../express/client.ts";
import { Gate, WHOLE, crowd, parts } from "../express/crowd.ts";
import { versions } from "../express/support.ts";

const PART = "x".repeat(60_000);
const LARGE = { maxBodyBytes: 40_000_000 };
/** More than a connection takes whose client does not read. */
const LONG = PART.repeat(500);

async function turns(count: number): Promise<void> {
  for (let at = 0; at < count; at++) await new Promise(setImmediate);
}

async function restOf(answer: OpenAnswer): Promise<string> {
  const part = await answer.next();
  return part === undefined ? "" : part + (await restOf(answer));
}

async function writeLong(res: Response, onFull: () => void = () => undefined): Promise<void> {
  for (let at = 0; at < LONG.length; at += PART.length) {
    // Followers get a turn to read.
    await new Promise(setImmediate);
    if (res.write(PART)) continue;
    onFull();
    await once(res, "drain");
  }
  res.end();
}

describe.each(versions)("%s: a handler that goes on without its client", (_version, express) => {
  it("is woken if it waited for a client that did not read a response too large to buffer", async () => {
    const full = new Gate();
    const gate = new Gate();
    const { handler, ...site } = await crowd(
      express,
      async (res) => {
        res.write(PART);
        await gate.pass();
        await writeLong(res, () => void full.pass());
      },
      { maxBodyBytes: 500_000 },
    );
    const leader = (await site.lead()).on("response", () => undefined);
    const followers = await site.follow(2);
    gate.open();
    await full.reached;
    await site.leave(leader);
    const answers = await Promise.all(followers);
    expect(answers.map(({ text }) => text === PART + LONG)).toEqual([true, true]);
    expect(handler.runs).toBe(1);
  });

  it("waits for the remaining readers if the content is too large to buffer", async () => {
    const gate = new Gate();
    const site = await crowd(
      express,
      async (res) => {
        res.write(PART);
        await gate.pass();
        await writeLong(res);
      },
      { maxBodyBytes: 500_000 },
    );
    const leader = await site.lead();
    const follower = site.client.start({ path: "/a" });
    const [message] = (await once(follower, "response")) as [Readable];
    await site.leave(leader);
    gate.open();
    // A handler that does not wait has written everything by then.
    await turns(3000);
    const text = Buffer.concat((await message.toArray()) as Buffer[]).toString();
    expect(text.length).toBe(PART.length + LONG.length);
  });

  it("gets no error for bytes that were still on their way to the client", async () => {
    const { noticed, handler, ...site } = await crowd(
      express,
      async (res) => {
        res.write(LONG);
        await turns(1);
        // Node calls this one, which waits behind the other, with an error.
        await new Promise<void>((resolve, reject) => {
          res.write(PART, (error) => (error ? reject(error) : resolve()));
        });
        res.end();
      },
      LARGE,
    );
    const leader = (await site.lead()).on("response", () => undefined);
    const followers = await site.follow(2);
    await site.leave(leader);
    const answers = await Promise.all(followers);
    expect(answers.map(({ text }) => text === LONG + PART)).toEqual([true, true]);
    expect([noticed, handler.runs]).toEqual([[], 1]);
  });

  it("may pipe after a write that the client has not read", async () => {
    const { handler, ...site } = await crowd(
      express,
      (res) => {
        res.write(LONG);
        setImmediate(() => Readable.from([PART]).pipe(res));
      },
      LARGE,
    );
    (await site.lead()).on("response", () => undefined);
    const answers = await Promise.all(await site.follow(2));
    expect(answers.map(({ text }) => text.length)).toEqual([
      LONG.length + PART.length,
      LONG.length + PART.length,
    ]);
    expect(handler.runs).toBe(1);
  });

  it("still knows who its client was, and is told of the end of the connection after its own", async () => {
    const gate = new Gate();
    const heard: string[] = [];
    const site = await crowd(express, async (res, req) => {
      const closed = once(req.socket, "close").then(() => heard.push(`closed ${res.writableFinished}`));
      await gate.pass();
      res.json({ ip: req.ip });
      await closed;
      heard.push("over");
    });
    const leader = await site.lead();
    const [follower] = await site.follow(1);
    await site.leave(leader);
    gate.open();
    expect((await follower)?.text).toBe('{"ip":"127.0.0.1"}');
    await new Promise(setImmediate);
    expect(heard).toEqual(["closed true", "over"]);
  });

  it("goes on if a request before it on its connection ends first", async () => {
    const gates = [new Gate(), new Gate()] as const;
    const finished: string[] = [];
    const { client, noticed, handler, ...site } = await crowd(express, async (res, req) => {
      res.once("finish", () => finished.push(req.url));
      res.write(req.url);
      await gates[req.url === "/a?1" ? 0 : 1].pass();
      res.write(" and");
      await new Promise(setImmediate);
      res.end(" end");
    });
    const host = `127.0.0.1:${client.port}`;
    const socket = connect(Number(client.port), "127.0.0.1");
    socket.write(`GET /a?1 HTTP/1.1\r\nhost: ${host}\r\nx-name: leader\r\n\r\n`);
    socket.write(`GET /a?2 HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
    await Promise.all(gates.map(({ reached }) => reached));
    const first = await client.open({ path: "/a?1" });
    const second = await client.open({ path: "/a?2" });
    const heads = [await first.next(), await second.next()];
    await site.leave(socket);
    gates[0].open();
    const rest = [await restOf(first)];
    gates[1].open();
    rest.push(await restOf(second));
    expect(heads).toEqual(["/a?1", "/a?2"]);
    expect(rest).toEqual([" and end", " and end"]);
    expect(finished).toEqual(["/a?1", "/a?2"]);
    expect([handler.runs, site.cache.stats().stored, noticed]).toEqual([2, 2, []]);
  });

  it("is told at once if its follower has disconnected before the head", async () => {
    const gate = new Gate();
    const { noticed, ...site } = await crowd(express, async (res) => {
      await gate.pass();
      res.write("half");
    });
    const leader = await site.lead();
    const waits = site.client.start({ path: "/a", headers: { "x-name": "leader" } });
    await site.client.ask({ path: "/b" });
    await site.leave(waits);
    gate.open();
    await once(leader, "response");
    await site.leave(leader);
    expect(noticed).toContain("response closed");
  });
});

type Source = AsyncGenerator<Buffer>;

/** Ways to send content in parts. */
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

describe.each(versions)("%s: a leader's client that disconnects", (_version, express) => {
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
  ])("is noticed by %s before any event", async (_name, finish) => {
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

  it("is reported to the handler at once if nobody else waits", async () => {
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

  it("is reported to the handler once the last follower has disconnected, too", async () => {
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

  it("lets a later failure of the handler reach only its followers", async () => {
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

  it("lets a handler end whose response nobody shares", async () => {
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
