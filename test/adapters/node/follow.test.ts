import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { Gate, WHOLE, crowd, parts } from "../express/crowd.ts";
import { versions } from "../express/support.ts";

describe.each(versions)("%s: followers of a stream", (_version, express) => {
  it("read the first byte before the last one is written", async () => {
    const gate = new Gate();
    const { client, ...site } = await crowd(express, async (res) => {
      res.write("first ");
      await gate.pass();
      res.end("last");
    });
    await site.lead();
    const follower = await client.open({ path: "/a" });
    const first = await follower.next();
    gate.open();
    expect([first, await follower.next(), await follower.next()]).toEqual(["first ", "last", undefined]);
  });

  it("get the head before the first byte if the handler sends it", async () => {
    const gate = new Gate();
    const { client, ...site } = await crowd(express, async (res) => {
      res.set("x-own", "1").flushHeaders();
      await gate.pass();
      res.end("text");
    });
    await site.lead();
    const follower = await client.open({ path: "/a" });
    const { value: stored } = { value: site.cache.stats().stored };
    gate.open();
    expect([stored, await follower.next()]).toEqual([0, "text"]);
  });

  it("are not held back, nor is the handler, by a leader that does not read", async () => {
    const { handler, ...site } = await crowd(express, (res) => pipeline(Readable.from(slowly()), res));
    // Nobody reads what this one is sent.
    const leader = (await site.lead()).on("response", () => undefined);
    const answers = await Promise.all(await site.follow(5));
    expect(answers.map(({ text }) => text === LONG)).toEqual([true, true, true, true, true]);
    expect([handler.runs, site.cache.stats().stored, leader.destroyed]).toEqual([1, 1, false]);
  });

  it("are not held back by one of them that does not read", async () => {
    const { handler, client, ...site } = await crowd(express, (res) =>
      pipeline(Readable.from(slowly()), res),
    );
    (await site.lead()).on("response", (message) => message.resume());
    const silent = client.start({ path: "/a" });
    await once(silent, "response");
    const answers = await Promise.all(await site.follow(5));
    expect(answers.map(({ text }) => text === LONG)).toEqual([true, true, true, true, true]);
    expect([handler.runs, site.cache.stats().stored]).toEqual([1, 1]);
    silent.destroy();
  });

  it("may disconnect without an effect on others", async () => {
    const gate = new Gate();
    const { client, noticed, handler, ...site } = await crowd(express, (res) =>
      pipeline(Readable.from(parts(gate, 10)), res),
    );
    (await site.lead()).on("response", (message) => message.resume());
    await gate.reached;
    const gone = await client.open({ path: "/a" });
    await gone.next();
    const others = await site.follow(3);
    gone.abort();
    gate.open();
    const answers = await Promise.all(others);
    expect(answers.map(({ text }) => text === WHOLE)).toEqual([true, true, true]);
    expect([handler.runs, site.cache.stats().stored, noticed]).toEqual([1, 1, []]);
  });

  it.each([
    ["HTTP/1.1", "HTTP/1.1", "ended"],
    ["HTTP/1.0, to whom an end of the connection is the end of the content", "HTTP/1.0", "ECONNRESET"],
  ])(
    "notice that the source ended prematurely, by %s, and nothing is stored",
    async (_name, version, end) => {
      const gate = new Gate();
      const { client, cache, ...site } = await crowd(express, async (res) => {
        res.write("half");
        await gate.pass();
        res.destroy(new Error("no"));
      });
      await site.lead();
      const followers = [client.ask({ path: "/a" }), client.ask({ path: "/a" })];
      const raw = connect(Number(client.port), "127.0.0.1");
      raw.write(`GET /a ${version}\r\nhost: 127.0.0.1:${client.port}\r\n\r\n`);
      const heard = new Promise<[string, string]>((resolve) => {
        let text = "";
        raw.on("data", (data) => {
          text += data.toString();
          if (text.includes("half")) gate.open();
        });
        raw.on("end", () => resolve(["ended", text]));
        raw.on("error", (error: NodeJS.ErrnoException) => resolve([error.code ?? "", text]));
      });
      const [how, text] = await heard;
      expect((await Promise.allSettled(followers)).map(({ status }) => status)).toEqual([
        "rejected",
        "rejected",
      ]);
      expect([how, text.endsWith("0\r\n\r\n"), cache.stats().stored]).toEqual([end, false, 0]);
    },
  );

  it("read a file to its end that res.sendFile sent to a leader that has disconnected", async () => {
    const folder = await mkdtemp(join(tmpdir(), "express-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, "a.txt");
    // More than the connection of a client that does not read takes.
    await writeFile(file, LONG);
    const { handler, noticed, ...site } = await crowd(express, (res) => res.sendFile(file));
    const leader = await site.lead();
    await once(leader, "response");
    const followers = await site.follow(20);
    await site.leave(leader);
    const answers = await Promise.all(followers);
    expect(answers.map(({ text }) => text === LONG)).toEqual(Array.from({ length: 20 }, () => true));
    expect([handler.runs, noticed]).toEqual([1, []]);
  });

  it("read on if two leaders on one connection have disconnected", async () => {
    const gate = new Gate();
    const { client, noticed, handler, ...site } = await crowd(express, async (res, req) => {
      res.write(req.url);
      await gate.pass();
      res.end(" end");
    });
    const socket = connect(Number(client.port), "127.0.0.1");
    socket.write(
      "GET /a?1 HTTP/1.1\r\nhost: a\r\nx-name: leader\r\n\r\nGET /a?2 HTTP/1.1\r\nhost: a\r\n\r\n",
    );
    await gate.reached;
    const followers = [await client.open({ path: "/a?1", headers: { host: "a" } })];
    followers.push(await client.open({ path: "/a?2", headers: { host: "a" } }));
    await site.leave(socket);
    gate.open();
    const texts = await Promise.all(followers.map(async (one) => `${await one.next()}${await one.next()}`));
    expect(texts).toEqual(["/a?1 end", "/a?2 end"]);
    expect([handler.runs, site.cache.stats().stored, noticed]).toEqual([2, 2, []]);
  });
});

const LONG = "x".repeat(6_000_000);

async function* slowly(): AsyncGenerator<string> {
  for (let at = 0; at < LONG.length; at += 60_000) {
    // Everyone gets a turn.
    await new Promise(setImmediate);
    yield LONG.slice(at, at + 60_000);
  }
}
