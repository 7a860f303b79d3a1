import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { RequestHandler, Response } from "express";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import type { Answer, Client, OpenAnswer } from "../express/client.ts";
import { quietCache, versions, visit } from "../express/support.ts";

const text = "<p>grüße 雪</p>";
const file = join(tmpdir(), `caching-route-wrapped-${process.pid}.html`);
writeFileSync(file, text);

/** The ways in which a handler sends. */
const ways: Record<string, (res: Response) => unknown> = {
  "send text": (res) => res.send(text),
  "send json": (res) => res.json({ text }),
  "send bytes": (res) => res.type("html").send(Buffer.from(text)),
  "end text": (res) => res.end(text),
  "end latin1 text": (res) => res.end("grüße", "latin1"),
  "end bytes": (res) => res.end(Buffer.from(text)),
  "end nothing": (res) => res.end(),
  "a head and text": (res) => res.writeHead(200, { "content-type": "text/html" }).end(text),
  "write and end": (res) => (res.write("<p>grüße "), res.end("雪</p>")),
  "write and end bytes": (res) => (res.write(Buffer.from("<p>")), res.end(Buffer.from("</p>"))),
  "write with a length": (res) => {
    res.setHeader("content-length", Buffer.byteLength(text));
    res.write(text);
    res.end();
  },
  pipe: (res) => Readable.from([Buffer.from("<p>grüße "), Buffer.from("雪</p>")]).pipe(res),
  sendFile: (res) => res.sendFile(file),
};

type Wrap = (res: Response, seen: string[]) => void;

const kindOf = (chunk: unknown): string =>
  typeof chunk === "string" ? "text" : Buffer.isBuffer(chunk) ? "Buffer" : typeof chunk;

/** Adds to what is sent, and takes back its length. */
function more(res: Response, chunk: unknown, encoding: unknown): unknown {
  if (chunk === undefined || chunk === null || res.statusCode === 304) return chunk;
  if (!res.headersSent) res.removeHeader("content-length");
  const mark = "<p class=ü>";
  if (typeof chunk === "string") return chunk.replace(/^<p>/, mark);
  return Buffer.from((chunk as Buffer).toString(encoding as undefined).replace(/^<p>/, mark));
}

/** What middleware in front does to a method. */
const wraps: Record<string, Wrap> = {
  writeHead: (res, seen) => {
    const { writeHead } = res;
    res.writeHead = ((...args: Parameters<typeof writeHead>) => {
      seen.push("writeHead");
      res.setHeader("x-time", "1ms");
      return Reflect.apply(writeHead, res, args);
    }) as typeof writeHead;
  },
  write: (res, seen) => {
    const { write } = res;
    res.write = ((chunk: unknown, encoding: unknown, ...rest: unknown[]) => {
      seen.push(`write ${kindOf(chunk)}`);
      if (!res.headersSent) res.setHeader("x-write", "1");
      return Reflect.apply(write, res, [more(res, chunk, encoding), encoding, ...rest] as never);
    }) as typeof write;
  },
  end: (res, seen) => {
    const { end } = res;
    res.end = ((chunk: unknown, encoding: unknown, ...rest: unknown[]) => {
      seen.push(`end ${kindOf(chunk)}`);
      if (!res.headersSent) res.setHeader("x-end", "1");
      return Reflect.apply(end, res, [more(res, chunk, encoding), encoding, ...rest] as never);
    }) as typeof end;
  },
  setHeader: (res, seen) => {
    const { setHeader } = res;
    res.setHeader = (name, value) => {
      if (name.toLowerCase() === "x-tone") seen.push(`x-tone: ${String(value)}`);
      const louder = name.toLowerCase() === "x-tone" ? `${String(value)}!` : value;
      return Reflect.apply(setHeader, res, [name, louder]);
    };
  },
};

const subsets = Array.from({ length: 16 }, (_none, bits) =>
  Object.keys(wraps).filter((_name, index) => (bits >> index) % 2 === 1),
);

/** What was seen, each once: a hit gives in one part what came in several. */
const once = (seen: readonly string[]): readonly string[] => [...new Set(seen)];

/** The parts of a response that a client and the middleware see, without the cache's own fields. */
function shown(answer: Answer, seen: readonly string[]): unknown {
  const fields = ["x-time", "x-write", "x-end", "x-tone", "content-type"].map((name) => answer.header(name));
  return [answer.status, answer.text, fields, once(seen)];
}

const cases = versions.flatMap(([version, express]) =>
  subsets.map((names) => [version, names.join(", ") || "nothing", express, names] as const),
);

describe.each(cases)(
  "%s: a response through middleware that wraps %s (hazard 41)",
  (_version, _names, express, names) => {
    async function site(way: (res: Response) => unknown): Promise<{ client: Client; seen: string[] }> {
      const seen: string[] = [];
      const app = express();
      app.set("etag", false);
      app.use((_req, res, next) => {
        for (const name of names) wraps[name]?.(res, seen);
        next();
      });
      const handler: RequestHandler = (_req, res) => void way(res.set("x-tone", "low"));
      app.get("/plain", handler);
      app.get("/cached", cacheRoute(quietCache(), { ttl: 60 }), handler);
      return { client: await visit(app), seen };
    }
    const mayChange = names.includes("write") || names.includes("end");

    it.each(Object.entries(ways))(
      "that is sent by %s is the same without a cache, on a miss and on a hit",
      async (_way, way) => {
        const { client, seen } = await site(way);
        const ask = async (path: string, ask: object = {}): Promise<[Answer, unknown]> => {
          seen.length = 0;
          const answer = await client.ask({ path, ...ask });
          return [answer, shown(answer, seen)];
        };

        const [, plain] = await ask("/plain");
        const [miss, missed] = await ask("/cached");
        const [hit, found] = await ask("/cached");
        expect([missed, found]).toEqual([plain, plain]);
        expect([miss, hit].map(({ header }) => header("x-cache"))).toEqual(["MISS", "HIT"]);

        const [plainHead] = await ask("/plain", { method: "HEAD" });
        const [head] = await ask("/cached", { method: "HEAD" });
        const told = ["x-time", "x-tone", "content-type"] as const;
        expect([head.status, head.text, ...told.map(head.header)]).toEqual([
          200,
          "",
          ...told.map(plainHead.header),
        ]);
        expect(head.header("x-cache")).toBe("HIT");

        const [same] = await ask("/cached", { headers: { "if-none-match": hit.header("etag") ?? "" } });
        expect([same.status, same.text, same.header("x-cache")]).toEqual([304, "", "HIT"]);
        expect(same.header("x-time")).toBe(names.includes("writeHead") ? "1ms" : undefined);

        const [part, parted] = await ask("/cached", { headers: { range: "bytes=0-1" } });
        expect(part.header("x-cache")).toBe("HIT");
        const isCut = !mayChange && miss.body.length > 0;
        const cut = [206, miss.body.subarray(0, 2)];
        const unsatisfied = [miss.body.length > 0 || mayChange ? 200 : 416, miss.body];
        expect([part.status, part.body]).toEqual(isCut ? cut : unsatisfied);
        expect(mayChange ? parted : plain).toEqual(plain);
      },
    );
  },
);

describe.each(versions)("%s: a follower of a stream behind middleware (hazard 41)", (_version, express) => {
  it("gets a head that middleware changes with the first content", async () => {
    const app = express();
    app.use((_req, res, next) => {
      wraps["write"]?.(res, []);
      next();
    });
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    app.get("/a", cacheRoute(quietCache(), { ttl: 60 }), (_req, res) => {
      res.write("<p>");
      void opened.then(() => res.end("</p>"));
    });
    const client = await visit(app);
    const leader = await client.open({ path: "/a" });
    const follower = await client.open({ path: "/a" });
    open();
    const answers = [await wholeOf(leader), await wholeOf(follower)];
    expect(answers).toEqual(["<p class=ü></p>", "<p class=ü></p>"]);
  });
});

async function wholeOf(answer: OpenAnswer): Promise<string> {
  let whole = "";
  for (let part = await answer.next(); part !== undefined; part = await answer.next()) whole += part;
  return whole;
}
