import { once } from "node:events";
import { IncomingMessage } from "node:http";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Duplex, Readable, pipeline } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Fill } from "../../../src/adapter.ts";
import { replay, replayedFill } from "../../../src/adapters/node/replay.ts";

/** A client's request, with these field lines. */
function asked(lines: readonly string[], connection: object = {}): IncomingMessage {
  const socket = Object.assign(new Duplex(), connection) as unknown as Socket;
  const request = new IncomingMessage(socket);
  Object.assign(request, { method: "HEAD", httpVersion: "1.1", httpVersionMajor: 1, httpVersionMinor: 1 });
  request.rawHeaders = [...lines];
  request.headers = { changed: "by middleware" };
  return request;
}

/** A fill that notes how it was abandoned. */
function fillOf(): { fill: Fill; abandoned: unknown[][] } {
  const abandoned: unknown[][] = [];
  return { abandoned, fill: { abandon: (...args: unknown[]) => abandoned.push(args) } as unknown as Fill };
}

/** Replays a request and returns the result. */
async function replayed(
  original: IncomingMessage,
  fill: Fill = fillOf().fill,
): Promise<[request: IncomingMessage, response: ServerResponse]> {
  return new Promise((resolve) => {
    replay(original, "/a?b=1", fill, (request, response) => resolve([request, response]));
  });
}

describe("a replayed request", () => {
  it("begins in a later turn", async () => {
    const seen: string[] = [];
    replay(asked([]), "/a", fillOf().fill, (_request, response) => {
      seen.push("replayed");
      response.end();
    });
    seen.push("returned");
    await turn();
    await turn();
    expect(seen).toEqual(["returned", "replayed"]);
  });

  it("is a GET for the given target, with the fields as they were received and combined as Node does", async () => {
    const lines = ["Host", "a", "Cookie", "a=1", "cookie", "b=2", "X-A", "1", "X-A", "2", "User-Agent", "u"];
    const [request] = await replayed(
      asked([...lines, "user-agent", "v", "Content-Length", "3", "Set-Cookie", "c"]),
    );
    expect([request.method, request.url, request.httpVersion]).toEqual(["GET", "/a?b=1", "1.1"]);
    expect(request.headers).toEqual({
      host: "a",
      cookie: "a=1; b=2",
      "x-a": "1, 2",
      "user-agent": "u",
      "set-cookie": ["c"],
    });
    expect(request.headersDistinct["x-a"]).toEqual(["1", "2"]);
    expect(request.rawHeaders).toEqual([...lines, "user-agent", "v", "Set-Cookie", "c"]);
  });

  it("keeps a field that has the name of a property of every object", async () => {
    const [request] = await replayed(asked(["__proto__", "1", "constructor", "2"]));
    expect(Object.entries(request.headers)).toEqual([
      ["__proto__", "1"],
      ["constructor", "2"],
    ]);
  });

  it("has a connection with the properties of the client's", async () => {
    const certificate = { subject: { CN: "client" } };
    const server = {};
    const tls = { encrypted: true, authorized: true, getPeerCertificate: () => certificate };
    const [request] = await replayed(asked([], { remoteAddress: "10.0.0.1", remotePort: 5, server, ...tls }));
    expect(request.socket).toMatchObject({
      remoteAddress: "10.0.0.1",
      remotePort: 5,
      server,
      encrypted: true,
    });
    expect((request.socket as unknown as typeof tls).getPeerCertificate()).toBe(certificate);
  });

  it("may have trailers over HTTP/1.0, because nobody reads them", async () => {
    const original = asked([]);
    Object.assign(original, { httpVersion: "1.0", httpVersionMajor: 1, httpVersionMinor: 0 });
    const [request, response] = await replayed(original);
    response.setHeader("trailer", "x-sum").write("text");
    response.addTrailers({ "x-sum": "1" });
    response.end();
    await once(response, "close");
    expect([request.httpVersion, response.writableFinished]).toEqual(["1.0", true]);
  });

  it("has content that has ended", async () => {
    const [request] = await replayed(asked(["content-length", "3"]));
    expect(await request.toArray()).toEqual([]);
    expect(request.complete).toBe(true);
  });
});

describe("the fill of a replayed request", () => {
  it("is returned once, by identity", async () => {
    const { fill } = fillOf();
    const [request] = await replayed(asked([]), fill);
    expect([replayedFill(request), replayedFill(request)]).toEqual([fill, undefined]);
  });

  it("is not returned for a client's request", () => {
    expect(replayedFill(asked(["x-caching-route-replay", "1"]))).toBeUndefined();
  });

  it("is abandoned if somebody else responds to the request", async () => {
    const { fill, abandoned } = fillOf();
    const [request, response] = await replayed(asked([]), fill);
    response.writeHead(401).end("no");
    await once(response, "close");
    expect(abandoned).toEqual([["failed"]]);
    expect(replayedFill(request)).toBeUndefined();
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no"))],
  ])("is abandoned with the error if the application %s", async (_name, fail) => {
    const { fill, abandoned } = fillOf();
    const closed = new Promise<unknown>((resolve) => {
      replay(asked([]), "/a", fill, (_request, response) => {
        response.once("close", resolve);
        return fail();
      });
    });
    await closed;
    expect(abandoned[0]).toEqual(["failed", new Error("no")]);
  });
});

describe("a response to nobody", () => {
  it.each<[string, (response: ServerResponse) => unknown]>([
    ["end(text)", (response) => response.end("text")],
    ["large writes that wait for drain", (response) => writeLoop(response)],
    ["pipe", (response) => Readable.from(parts()).pipe(response)],
    ["pipeline", (response) => pipeline(Readable.from(parts()), response, () => undefined)],
    [
      "a pipe after a full write",
      (response) => {
        response.write(Buffer.alloc(1_000_000));
        setTimeout(() => Readable.from(parts()).pipe(response), 5);
      },
    ],
  ])("finishes, and then closes: %s", async (_name, answer) => {
    const [request, response] = await replayed(asked([]));
    const seen: string[] = [];
    for (const name of ["finish", "close"]) response.on(name, () => seen.push(name));
    const requestClosed = once(request, "close");
    answer(response);
    await once(response, "close");
    await requestClosed;
    expect(seen).toEqual(["finish", "close"]);
    expect([response.writableFinished, response.destroyed, request.aborted]).toEqual([true, true, false]);
  });

  it("closes, with its request, if it is destroyed", async () => {
    const [request, response] = await replayed(asked([]));
    const closed = [once(response, "close"), once(request, "close")];
    response.write("half");
    response.destroy(new Error("no"));
    await Promise.all(closed);
    expect([response.writableFinished, request.destroyed]).toEqual([false, true]);
  });
});

function parts(): Buffer[] {
  return Array.from({ length: 20 }, () => Buffer.alloc(100_000));
}

async function writeLoop(response: ServerResponse): Promise<void> {
  for (const part of parts()) if (!response.write(part)) await once(response, "drain");
  response.end();
}
