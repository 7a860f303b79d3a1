import { once } from "node:events";
import { connect } from "node:net";
import { Readable } from "node:stream";
import type { Response } from "express";
import { describe, expect, it } from "vitest";
import type { OpenAnswer } from "./client.ts";
import { Gate, crowd } from "./crowd.ts";
import { versions } from "./support.ts";

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
    // Those who follow get a turn to read.
    await new Promise(setImmediate);
    if (res.write(PART)) continue;
    onFull();
    await once(res, "drain");
  }
  res.end();
}

describe.each(versions)("%s: a handler that goes on without its client", (_version, express) => {
  it("is woken where it waited for a client that did not read what is too large to keep", async () => {
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

  it("waits for those who read on, where the content is too large to keep", async () => {
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

  it("does not hear of what was still on its way to the client", async () => {
    const { noticed, handler, ...site } = await crowd(
      express,
      async (res) => {
        res.write(LONG);
        await turns(1);
        // Node tells this one, which waits behind the other, that it was not sent.
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

  it("still knows who its client was, and hears of the end of the connection after its own", async () => {
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

  it("goes on where a request before it on its connection ends first", async () => {
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

  it("is told at once where who waited for it has gone before the head", async () => {
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
