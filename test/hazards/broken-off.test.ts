import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { createServer as createTlsServer } from "node:https";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, pipeline } from "node:stream";
import { connect as connectTls } from "node:tls";
import express from "express";
import express4 from "express4";
import Fastify from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute as cacheExpress } from "../../src/adapters/express.ts";
import { cacheRoute as cacheFastify } from "../../src/adapters/fastify.ts";
import { createCache } from "../../src/index.ts";
import type { Cache } from "../../src/index.ts";

/** What a handler sends: its content and its `Content-Length`. */
interface Sent {
  readonly source: () => Readable;
  readonly length?: number;
  readonly maxBodyBytes?: number;
  readonly fields?: Readonly<Record<string, string>>;
}

/** What a client has received, and whether it takes that for the whole. */
interface Got {
  readonly isWhole: boolean;
  readonly bytes: number;
}

/** A client that reads: `begun` once the first byte of content has come. */
interface Reader {
  readonly begun: Promise<void>;
  readonly got: Promise<Got>;
  resume(): void;
}

type Kind = "express 5" | "express 4" | "fastify";
type Place = "tcp" | "tls" | "pipe";

/** Where a server listens. */
type Where = { readonly port: number } | { readonly path: string };

const credentials = {
  key: readFileSync(new URL("../fixtures/localhost-key.pem", import.meta.url)),
  cert: readFileSync(new URL("../fixtures/localhost-cert.pem", import.meta.url)),
};

/** A promise, and what fulfils it. */
function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((fulfil) => (resolve = fulfil));
  return { promise, resolve };
}

/** Starts a server with one cached route. */
async function start(kind: Kind | "fastify over HTTP/2", place: Place, sent: Sent): Promise<[Where, Cache]> {
  const cache = createCache({ reporter: false });
  const { fields = {}, maxBodyBytes = 1_048_576 } = sent;
  const options = { ttl: 60, maxBodyBytes };
  const said = { ...fields, ...(sent.length !== undefined && { "content-length": String(sent.length) }) };
  const create = (listener: RequestListener): Server =>
    place === "tls" ? createTlsServer(credentials, listener) : createServer(listener);
  if (kind === "fastify" || kind === "fastify over HTTP/2") {
    const server = kind === "fastify" ? { serverFactory: create } : { http2: true };
    const app = Fastify({ ...server, forceCloseConnections: true } as object);
    onTestFinished(() => app.close());
    await app.register(cacheFastify, { cache });
    app.get("/a", { cache: options }, (_request, reply) =>
      reply.headers(said).type("text/plain").send(sent.source()),
    );
    await app.ready();
    return [await listen(app.server, place), cache];
  }
  const app = (kind === "express 5" ? express : express4)();
  app.get("/a", cacheExpress(cache, options), (_req, res) => {
    res.set(said);
    pipeline(sent.source(), res, () => undefined);
  });
  const server = create(app);
  onTestFinished(() => server.close().closeAllConnections());
  return [await listen(server, place), cache];
}

async function listen(server: Server, place: Place): Promise<Where> {
  if (place !== "pipe") {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { port: (server.address() as { port: number }).port };
  }
  const folder = await mkdtemp(join(tmpdir(), "broken-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "socket");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { path };
}

/** Sends a request over HTTP/1. */
function read(where: Where, place: Place, version: "1.0" | "1.1", isPaused: boolean): Reader {
  const socket: Socket =
    place === "tls" ? connectTls({ ...where, rejectUnauthorized: false } as never) : connect(where as never);
  onTestFinished(() => void socket.destroy());
  socket.write(
    `GET /a HTTP/${version}\r\nhost: a\r\n${version === "1.1" ? "connection: close\r\n" : ""}\r\n`,
  );
  const parts: Buffer[] = [];
  let error: unknown;
  const begun = deferred<undefined>();
  const got = deferred<Got>();
  let pauses = isPaused;
  socket.on("data", (part: Buffer) => {
    parts.push(part);
    if (parts.length > 9 || !/\r\n\r\n[^]/.test(Buffer.concat(parts).toString("latin1"))) return;
    begun.resolve(undefined);
    if (pauses) socket.pause();
    pauses = false;
  });
  socket.on("error", (failed) => (error = failed));
  socket.on("close", () => {
    const text = Buffer.concat(parts).toString("latin1");
    const at = text.indexOf("\r\n\r\n");
    const head = text.slice(0, at);
    const bytes = text.length - at - 4;
    const length = /^content-length: (\d+)/im.exec(head)?.[1];
    const isComplete =
      length === undefined
        ? !/chunked/i.test(head) || text.endsWith("\r\n0\r\n\r\n")
        : bytes === Number(length);
    got.resolve({ isWhole: error === undefined && isComplete, bytes });
  });
  return { begun: begun.promise, got: got.promise, resume: () => void socket.resume() };
}

/** Sends a request over HTTP/2, as curl does: a response that is reset with NO_ERROR is whole unless it is shorter than its length. */
function readHttp2(where: Where, isPaused: boolean): Reader {
  const client = connectHttp2(`http://127.0.0.1:${(where as { port: number }).port}`);
  onTestFinished(() => client.destroy());
  const stream = client.request({ ":path": "/a" });
  let [bytes, length] = [0, undefined as string | undefined];
  const begun = deferred<void>();
  const got = deferred<Got>();
  let pauses = isPaused;
  stream.on("response", (headers) => (length = headers["content-length"]));
  stream.on("data", (part: Buffer) => {
    bytes += part.byteLength;
    begun.resolve(undefined);
    if (pauses) stream.pause();
    pauses = false;
  });
  stream.on("error", () => undefined);
  stream.on("close", () => {
    const isComplete = length === undefined || bytes === Number(length);
    got.resolve({ isWhole: stream.rstCode === 0 && isComplete, bytes });
  });
  return { begun: begun.promise, got: got.promise, resume: () => void stream.resume() };
}

/** A source that fails after its first half once a test lets it. */
function breaking(): { readonly source: () => Readable; readonly go: () => void } {
  const { promise, resolve } = deferred<void>();
  const parts = async function* (): AsyncGenerator<string> {
    yield "half";
    await promise;
    throw new Error("the source breaks, as it was told to");
  };
  return { source: () => Readable.from(parts(), { objectMode: false }), go: () => resolve() };
}

const kinds = ["express 5", "express 4", "fastify"] as const;

describe.each(kinds)("51: with %s, a response that ends prematurely", (kind) => {
  it.each([
    ["a chunked response, by HTTP/1.1", "tcp", "1.1", {}],
    ["a response with a length, by HTTP/1.1", "tcp", "1.1", { length: 8 }],
    ["a response with a length, by HTTP/1.0", "tcp", "1.0", { length: 8 }],
    ["a response that ends with its connection, by HTTP/1.0", "tcp", "1.0", {}],
    ["a response that ends with its connection, by HTTP/1.0 over TLS", "tls", "1.0", {}],
    ["a chunked response, over a pipe", "pipe", "1.1", {}],
    [
      "a response that may not be stored, by HTTP/1.0",
      "tcp",
      "1.0",
      { fields: { "cache-control": "private" } },
    ],
  ] as const)(
    "is cut off for leader and followers where its source fails: %s",
    async (_name, place, version, said) => {
      const { source, go } = breaking();
      const [where] = await start(kind, place, { source, ...said });
      const readers = [read(where, place, version, false)];
      await readers[0]?.begun;
      readers.push(read(where, place, version, false), read(where, place, version, false));
      await Promise.all(readers.map(({ begun }) => begun));
      go();
      const got = await Promise.all(readers.map(({ got: end }) => end));
      expect(got.map(({ isWhole }) => isWhole)).toEqual([false, false, false]);
    },
  );

  it("leaves the server alive by HTTP/1.0 over a pipe, which cannot be reset", async () => {
    const { source, go } = breaking();
    const [where] = await start(kind, "pipe", { source });
    const readers = [read(where, "pipe", "1.0", false)];
    await readers[0]?.begun;
    readers.push(read(where, "pipe", "1.0", false));
    await Promise.all(readers.map(({ begun }) => begun));
    go();
    const got = await Promise.all(readers.map(({ got: end }) => end));
    expect(got.map(({ bytes }) => bytes)).toEqual([4, 4]);
  });

  it("is cut off for a follower by HTTP/1.0 where it is shorter than its Content-Length", async () => {
    const { promise, resolve } = deferred<undefined>();
    const parts = async function* (): AsyncGenerator<string> {
      yield "half";
      await promise;
    };
    const source = (): Readable => Readable.from(parts(), { objectMode: false });
    const [where] = await start(kind, "tcp", { source, length: 8 });
    const readers = [read(where, "tcp", "1.0", false)];
    await readers[0]?.begun;
    readers.push(read(where, "tcp", "1.0", false));
    await readers[1]?.begun;
    resolve(undefined);
    expect((await readers[1]?.got)?.isWhole).toBe(false);
  });

  // Not by HTTP/1.0: a client in Node takes the reset of a connection that it has not read to its end for an end.
  it("is cut off for a follower that reads too slowly", { timeout: 20_000 }, async () => {
    const { source, go } = large();
    const [where] = await start(kind, "tcp", { source, maxBodyBytes: 65_536 });
    const leader = read(where, "tcp", "1.1", false);
    await leader.begun;
    const follower = read(where, "tcp", "1.1", true);
    await follower.begun;
    go();
    await leader.got;
    follower.resume();
    expect(await follower.got).toMatchObject({ isWhole: false });
  });
});

describe("51: over HTTP/2, a response that ends prematurely", () => {
  it.each([
    ["where its source fails", {}],
    ["where its source fails, with a length", { length: 8 }],
    ["where its source fails, and it may not be stored", { fields: { "cache-control": "private" } }],
  ] as const)("is cut off for leader and followers %s", async (_name, said) => {
    const { source, go } = breaking();
    const [where] = await start("fastify over HTTP/2", "tcp", { source, ...said });
    const readers = [readHttp2(where, false)];
    await readers[0]?.begun;
    readers.push(readHttp2(where, false), readHttp2(where, false));
    await Promise.all(readers.map(({ begun }) => begun));
    go();
    const got = await Promise.all(readers.map(({ got: end }) => end));
    expect(got.map(({ isWhole }) => isWhole)).toEqual([false, false, false]);
  });

  it("is cut off for a follower that reads too slowly", { timeout: 20_000 }, async () => {
    const { source, go } = large();
    const [where] = await start("fastify over HTTP/2", "tcp", { source, maxBodyBytes: 65_536 });
    const leader = readHttp2(where, false);
    await leader.begun;
    const follower = readHttp2(where, true);
    await follower.begun;
    go();
    await leader.got;
    follower.resume();
    expect(await follower.got).toMatchObject({ isWhole: false });
  });
});

/** More than any connection buffers; it continues once a test lets it. */
function large(): { readonly source: () => Readable; readonly go: () => void } {
  const { promise, resolve } = deferred<void>();
  const parts = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.alloc(1000, "a");
    await promise;
    for (let at = 0; at < 240; at++) {
      await new Promise(setImmediate);
      yield Buffer.alloc(65_536, "a");
    }
  };
  return { source: () => Readable.from(parts(), { objectMode: false }), go: () => resolve() };
}
