import { once } from "node:events";
import { connect } from "node:http2";
import type { ClientHttp2Stream } from "node:http2";
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import Fastify from "fastify";
import type { FastifyReply } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/fastify.ts";
import { createCache } from "../../../src/index.ts";
import { testClock } from "../../../src/testing/index.ts";
import { gate, rest, stage, until } from "./support.ts";

const whole = Buffer.alloc(24_000_000, "0123456789");
const most = 20_000_000;
const cached = { ttl: 60, maxBodyBytes: 1_000_000, maxWait: 10 };

/** A handler whose content stops before its end until `goOn`. It stops its stream at the close of its response. */
function handler(): {
  readonly begin: () => void;
  readonly goOn: () => void;
  readonly hasSentMost: () => boolean;
  readonly send: (reply: FastifyReply) => FastifyReply;
} {
  const [begun, cut] = [gate(), gate()];
  let hasSentMost = false;
  const parts = async function* (): AsyncGenerator<Buffer> {
    yield whole.subarray(0, 10);
    await begun.opened;
    for (let at = 10; at < most; at += 60_000)
      yield await setImmediate(whole.subarray(at, Math.min(at + 60_000, most)));
    hasSentMost = true;
    await cut.opened;
    yield whole.subarray(most);
  };
  const send = (reply: FastifyReply): FastifyReply => {
    const source = Readable.from(parts(), { highWaterMark: 1 });
    reply.raw.once("close", () => reply.raw.writableFinished || source.destroy());
    return reply.send(source);
  };
  return { begin: begun.open, goOn: cut.open, hasSentMost: () => hasSentMost, send };
}

describe("a leader that has held back those who follow for maxWait", () => {
  it("is disconnected without its handler's notice, and the others are sent the rest", async () => {
    const { begin, goOn, hasSentMost, send } = handler();
    const { client, clock, closed } = await stage((app) => {
      app.get("/a", { cache: cached }, async (_request, reply) => send(reply));
    });
    const leader = await client.open({ path: "/a" });
    const read = rest(await client.open({ path: "/a" }));
    begin();
    await until(() => {
      clock.advance(1);
      return hasSentMost();
    });
    await expect(rest(leader)).rejects.toThrow("broke off");
    await until(() => closed() === 1);
    goOn();

    expect((await read).equals(whole)).toBe(true);
  });

  it("is disconnected so over HTTP/2, too", async () => {
    const { begin, goOn, hasSentMost, send } = handler();
    const clock = testClock();
    const app = Fastify({ http2: true, forceCloseConnections: true });
    await app.register(cacheRoute, { cache: createCache({ reporter: false, clock }) });
    app.get("/a", { cache: cached }, async (_request, reply) => send(reply as unknown as FastifyReply));
    const session = connect(await app.listen({ host: "127.0.0.1", port: 0 }));
    onTestFinished(async () => {
      session.destroy();
      await app.close();
    });
    const [leader, follower] = [
      await opened(session.request({ ":path": "/a" })),
      session.request({ ":path": "/a" }),
    ];
    const read = contentOf(await opened(follower));
    begin();
    await until(() => {
      clock.advance(1);
      return hasSentMost();
    });
    await expect(contentOf(leader)).rejects.toThrow("NGHTTP2_INTERNAL_ERROR");
    goOn();

    expect((await read).equals(whole)).toBe(true);
  });
});

async function opened(stream: ClientHttp2Stream): Promise<ClientHttp2Stream> {
  await once(stream, "response");
  return stream;
}

async function contentOf(stream: ClientHttp2Stream): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
