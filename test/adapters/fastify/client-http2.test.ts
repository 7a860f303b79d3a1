import { once } from "node:events";
import { connect } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream, ServerHttp2Stream } from "node:http2";
import { connect as connectTcp } from "node:net";
import type { Socket } from "node:net";
import { Readable, finished } from "node:stream";
import Fastify from "fastify";
import type { FastifyReply, FastifyRequest } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/fastify.ts";
import { createCache } from "../../../src/index.ts";
import type { Cache } from "../../../src/index.ts";
import { gate, until } from "./support.ts";

type Raw = FastifyRequest["raw"] & { readonly stream: ServerHttp2Stream };
type Answer = (reply: FastifyReply) => unknown;

/** Everything by which a handler can notice that its client is gone. */
function watched({ raw, signal }: FastifyRequest, reply: FastifyReply): string[] {
  const noticed: string[] = [];
  const { stream } = raw as Raw;
  signal.addEventListener("abort", () => noticed.push("signal"));
  for (const sign of ["aborted", "close", "error"]) {
    raw.on(sign, () => noticed.push(`request ${sign}`));
    reply.raw.on(sign, () => noticed.push(`response ${sign}`));
    stream.on(sign, () => noticed.push(`stream ${sign}`));
    raw.socket.on(sign, () => noticed.push(`socket ${sign}`));
  }
  finished(reply.raw, (error) => error && noticed.push("finished"));
  return noticed;
}

function stateOf({ raw }: FastifyRequest, reply: FastifyReply): unknown[] {
  const { stream, destroyed, socket } = raw as Raw & { readonly socket: { readonly destroyed: boolean } };
  const { aborted, closed, destroyed: isGone } = stream;
  return [
    destroyed,
    (raw as { aborted?: boolean }).aborted,
    aborted,
    closed,
    isGone,
    socket.destroyed,
    reply.sent,
  ];
}

/** A server with one route, whose handler answers once it is let; a leader and a follower on connections of their own. */
async function led(answer: Answer): Promise<{
  readonly session: ClientHttp2Session;
  readonly socket: Socket;
  readonly leader: ClientHttp2Stream;
  readonly followed: Promise<string>;
  readonly cache: Cache;
  readonly go: () => void;
  readonly noticed: () => readonly string[];
  readonly state: () => unknown[];
}> {
  const { opened, open } = gate();
  let noticed: readonly string[] = [];
  let state = (): unknown[] => [];
  const cache = createCache({ reporter: false });
  const app = Fastify({ http2: true, forceCloseConnections: true });
  await app.register(cacheRoute, { cache });
  app.get("/a", { cache: { ttl: 60 } }, async (request, reply) => {
    const [own, ownReply] = [request, reply] as unknown as [FastifyRequest, FastifyReply];
    noticed = watched(own, ownReply);
    state = () => stateOf(own, ownReply);
    await opened;
    return answer(ownReply);
  });
  const origin = await app.listen({ host: "127.0.0.1", port: 0 });
  const socket = connectTcp(Number(new URL(origin).port), "127.0.0.1");
  const [session, other] = [connect(origin, { createConnection: () => socket }), connect(origin)];
  for (const client of [session, other]) client.on("error", () => undefined);
  onTestFinished(async () => {
    session.destroy();
    other.destroy();
    await app.close();
  });
  const leader = session.request({ ":path": "/a" });
  leader.on("error", () => undefined);
  await until(() => state().length > 0);
  const follower = other.request({ ":path": "/a" });
  let text = "";
  follower.setEncoding("utf8").on("data", (part: string) => (text += part));
  follower.on("error", () => undefined);
  const followed = new Promise<string>((resolve) => follower.once("close", () => resolve(text)));
  await ping(other);
  await ping(other);
  return { session, socket, leader, followed, cache, go: open, noticed: () => noticed, state: () => state() };
}

/** Waits until a server has seen all that was sent to it before. */
function ping(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve) => session.ping(() => resolve()));
}

const whole = "one two";
const answers: readonly (readonly [string, Answer])[] = [
  ["whole", (reply) => reply.send(whole)],
  ["in parts", (reply) => reply.send(Readable.from(["one ", "two"], { objectMode: false }))],
];

describe.each(answers)("46: over HTTP/2, a leader whose content is sent %s", (_name, answer) => {
  it.each<[string, (site: Awaited<ReturnType<typeof led>>) => Promise<unknown>]>([
    ["resets its stream", ({ leader, session }) => (leader.destroy(), ping(session))],
    ["closes its connection", ({ session }) => (session.destroy(), once(session, "close"))],
    ["loses its connection", ({ session, socket }) => (socket.destroy(), once(session, "close"))],
  ])("goes unnoticed where somebody waits: it %s", async (_how, leave) => {
    const site = await led(answer);
    await leave(site);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const [noticed, state] = [[...site.noticed()], site.state()];
    site.go();
    expect(await site.followed).toBe(whole);
    expect([noticed, state]).toEqual([[], [false, false, false, false, false, false, false]]);
    await until(() => site.cache.stats().stored === 1);
  });
});

describe("over HTTP/2, a handler", () => {
  it("is not taken for a client that disconnects where it closes its stream itself", async () => {
    const { followed, go, cache } = await led((reply) => {
      reply.hijack();
      (reply.raw as unknown as { stream: ServerHttp2Stream }).stream.close(2);
    });
    go();
    expect([await followed, cache.stats().stored]).toEqual(["", 0]);
  });
});
