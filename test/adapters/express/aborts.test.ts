import { EventEmitter, once } from "node:events";
import type { ServerResponse } from "node:http";
import { Readable, pipeline } from "node:stream";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { counted, quietCache, route, versions, visit } from "./support.ts";

describe.each(versions)("%s: a response", (_version, express) => {
  it("is not stored if its client disconnects midway, even if the handler ends cleanly", async () => {
    const gone = new EventEmitter();
    const { client, cache } = await route(express, (res) => {
      res.write("half");
      res.once("close", () => {
        res.end("rest");
        gone.emit("gone");
      });
    });
    const answer = await client.open({ path: "/a" });
    await answer.next();
    const ended = once(gone, "gone");
    answer.abort();
    await ended;
    expect([cache.stats().stored, cache.stats().refusals]).toEqual([0, { aborted: 1 }]);
  });

  it("is not stored if the handler ends on a closed socket before anybody knows", async () => {
    const { client, cache } = await route(express, (res) => {
      res.write("half");
      res.socket?.destroy();
      res.end("rest");
    });
    await expect(client.ask({ path: "/a" })).rejects.toThrow("socket hang up");
    expect([cache.stats().stored, cache.stats().refusals]).toEqual([0, { aborted: 1 }]);
  });

  it("is not stored if its whole body is for a closed socket", async () => {
    const { client, cache } = await route(express, (res) => {
      res.socket?.destroy();
      res.end("text");
    });
    await expect(client.ask({ path: "/a" })).rejects.toThrow("socket hang up");
    expect([cache.stats().stored, cache.stats().refusals]).toEqual([0, { aborted: 1 }]);
  });

  it("is not stored if its client disconnects before the head, and the next client is served", async () => {
    const asked = new EventEmitter();
    const { client, cache, handler } = await route(express, (res) => {
      asked.emit("asked");
      res.once("close", () => {
        res.end("late");
        asked.emit("closed");
      });
      if (handler.runs === 2) res.end("text");
    });
    const entered = once(asked, "asked");
    const first = client.start({ path: "/a" });
    await entered;
    const closed = once(asked, "closed");
    first.destroy();
    await closed;
    expect(cache.stats().stored).toBe(0);
    expect((await client.ask({ path: "/a" })).text).toBe("text");
    expect(cache.stats().stored).toBe(1);
  });

  it.each([
    ["res.destroy()", (res: ServerResponse) => (res.write("half"), setImmediate(() => res.destroy()))],
    [
      "a pipeline whose source fails",
      (res: ServerResponse) => pipeline(Readable.from(failing()), res, () => undefined),
    ],
  ])("is not stored and closes the connection prematurely after %s", async (_name, answer) => {
    const { client, cache } = await route(express, answer);
    const open = await client.open({ path: "/a" });
    await expect(open.next().then(() => open.next())).rejects.toThrow(/aborted|ECONNRESET/);
    expect(cache.stats().stored).toBe(0);
  });

  it.each([
    ["too little", "3"],
    ["too much", "5"],
  ])("is not stored if its Content-Length is %s", async (_name, length) => {
    const { client, cache } = await route(express, (res) => {
      res.setHeader("content-length", length);
      res.write("te");
      res.end("xt");
    });
    await client.raw("GET /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    expect([cache.stats().stored, cache.stats().refusals]).toEqual([0, { truncated: 1 }]);
  });

  it("that streams more than the limit is sent whole and not stored", async () => {
    const text = "x".repeat(300_000);
    const answer = (res: ServerResponse): unknown => Readable.from([text, text]).pipe(res);
    const { client, cache } = await route(express, answer, { maxBodyBytes: 400_000 });
    expect((await client.ask({ path: "/a" })).text).toBe(text + text);
    expect(cache.stats().refusals).toEqual({ "too-large": 1 });
  });

  it("from a buffer that is reused after each write is stored as it was written", async () => {
    const { client } = await route(express, (res) => {
      const buffer = Buffer.from("one ");
      res.write(buffer, () => {
        buffer.write("two ");
        res.end(buffer);
      });
    });
    await client.ask({ path: "/a" });
    expect((await client.ask({ path: "/a" })).text).toBe("one two ");
  });

  it("holds back its source while the client does not read", async () => {
    const told = new EventEmitter();
    const { client } = await route(
      express,
      (res) => {
        const parts = Array.from({ length: 200 }, () => Buffer.alloc(65_536));
        told.emit(
          "full",
          parts.some((part) => !res.write(part)),
        );
        res.end();
      },
      { maxBodyBytes: 1 },
    );
    const full = once(told, "full");
    const answer = await client.open({ path: "/a" });
    expect(await full).toEqual([true]);
    answer.abort();
  });
});

describe.each(versions)("%s: a waiting request", (_version, express) => {
  it("does not run the handler after its client has disconnected", async () => {
    const told = new EventEmitter();
    const cache = quietCache();
    const handler = counted((_req, res) => {
      told.emit("entered");
      told.once("go", () => res.set("cache-control", "private").end("text"));
    });
    const app = express();
    app.use((req, _res, next) => {
      const { socket } = req;
      socket.once("close", () => told.emit("closed", req.headers["x-name"]));
      next();
      told.emit("asked", req.headers["x-name"]);
    });
    app.get("/a", cacheRoute(cache, { ttl: 60 }), handler);
    const client = await visit(app);

    const entered = once(told, "entered");
    const leader = client.ask({ path: "/a", headers: { "x-name": "leader" } });
    await entered;
    const asked = once(told, "asked");
    const follower = client.start({ path: "/a", headers: { "x-name": "follower" } });
    await asked;
    const closed = once(told, "closed");
    follower.destroy();
    await closed;
    told.emit("go");
    await leader;

    expect(handler.runs).toBe(1);
    expect(cache.stats().refusals).toEqual({ aborted: 1, private: 1 });
  });

  it("is left alone once something else has responded to it", async () => {
    const told = new EventEmitter();
    const handler = counted((_req, res) => {
      told.emit("entered");
      told.once("go", () => res.end("text"));
    });
    const app = express();
    app.use((_req, res, next) => {
      told.once("late", () => {
        res.status(503).write("la");
        told.once("end", () => res.end("te"));
      });
      next();
      told.emit("asked");
    });
    app.get("/a", cacheRoute(quietCache(), { ttl: 60 }), handler);
    const client = await visit(app);

    const entered = once(told, "entered");
    const leader = client.ask({ path: "/a" });
    await entered;
    told.removeAllListeners("late");
    const asked = once(told, "asked");
    const follower = client.ask({ path: "/a" });
    await asked;
    told.emit("late");
    told.emit("go");
    const { text: whole } = await leader;
    told.emit("end");
    const { status, text } = await follower;

    expect([status, text, whole, handler.runs]).toEqual([503, "late", "text", 1]);
  });

  it("is stored if it is the second of two pipelined requests", async () => {
    const { client, cache } = await route(express, (res) => void setImmediate(() => res.end("text")));
    const both =
      "GET /a?1 HTTP/1.1\r\nhost: a\r\n\r\nGET /a?2 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    expect((await client.raw(both)).match(/text/g)).toHaveLength(2);
    expect(cache.stats().stored).toBe(2);
  });
});

async function* failing(): AsyncGenerator<string> {
  yield "half";
  // The head has to be on its way before the failure.
  await new Promise(setImmediate);
  throw new Error("no");
}
