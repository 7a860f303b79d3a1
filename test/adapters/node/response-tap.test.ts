import { EventEmitter } from "node:events";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { Readable, pipeline } from "node:stream";
import { runInNewContext } from "node:vm";
import type { RequestHandler, Response } from "express";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { createCache } from "../../../src/index.ts";
import type { Answer } from "../express/client.ts";
import { askTwice, quietCache, route, versions, visit } from "../express/support.ts";
import { listen } from "../harness/express.ts";

const file = import.meta.filename;
const source = await readFile(file, "utf8");

/** Ways to send a response, with the text that the client reads. */
const ways: Record<string, [answer: (res: Response) => unknown, text: string]> = {
  "res.json": [(res) => res.json({ a: 1 }), '{"a":1}'],
  "res.send of text": [(res) => res.send("text"), "text"],
  "res.send of text beyond ASCII": [(res) => res.send("tëxt ✓"), "tëxt ✓"],
  "res.send of bytes": [(res) => res.send(Buffer.from("bytes")), "bytes"],
  "res.send of an object": [(res) => res.send({ b: 2 }), '{"b":2}'],
  "res.sendFile": [(res) => res.sendFile(file), source],
  "stream.pipe": [(res) => createReadStream(file).pipe(res), source],
  "stream.pipeline": [(res) => pipeline(Readable.from(["one ", "two"]), res, () => undefined), "one two"],
  "write and end": [(res) => (res.write("one "), res.write("two "), res.end("three")), "one two three"],
  "write alone, then end": [(res) => (res.write("one"), res.end()), "one"],
  "end alone": [(res) => res.end(), ""],
  "end(callback)": [(res) => res.end(() => undefined), ""],
  "end(text)": [(res) => res.end("text"), "text"],
  "end(text, callback)": [(res) => res.end("text", () => undefined), "text"],
  "end(text, encoding)": [(res) => res.end("74657874", "hex"), "text"],
  "end(text, encoding, callback)": [(res) => res.end("dGV4dA==", "base64", () => undefined), "text"],
  "write(text, encoding)": [(res) => (res.write("6f6e65", "hex"), res.end("IHR3bw==", "base64")), "one two"],
  "writeHead(status)": [(res) => res.writeHead(200).end("text"), "text"],
  "writeHead(status, reason)": [(res) => res.writeHead(200, "Fine").end("text"), "text"],
  flushHeaders: [(res) => (res.flushHeaders(), res.end("text")), "text"],
  "writeEarlyHints first": [
    (res) => (res.writeEarlyHints({ link: "</a.css>; rel=preload" }), res.end("text")),
    "text",
  ],
  "a transfer coding of its own": [
    (res) => (res.setHeader("transfer-encoding", "chunked"), res.end("text")),
    "text",
  ],
  "a trailer before the only content": [
    (res) => (res.setHeader("trailer", "x-sum"), res.addTrailers({ "x-sum": "1" }), res.end("text")),
    "text",
  ],
  "a trailer": [
    (res) => (
      res.setHeader("trailer", "x-sum"),
      res.write("te"),
      res.addTrailers({ "x-sum": "1" }),
      res.end("xt")
    ),
    "text",
  ],
};

describe.each(versions)("%s", (_version, express) => {
  it.each(Object.entries(ways))(
    "a response that was sent by %s is a hit, byte for byte",
    async (_name, [answer, text]) => {
      const { client, handler } = await route(express, (res) => answer(res as Response));
      const [miss, hit] = await askTwice(client);
      expect([miss.status, miss.header("x-cache"), miss.text]).toEqual([200, "MISS", text]);
      expect([hit.status, hit.header("x-cache"), hit.text]).toEqual([200, "HIT", text]);
      expect(hit.header("content-length")).toBe(String(Buffer.byteLength(text)));
      expect(handler.runs).toBe(1);
    },
  );

  it("text in latin1 is stored as the bytes that were sent", async () => {
    const { client } = await route(
      express,
      (res) => (res.write("\xe9", "latin1"), res.end("\xe8", "latin1")),
    );
    const [miss, hit] = await askTwice(client);
    expect([...miss.body]).toEqual([0xe9, 0xe8]);
    expect([...hit.body]).toEqual([0xe9, 0xe8]);
    expect(hit.header("x-cache")).toBe("HIT");
  });

  const cookies = ["a=1", "b=2"];
  const heads: Record<string, (res: ServerResponse) => unknown> = {
    "an object": (res) => res.writeHead(200, { "Set-Cookie": cookies, "X-Own": "1" }),
    "a reason and an object": (res) => res.writeHead(200, "OK", { "Set-Cookie": cookies, "X-Own": "1" }),
    "a flat list": (res) => res.writeHead(200, ["Set-Cookie", "a=1", "X-Own", "1", "set-cookie", "b=2"]),
    "a list of pairs": (res) =>
      res.writeHead(200, [
        ["Set-Cookie", "a=1"],
        ["X-Own", "1"],
        ["Set-Cookie", "b=2"],
      ] as never),
  };
  it.each(Object.entries(heads))(
    "fields given to writeHead as %s are stored, repeated ones too",
    async (_name, say) => {
      const { client } = await route(
        express,
        (res) => {
          res.setHeader("X-First", "1");
          say(res);
          res.end("text");
        },
        { setCookie: "store" },
      );
      const [miss, hit] = await askTwice(client);
      const said = (answer: Answer): unknown => [
        answer.lines("set-cookie"),
        answer.header("x-own"),
        answer.header("x-first"),
        answer.text,
      ];
      expect(said(miss)).toEqual([cookies, "1", "1", "text"]);
      expect(said(hit)).toEqual(said(miss));
      expect(hit.header("x-cache")).toBe("HIT");
    },
  );

  it("a handler reads that its head was sent, as in Node", async () => {
    const { client } = await route(express, (res) => res.end(String(res.writeHead(200).headersSent)));
    expect((await client.ask({ path: "/a" })).text).toBe("true");
  });

  it("an invalid status is Node's own error", async () => {
    const { client, cache } = await route(express, (res) => {
      expect(() => res.writeHead(99)).toThrow(RangeError);
      expect(() => res.write(5)).toThrow(TypeError);
      expect(() => res.end(5 as never)).toThrow(TypeError);
      res.writeHead(201).end("made");
    });
    expect((await client.ask({ path: "/a" })).status).toBe(201);
    expect(cache.stats().refusals.status).toBe(1);
  });

  it("a stream is sent without a delay of its head or its first byte", async () => {
    const asked = new EventEmitter();
    const { client, cache } = await route(express, (res) => {
      res.flushHeaders();
      asked.once("head", () => res.write("one")).once("byte", () => res.end("two"));
    });

    const answer = await client.open({ path: "/a" });
    asked.emit("head");
    const first = await answer.next();
    asked.emit("byte");
    const rest = [await answer.next(), await answer.next()];

    expect([first, ...rest]).toEqual(["one", "two", undefined]);
    expect(cache.stats().stored).toBe(1);
  });

  it("a reason of the handler's own is not sent with a status of the cache's", async () => {
    const { client } = await route(express, (res) => res.writeHead(200, "Fine", { ETag: '"1"' }).end("text"));
    const raw = (field: string): Promise<string> =>
      client.raw(`GET /a HTTP/1.1\r\nhost: ${field}\r\nconnection: close\r\n\r\n`);
    expect(await raw("a")).toMatch(/^HTTP\/1\.1 200 Fine\r\n/);
    expect(await raw('b\r\nif-none-match: "1"')).toMatch(/^HTTP\/1\.1 304 Not Modified\r\n/);
  });

  it.each([204, 302, 404])("a %i that the route accepts is replayed with its fields", async (status) => {
    const { client, handler } = await route(
      express,
      (res) => (res.setHeader("Location", "/b"), res.writeHead(status), res.end()),
      { statuses: [status] },
    );
    const [miss, hit] = await askTwice(client);
    expect([miss.status, hit.status, hit.header("location")]).toEqual([status, status, "/b"]);
    expect(handler.runs).toBe(1);
  });

  it("a 204 has no length, on a miss as on a hit", async () => {
    const { client } = await route(express, (res) => res.writeHead(204).end(), { statuses: [204] });
    const [miss, hit] = await askTwice(client);
    expect([miss.header("content-length"), hit.header("content-length")]).toEqual([undefined, undefined]);
  });

  it("a whole body that is not stored has a length", async () => {
    const { client } = await route(
      express,
      (res) => (res.setHeader("cache-control", "private"), res.end("text")),
    );
    expect((await client.ask({ path: "/a" })).header("content-length")).toBe("4");
  });

  it("a message without the handler's own Date has Node's", async () => {
    const { client } = await route(
      express,
      (res) => (res.setHeader("date", new Date(0).toUTCString()), res.end("text")),
    );
    const unsatisfied = await client.ask({ path: "/a", headers: { range: "bytes=9-" } });
    expect([unsatisfied.status, unsatisfied.header("content-range")]).toEqual([416, "bytes */4"]);
    expect(unsatisfied.header("date")).toMatch(/GMT$/);
    expect(unsatisfied.header("date")).not.toContain("1970");
  });

  it("a HEAD gets what GET stored, with its length", async () => {
    const { client, handler } = await route(express, (res) => res.end("text"));
    await client.ask({ path: "/a" });
    const head = await client.ask({ method: "HEAD", path: "/a" });
    expect([head.header("x-cache"), head.header("content-length"), head.text]).toEqual(["HIT", "4", ""]);
    expect(handler.runs).toBe(1);
  });

  it("a HEAD runs the handler if nothing is stored, and stores nothing", async () => {
    const { client, cache } = await route(express, (res) => res.end("text"));
    await client.ask({ method: "HEAD", path: "/a" });
    expect(cache.stats().stored).toBe(0);
  });
});

function foreignBytes(): Uint8Array {
  return runInNewContext("new Uint8Array([104, 105])") as Uint8Array;
}

describe.each(versions)("%s: content of another realm", (_version, express) => {
  it.each<[string, (res: Response) => void, string]>([
    ["at the end", (res) => void res.end(foreignBytes()), "hi"],
    ["in a part", (res) => (res.write(foreignBytes()), void res.end("!")), "hi!"],
    ["at the end of parts", (res) => (res.write("!"), void res.end(foreignBytes())), "!hi"],
  ])("is stored if it comes %s", async (_name, answer, text) => {
    const { client, handler } = await route(express, (res) => answer(res as Response));
    const answers = await askTwice(client);
    expect(answers.map((one) => one.text)).toEqual([text, text]);
    expect(handler.runs).toBe(1);
  });
});

describe.each(versions)("%s: a chunk that only middleware before the cache accepts", (_version, express) => {
  it("is passed on, and nothing of the response is stored", async () => {
    const cache = quietCache();
    const app = express();
    app.use((_req, res, next) => {
      const { write } = res;
      res.write = ((chunk: unknown) => Reflect.apply(write, res, [String(chunk)])) as Response["write"];
      next();
    });
    app.get("/a", cacheRoute(cache, { ttl: 60 }), (_req, res) => {
      res.writeHead(200, { "content-type": "text/plain" });
      res.write(7);
      res.end("!");
    });
    const answers = await askTwice(await visit(app));
    expect(answers.map((one) => [one.text, one.header("content-type")])).toEqual([
      ["7!", "text/plain"],
      ["7!", "text/plain"],
    ]);
    expect(cache.stats().stored).toBe(0);
  });
});

/** Gives handlers a method of its own, which writes a head as it could before the look-up. */
const keeps: RequestHandler = (_req, res, next) => {
  const begin = res.writeHead.bind(res);
  Object.assign(res, { begin });
  next();
};

describe.each(versions)(
  "%s: a head that a handler sends by a method that was kept before the cache",
  (_version, express) => {
    it.each(["end", "write"] as const)(
      "is sent as without a cache, before %s, and is not stored",
      async (how) => {
        const cache = createCache({ reporter: false });
        const app = express();
        app.use(keeps);
        let runs = 0;
        app.get("/a", cacheRoute(cache, { ttl: 60 }), (_req, res) => {
          const { begin } = res as typeof res & { begin: typeof res.writeHead };
          begin(200, { "set-cookie": `sid=${++runs}` });
          if (how === "write") res.write(`for ${runs}`);
          res.end(how === "end" ? `for ${runs}` : undefined);
        });
        const server = await listen(app);
        onTestFinished(() => server.close());

        const answers = [await fetch(`${server.origin}/a`), await fetch(`${server.origin}/a`)];

        expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(["for 1", "for 2"]);
        expect(answers.map(({ headers }) => headers.getSetCookie())).toEqual([["sid=1"], ["sid=2"]]);
        expect(cache.stats().stored).toBe(0);
      },
    );
  },
);
