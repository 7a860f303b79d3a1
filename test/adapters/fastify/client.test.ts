import { once } from "node:events";
import { connect as connect2 } from "node:http2";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { Readable } from "node:stream";
import express from "express";
import type { RequestHandler } from "express";
import Fastify from "fastify";
import type { FastifyReply, FastifyRequest } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute as expressCacheRoute } from "../../../src/adapters/express.ts";
import { cacheRoute } from "../../../src/adapters/fastify.ts";
import { createCache } from "../../../src/index.ts";
import { Client } from "../../../src/testing/adapter-contract/client.ts";
import { testClock } from "../../../src/testing/index.ts";
import { gate, rest, settled, stage, until } from "./support.ts";
import type { Gate } from "./support.ts";

const cached = { cache: { ttl: 60 } };

async function* parts(goOn: Gate): AsyncGenerator<Buffer> {
  yield Buffer.from("one ");
  await goOn.opened;
  yield Buffer.from("two");
}

/** Notes what a handler hears of its client's leaving. */
function note(request: FastifyRequest, reply: FastifyReply, noticed: string[]): void {
  request.signal.addEventListener("abort", () => reply.raw.writableFinished || noticed.push("signal"));
  reply.raw.once("close", () => reply.raw.writableFinished || noticed.push("close"));
}

describe("an application that Express passes requests to", () => {
  /** The application, behind what Express has in front of it. */
  async function mounted(goOn: Gate, ...front: RequestHandler[]) {
    const cache = createCache({ clock: testClock(), reporter: false });
    const inner = Fastify();
    const noticed: string[] = [];
    let runs = 0;
    let closed = 0;
    await inner.register(cacheRoute, { cache });
    inner.get("/a", cached, async (request, reply) => {
      runs++;
      note(request, reply, noticed);
      return reply.send(Readable.from(parts(goOn)));
    });
    await inner.ready();
    const outer = express();
    outer.use("/api", ...front, (req, res) => inner.routing(req, res));
    const server = outer.listen(0, "127.0.0.1");
    server.on("connection", (socket) => socket.once("close", () => closed++));
    await once(server, "listening");
    const client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 5000);
    onTestFinished(async () => {
      client.close();
      server.close();
      await inner.close();
    });
    return { client, noticed, runs: () => runs, closed: () => closed };
  }

  it("does not notice that a leader's client has gone while others follow", async () => {
    const goOn = gate();
    const at = await mounted(goOn);
    const leader = await at.client.open({ path: "/api/a" });
    const follower = await at.client.open({ path: "/api/a" });

    leader.abort();
    await until(() => at.closed() === 1);
    await settled(() => at.noticed.length);
    goOn.open();

    expect((await rest(follower)).toString()).toBe("one two");
    expect([at.runs(), at.noticed]).toEqual([1, []]);
  });

  it("leaves it to a cache in front of it whether it notices", async () => {
    const goOn = gate();
    const outer = createCache({ clock: testClock(), reporter: false });
    const at = await mounted(goOn, expressCacheRoute(outer, { ttl: 60 }));
    const leader = await at.client.open({ path: "/api/a" });
    const follower = await at.client.open({ path: "/api/a" });

    leader.abort();
    await until(() => at.closed() === 1);
    await settled(() => at.noticed.length);
    goOn.open();

    expect((await rest(follower)).toString()).toBe("one two");
    expect([at.runs(), at.noticed, outer.stats().stored]).toEqual([1, [], 1]);
  });
});

describe("a request behind a run that goes on without its client", () => {
  it("hears at once that their connection is closed, and the run does not", async () => {
    const goOn = gate();
    const told: string[] = [];
    const noticed: string[] = [];
    const at = await stage((app) => {
      app.get("/a", cached, async (request, reply) => {
        note(request, reply, noticed);
        return reply.send(Readable.from(parts(goOn)));
      });
      app.get("/live", (request) => {
        request.raw.socket.once("close", () => told.push("closed"));
        told.push("listens");
      });
    });
    const { host, hostname, port } = at.client.origin;
    const leader = connect(Number(port), hostname).on("error", () => undefined);
    leader.write(["/a", "/live"].map((path) => `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`).join(""));
    await until(() => told.length > 0);
    const follower = await at.client.open({ path: "/a" });

    leader.destroy();
    await until(() => at.closed() === 1);
    const atOnce = [...told];
    goOn.open();

    expect((await rest(follower)).toString()).toBe("one two");
    expect([atOnce, told, noticed]).toEqual([["listens", "closed"], atOnce, []]);
  });
});

describe("a stream that goes on without its client", () => {
  it("breaks for those who follow where it breaks off", async () => {
    const goOn = gate();
    const at = await stage((app) => {
      const broken = async function* (): AsyncGenerator<Buffer> {
        yield* [Buffer.from("one ")];
        await goOn.opened;
        throw new Error("no");
      };
      app.get("/a", cached, async (_request, reply) => reply.send(Readable.from(broken())));
    });
    const leader = await at.client.open({ path: "/a" });
    const follower = await at.client.open({ path: "/a" });

    leader.abort();
    await until(() => at.closed() === 1);
    goOn.open();

    await expect(rest(follower)).rejects.toThrow("broke off");
    expect([at.cache.stats().stored, at.cache.stats().refusals]).toEqual([0, { failed: 1 }]);
  });
});

describe("a leader that leaves a server that speaks HTTP/2", () => {
  /** Two clients ask, and the first of them goes away; answers the content that the second one gets. */
  async function abandoned(handle: (run: number, goOn: Gate) => unknown) {
    const goOn = gate();
    const app = Fastify({ http2: true });
    const cache = createCache({ clock: testClock(), reporter: false });
    await app.register(cacheRoute, { cache });
    let [asked, runs, closed] = [0, 0, 0];
    app.server.on("stream", (stream) => stream.once("close", () => closed++));
    app.addHook("onRequest", async () => void asked++);
    app.get("/a", cached, async () => handle(++runs, goOn));
    const client = connect2(await app.listen({ host: "127.0.0.1", port: 0 }));
    onTestFinished(async () => {
      client.destroy();
      await app.close();
    });
    const leader = client.request({ ":path": "/a" });
    leader.on("error", () => undefined);
    await until(() => runs === 1);
    const second = client.request({ ":path": "/a" });
    second.setEncoding("utf8");
    await until(() => asked === 2);
    await settled(() => asked);
    leader.close(8);
    await until(() => closed === 1);
    goOn.open();
    const text = ((await second.toArray()) as string[]).join("");
    return [text, runs];
  }

  it("leaves the whole of a text to those who wait", async () => {
    const got = await abandoned(async (_run, goOn) => {
      await goOn.opened;
      return "text";
    });

    expect(got).toEqual(["text", 1]);
  });

  it("leaves the whole of a stream to those who wait", async () => {
    const got = await abandoned(async (_run, goOn) => {
      await goOn.opened;
      return Readable.from(parts(goOn));
    });

    expect(got).toEqual(["one two", 1]);
  });

  it("leaves what its handler returns to those who wait, though that is nothing", async () => {
    const got = await abandoned(async (run, goOn) => {
      if (run > 1) return `run ${run}`;
      await goOn.opened;
      return undefined;
    });

    expect(got).toEqual(["", 1]);
  });
});
