import { connect } from "node:net";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { gate, rest, settled, stage, times, until } from "./support.ts";
import type { Gate, Stage } from "./support.ts";

const cached = { cache: { ttl: 60 } };

/** Sends these requests on one connection, before any of them is answered. */
function pipelined({ client }: Stage, ...paths: readonly string[]): Socket {
  const socket = connect(Number(client.origin.port), client.origin.hostname);
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: ${client.origin.host}\r\n\r\n`).join(""));
  return socket;
}

interface Piped extends Stage {
  readonly goOn: Gate;
  readonly sources: readonly Readable[];
}

/** A route that answers never, and one whose stream is larger than what a connection takes ahead. */
async function besideSlow(): Promise<Piped> {
  const goOn = gate();
  const sources: Readable[] = [];
  const parts = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.alloc(200_000, "a");
    await goOn.opened;
    for (let left = 20; left > 0; left--) yield Buffer.alloc(200_000, "b");
  };
  const at = await stage((app: FastifyInstance) => {
    app.get("/slow", () => new Promise(() => undefined));
    app.get("/a", { cache: { ttl: 60, maxBodyBytes: 500_000 } }, async (_request, reply) => {
      sources.push(Readable.from(parts()));
      return reply.send(sources.at(-1));
    });
  });
  return { ...at, goOn, sources };
}

describe("a client that sends requests ahead and goes away before their turn", () => {
  it("does not hold back those who follow the stream of one of them", async () => {
    const at = await besideSlow();
    const leader = pipelined(at, "/slow", "/a");
    await until(() => at.sources.length === 1);
    const followers = await times(2, () => at.client.open({ path: "/a" }));

    leader.destroy();
    at.goOn.open();
    const lengths = (await Promise.all(followers.map(rest))).map((content) => content.byteLength);

    expect([lengths, at.sources.length]).toEqual([[4_200_000, 4_200_000], 1]);
  });

  it("has its stream stopped where nobody follows it", async () => {
    const at = await besideSlow();
    const leader = pipelined(at, "/slow", "/a");
    await until(() => at.sources.length === 1);

    leader.destroy();
    at.goOn.open();
    await until(() => at.sources[0]?.destroyed === true);

    expect(at.cache.stats().stored).toBe(0);
  });

  it("holds nobody back as a follower, so that the stream ends with its leader", async () => {
    const at = await besideSlow();
    const leader = await at.client.open({ path: "/a" });
    const follower = pipelined(at, "/slow", "/a");
    await until(() => at.cache.stats().outcomes.collapsed === 1);

    follower.destroy();
    await settled(() => at.cache.stats().outcomes.collapsed);
    leader.abort();
    await until(() => at.sources[0]?.destroyed === true);

    expect(at.cache.stats().stored).toBe(0);
  });

  it("leaves no listeners on a connection whose responses are over", async () => {
    let sockets: Socket[] = [];
    const at = await stage((app) => {
      app.get("/a", { cache: { ttl: 60, key: ({ id }) => id } }, async (request) => {
        sockets = [...sockets, request.raw.socket];
        return "a";
      });
    });
    const socket = pipelined(at, "/a");
    const ask = async (runs: number): Promise<number> => {
      await until(() => sockets.length === runs);
      await settled(() => socket.bytesRead);
      return sockets[0]?.listenerCount("close") ?? 0;
    };

    const first = await ask(1);
    socket.write("GET /a HTTP/1.1\r\nhost: a\r\n\r\n".repeat(12));
    const last = await ask(13);

    expect(last).toBe(first);
  });
});

describe("a request that was injected", () => {
  it("has no connection, and is served all the same", async () => {
    const { app } = await stage((at) => {
      at.get("/a", cached, async (_request, reply) => reply.send(Readable.from(["a"])));
    });

    const answers = [await app.inject("/a"), await app.inject("/a")];

    expect(answers.map(({ headers, payload }) => [headers["x-cache"], payload])).toEqual([
      ["MISS", "a"],
      ["HIT", "a"],
    ]);
  });
});

describe("a client of HTTP/1.0, to whom an end of the connection is the end of the content", () => {
  it.each(["follows", "leads"])("hears of a break where it %s a stream that breaks off", async (role) => {
    const goOn = gate();
    const parts = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from("half");
      await goOn.opened;
      throw new Error("no");
    };
    const { client } = await stage((app) => {
      app.get("/a", cached, async (_request, reply) => reply.send(Readable.from(parts())));
    });
    const ahead = role === "follows" ? await client.open({ path: "/a" }) : undefined;
    const socket = connect(Number(client.origin.port), client.origin.hostname);
    const end = new Promise<string>((resolve) => {
      socket.on("data", (data) => data.includes("half") && goOn.open());
      socket.on("end", () => resolve("ended"));
      socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
    });
    socket.write(`GET /a HTTP/1.0\r\nhost: ${client.origin.host}\r\n\r\n`);

    expect(await end).toBe("ECONNRESET");
    ahead?.abort();
  });
});
