import { once } from "node:events";
import { connect } from "node:net";
import { Readable } from "node:stream";
import type { Response } from "express";
import Fastify from "fastify";
import type { FastifyReply } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../src/adapters/express.ts";
import { cacheRoute as fastifyPlugin } from "../../src/adapters/fastify.ts";
import { createCache } from "../../src/index.ts";
import { listen, versions } from "./harness/express.ts";

/** Values beyond ASCII: in latin1, and in UTF-8 in the form that Node requires. */
const values = {
  latin1: "caf\u00E9 \u00FF",
  "UTF-8": Buffer.from("雪 café").toString("latin1"),
};

const long = "ü".repeat(9000);
const parts = (): Readable => Readable.from([Buffer.from("<p>"), Buffer.from("ü</p>")]);

const expressWays: Record<string, (res: Response) => unknown> = {
  "send of text": (res) => res.send("text"),
  "send of text beyond ASCII": (res) => res.send("grüße"),
  "send of long text": (res) => res.send(long),
  json: (res) => res.json({ a: "ü" }),
  "send of bytes": (res) => res.send(Buffer.from("text")),
  "end of text": (res) => res.end("text"),
  "end of text beyond ASCII": (res) => res.end("grüße"),
  "end of long text": (res) => res.end(long),
  "end of latin1 text": (res) => res.end("grüße", "latin1"),
  "end of bytes": (res) => res.end(Buffer.from("text")),
  "end of nothing": (res) => res.end(),
  "a head and text": (res) => res.writeHead(200).end("text"),
  "a head with a length and text": (res) => res.writeHead(200, { "content-length": 4 }).end("text"),
  "write and end": (res) => (res.write("te"), res.end("xt")),
  "write of text with a length": (res) => (res.set("content-length", "4"), res.write("te"), res.end("xt")),
  "write of bytes with a length": (res) => (
    res.set("content-length", "4"),
    res.write(Buffer.from("te")),
    res.end("xt")
  ),
  "a head that is flushed": (res) => (res.flushHeaders(), res.end("text")),
  "a stream": (res) => parts().pipe(res),
};

const fastifyWays: Record<string, (reply: FastifyReply) => unknown> = {
  text: (reply) => reply.type("text/plain; charset=utf-8").send("text"),
  "text beyond ASCII": (reply) => reply.send("grüße"),
  "long text": (reply) => reply.send(long),
  json: (reply) => reply.send({ a: "b" }),
  bytes: (reply) => reply.send(Buffer.from("text")),
  "bytes beyond ASCII": (reply) => reply.send(Buffer.from("grüße")),
  nothing: (reply) => reply.send(),
  "a stream": (reply) => reply.send(parts()),
  "a stream of text with a length": (reply) =>
    reply
      .header("content-length", "4")
      .send(Readable.from(["te", "xt"], { objectMode: false, encoding: "utf8" })),
  "a response": (reply) => reply.send(new globalThis.Response("text")),
};

/** The lines of the fields `x-front`, `x-own` and `content-disposition`, byte for byte, and of `Cache-Status`. */
async function ask(origin: string, path: string, more = ""): Promise<{ lines: string[]; status: string }> {
  const { port, hostname } = new URL(origin);
  const socket = connect(Number(port), hostname);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n${more}\r\n`);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  await once(socket, "close");
  const [head = ""] = Buffer.concat(chunks).toString("latin1").split("\r\n\r\n", 1);
  const lines = head.split("\r\n");
  return {
    lines: lines.filter((line) => /^(?:x-(?:own|front)|content-disposition):/i.test(line)),
    status: lines.find((line) => /^cache-status:/i.test(line)) ?? "",
  };
}

/** The lines without a cache, and what of a miss, a hit and a crowd is not the same; and what became of it. */
async function differences(origin: string): Promise<{ others: unknown[]; count: number; status: string }> {
  const plain = await ask(origin, "/plain");
  const miss = await ask(origin, "/cached");
  const hit = await ask(origin, "/cached");
  const crowd = await Promise.all([ask(origin, "/crowd"), ask(origin, "/crowd"), ask(origin, "/crowd")]);
  const others = [miss, hit, ...crowd].filter(({ lines }) => lines.join() !== plain.lines.join());
  return { others, count: plain.lines.length, status: hit.status };
}

const isSame = { others: [], count: 2, status: expect.stringMatching(/;hit|detail=malformed/) as unknown };

describe.each(Object.entries(values))("a field's bytes in %s (hazard 43)", (_coding, value) => {
  describe.each(versions)("%s", (_version, express) => {
    it.each(Object.entries(expressWays))("are the same with a cache: %s", async (_way, way) => {
      const app = express();
      app.set("etag", false);
      app.use((_req, res, next) => (res.setHeader("x-front", value), next()));
      const cached = (): ReturnType<typeof cacheRoute> =>
        cacheRoute(createCache({ reporter: false }), { ttl: 60 });
      const handle = (_req: unknown, res: Response): void => void way(res.setHeader("x-own", value));
      app.get("/plain", handle);
      app.get("/cached", cached(), handle);
      app.get("/crowd", cached(), handle);
      const server = await listen(app);
      onTestFinished(() => server.close());
      expect(await differences(server.origin)).toEqual(isSame);
    });
  });

  it.each(versions)("are those of the miss on a hit if they name a file: %s", async (_version, express) => {
    const app = express();
    app.get("/a", cacheRoute(createCache({ reporter: false }), { ttl: 60 }), (_req, res) => {
      parts().pipe(res.setHeader("content-disposition", `attachment; filename="${value}"`));
    });
    const server = await listen(app);
    onTestFinished(() => server.close());
    const answers = [await ask(server.origin, "/a"), await ask(server.origin, "/a")];
    const line = `content-disposition: attachment; filename="${value}"`;
    expect(answers.map(({ lines }) => lines)).toEqual([[line], [line]]);
    expect(answers[1]?.status).toMatch(/;hit/);
  });

  it.each(Object.entries(fastifyWays))("are the same with a cache on Fastify: %s", async (_way, way) => {
    const app = Fastify({ forceCloseConnections: true });
    await app.register(fastifyPlugin, { cache: createCache({ reporter: false }) });
    app.addHook("onRequest", async (_request, reply) => void reply.header("x-front", value));
    const handler = async (_request: unknown, reply: FastifyReply): Promise<unknown> =>
      way(reply.header("x-own", value));
    app.get("/plain", handler);
    app.get("/cached", { cache: { ttl: 60 } }, handler);
    app.get("/crowd", { cache: { ttl: 60 } }, handler);
    onTestFinished(() => app.close());
    expect(await differences(await app.listen({ port: 0, host: "127.0.0.1" }))).toEqual(isSame);
  });
});
