import { randomBytes } from "node:crypto";
import { OutgoingMessage } from "node:http";
import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import type { Request, RequestHandler, Response } from "express";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import type { CacheRouteOptions } from "../../../src/adapters/express.ts";
import type { Cache, Report } from "../../../src/index.ts";
import type { Answer, Client } from "../express/client.ts";
import { askTwice, quietCache, versions, visit } from "../express/support.ts";

/** What a session in front of the cache does with a handler's changes. */
type Session = Request & { session?: { cart?: string } };

const changed = (req: Request): readonly string[] => {
  const { cart } = (req as Session).session ?? {};
  return cart === undefined ? [] : [`cart=${cart}`];
};

/** Writes the session's cookie as the head goes out, in one of the ways of sessions. */
const writers: Record<string, (req: Request, res: Response) => void> = {
  "a wrapped writeHead": (req, res) => {
    const { writeHead } = res;
    res.writeHead = ((...args: Parameters<typeof writeHead>) => {
      for (const line of changed(req)) res.append("set-cookie", line);
      return Reflect.apply(writeHead, res, args);
    }) as typeof writeHead;
  },
  "a wrapped writeHead, by the method of the prototype": (req, res) => {
    const { writeHead } = res;
    res.writeHead = ((...args: Parameters<typeof writeHead>) => {
      const lines = changed(req);
      if (lines.length > 0) OutgoingMessage.prototype.setHeader.call(res, "Set-Cookie", lines);
      return Reflect.apply(writeHead, res, args);
    }) as typeof writeHead;
  },
  "the arguments of writeHead": (req, res) => {
    const { writeHead } = res;
    res.writeHead = ((status: number) => {
      const lines = changed(req);
      return writeHead.call(res, status, lines.length > 0 ? { "Set-Cookie": [...lines] } : {});
    }) as typeof writeHead;
  },
  "a wrapped end and write": (req, res) => {
    const { end, write } = res;
    let isSaid = false;
    const say = (): void => {
      if (!isSaid) for (const line of changed(req)) res.append("set-cookie", line);
      isSaid = true;
    };
    res.write = ((...args: Parameters<typeof write>) => (
      say(),
      Reflect.apply(write, res, args)
    )) as typeof write;
    res.end = ((...args: Parameters<typeof end>) => (say(), Reflect.apply(end, res, args))) as typeof end;
  },
  "an end that saves first": (req, res) => {
    const { end } = res;
    res.end = ((...args: Parameters<typeof end>) => {
      setImmediate(() => {
        if (!res.headersSent) for (const line of changed(req)) res.append("set-cookie", line);
        Reflect.apply(end, res, args);
      });
      return res;
    }) as typeof end;
  },
};

let carts = 0;

/** Handlers that change the session, and send its new value in their page. */
const pages: Record<string, RequestHandler> = {
  "as a whole": (req, res) => void res.send(cartOf(req)),
  "by a bare end": (req, res) => void res.end(cartOf(req)),
  "with a head of its own": (req, res) => void res.writeHead(200, { "x-a": "1" }).end(cartOf(req)),
};
const streams: Record<string, RequestHandler> = {
  "in parts": (req, res) => {
    const cart = cartOf(req);
    res.write("cart: ");
    res.end(cart);
  },
  "by a pipe": (req, res) => void Readable.from([cartOf(req), "!"]).pipe(res),
};

function cartOf(req: Request): string {
  const { session } = req as Session;
  return session === undefined ? "no session" : (session.cart ??= `${++carts}`);
}

const starts =
  (write: (req: Request, res: Response) => void): RequestHandler =>
  (req, res, next) => {
    (req as Session).session = {};
    write(req, res);
    next();
  };

describe.each(versions)("%s: a cookie that is added as the head is sent (hazard 33)", (_version, express) => {
  async function site(
    write: (req: Request, res: Response) => void,
    page: RequestHandler,
    options: CacheRouteOptions = {},
    cache: Cache = quietCache(),
  ): Promise<Client> {
    const app = express();
    app.use(starts(write));
    app.get("/a", cacheRoute(cache, { ttl: 60, ...options }), page);
    return visit(app);
  }
  const cases = Object.entries(writers).flatMap(([writer, write]) =>
    Object.entries({ ...pages, ...(writer === "an end that saves first" ? {} : streams) })
      .filter(([name]) => !(name === "with a head of its own" && /end/.test(writer)))
      .map(([name, page]) => [writer, name, write, page] as const),
  );

  it.each(cases)("keeps the page from being stored: by %s, sent %s", async (_writer, _name, write, page) => {
    const cache = quietCache();
    const client = await site(write, page, {}, cache);
    const [first, second] = await askTwice(client);
    expect(first.text).not.toBe(second.text);
    expect([first, second].map(({ lines }) => lines("set-cookie").length)).toEqual([1, 1]);
    expect(first.header("cache-status")).toMatch(/;detail=late-cookie$/);
    expect(first.header("cache-status")).not.toContain("stored");
    expect(cache.stats().refusals).toEqual({ "late-cookie": 2 });
    expect(cache.stats().stored).toBe(0);
  });

  it.each(cases)(
    "is not stored under a scope function: by %s, sent %s",
    async (_writer, _name, write, page) => {
      const client = await site(write, page, { scope: () => "me" });
      const [first, second] = await askTwice(client);
      expect([first.lines("set-cookie").length, second.lines("set-cookie")]).toEqual([1, []]);
      expect([second.header("x-cache"), second.text]).toEqual(["HIT", first.text]);
    },
  );

  it.each(cases)('is left out by setCookie "strip": by %s, sent %s', async (_writer, _name, write, page) => {
    const client = await site(write, page, { setCookie: "strip" });
    const [first, second] = await askTwice(client);
    expect([first.lines("set-cookie").length, second.lines("set-cookie")]).toEqual([1, []]);
    expect(second.header("x-cache")).toBe("HIT");
  });

  it.each(cases)(
    "keeps the page from those who wait: by %s, sent %s",
    async (_writer, _name, write, page) => {
      let open = (): void => undefined;
      const opened = new Promise<void>((resolve) => (open = resolve));
      let begin = (): void => undefined;
      const begun = new Promise<void>((resolve) => (begin = resolve));
      const client = await site(write, (req, res, next) => {
        begin();
        void opened.then(() => page(req, res, next));
      });
      const all = Array.from({ length: 4 }, () => client.ask({ path: "/a" }));
      await begun;
      for (let rounds = 0; rounds < 20; rounds++) await turn();
      open();
      const answers = await Promise.all(all);
      expect(new Set(answers.map(({ text }) => text)).size).toBe(4);
    },
  );

  it.each(Object.entries(writers))("does not count if no session changes: by %s", async (_writer, write) => {
    const [miss, hit] = await askTwice(await site(write, (_req, res) => void res.send("ab")));
    expect([miss.header("x-cache"), hit.header("x-cache"), hit.text]).toEqual(["MISS", "HIT", "ab"]);
    expect(miss.header("cache-status")).toMatch(/;stored$/);
  });

  it("is reported once, with the remedy", async () => {
    const told: Report[] = [];
    const write = writers["a wrapped writeHead"] ?? (() => undefined);
    const page: RequestHandler = (req, res) => void res.send(cartOf(req));
    const client = await site(write, page, {}, quietCache({ reporter: (report) => void told.push(report) }));
    await askTwice(client);
    expect(told.map(({ reason }) => reason)).toEqual(["late-cookie"]);
    expect(told[0]?.message).toMatch(/saveUninitialized.*scope function/);
  });

  it("is added again on each hit for its own client", async () => {
    let visits = 0;
    const app = express();
    app.use((_req, res, next) => {
      const { writeHead } = res;
      res.writeHead = ((...args: Parameters<typeof writeHead>) => {
        res.append("set-cookie", `visit=${++visits}`);
        return Reflect.apply(writeHead, res, args);
      }) as typeof writeHead;
      next();
    });
    app.get("/a", cacheRoute(quietCache(), { ttl: 60, scope: () => "me" }), (_req, res) => res.send("text"));
    const [miss, hit] = await askTwice(await visit(app));
    expect([miss, hit].map(({ lines }) => lines("set-cookie"))).toEqual([["visit=1"], ["visit=2"]]);
    expect(hit.header("x-cache")).toBe("HIT");
  });
});

type Protect = (res: Response, policy: string) => void;

const policyWriters: readonly (readonly [string, Protect])[] = [
  ["before the look-up", (res, policy) => void res.setHeader("content-security-policy", policy)],
  [
    "as the head goes out",
    (res, policy) => {
      const { writeHead } = res;
      res.writeHead = ((...args: Parameters<typeof writeHead>) => {
        res.setHeader("content-security-policy", policy);
        return Reflect.apply(writeHead, res, args);
      }) as typeof writeHead;
    },
  ],
  [
    "for a report, as the head goes out",
    (res, policy) => {
      const { writeHead } = res;
      res.writeHead = ((status: number) =>
        writeHead.call(res, status, {
          "Content-Security-Policy-Report-Only": policy,
        })) as typeof writeHead;
    },
  ],
];

const nonceOf = (res: Response): string => String(res.locals["nonce"]);

const noncePages: readonly (readonly [string, (req: Request, res: Response) => void])[] = [
  ["whole", (_req, res) => void res.send(`<b nonce="${nonceOf(res)}">`)],
  [
    "in parts",
    (_req, res) => {
      res.write("<b non");
      res.end(`ce="${nonceOf(res)}">`);
    },
  ],
];

const saidIn = ({ header }: Answer): string | undefined =>
  /'nonce-([^']+)'/.exec(
    header("content-security-policy") ?? header("content-security-policy-report-only") ?? "",
  )?.[1];
const writtenIn = ({ text }: Answer): string | undefined => /nonce="([^"]+)"/.exec(text)?.[1];

describe.each(versions)("%s: a policy with a nonce", (_version, express) => {
  it.each(
    policyWriters.flatMap(([way, protect]) =>
      noncePages.map(([form, page]) => [way, form, protect, page] as const),
    ),
  )(
    "that is set %s has the nonce of the page in each response, sent %s",
    async (_way, _form, protect, page) => {
      const cache = quietCache();
      const guard: RequestHandler = (_req, res, next) => {
        const nonce = (res.locals["nonce"] = randomBytes(16).toString("base64"));
        protect(res, `script-src 'nonce-${nonce}'`);
        next();
      };
      const app = express();
      app.use(guard);
      app.get("/a", cacheRoute(cache, { ttl: 60 }), page);
      const answers = await askTwice(await visit(app));

      expect(answers.map(saidIn)).toEqual(answers.map(writtenIn));
      expect(new Set(answers.map(saidIn)).size).toBe(2);
      expect(cache.stats()).toMatchObject({ stored: 0, refusals: { nonce: 2 } });
    },
  );
});
