import { describe, expect, it, vi } from "vitest";
import { cacheEvent, cacheTags } from "../../../src/adapters/fetch.ts";
import { createCache } from "../../../src/index.ts";
import type { Cache } from "../../../src/index.ts";
import { testClock } from "../../../src/testing/index.ts";
import { quietCache } from "../harness/fetch-site.ts";

/** As frameworks with loaders and actions hand it. */
interface Plain {
  readonly request: Request;
  readonly params: { readonly id: string };
}

const plain = (path: string, init?: RequestInit): Plain => ({
  request: new Request(`http://example.org${path}`, init),
  params: { id: path.split(/[/?]/)[2] ?? "" },
});

/** As a framework with a class of its own: its members read slots that a copy lacks. */
class Context {
  readonly #request: Request;
  readonly #url: URL;
  readonly locals: Record<string, unknown> = {};

  constructor(request: Request) {
    this.#request = request;
    this.#url = new URL(request.url);
  }

  get request(): Request {
    return this.#request;
  }

  get url(): URL {
    return this.#url;
  }

  redirect(to: string): string {
    return new URL(to, this.#url).pathname;
  }
}

const requestOf = (event: { readonly request: Request }): Request => event.request;

async function read(response: Response | Promise<Response>): Promise<[cache: string | null, text: string]> {
  const { headers, text } = await Promise.resolve(response).then(async (settled) => ({
    headers: settled.headers,
    text: await settled.text(),
  }));
  return [headers.get("x-cache"), text];
}

describe("a handler that is given an event", () => {
  it("does not run on a hit", async () => {
    let runs = 0;
    const cached = cacheEvent(
      quietCache(),
      { ttl: 60 },
      ({ params }: Plain) => new Response(`${params.id} ${++runs}`),
      requestOf,
    );

    const answers = [await read(cached(plain("/a/7"))), await read(cached(plain("/a/7")))];

    expect(answers).toEqual([
      ["MISS", "7 1"],
      ["HIT", "7 1"],
    ]);
  });

  it("sees no undeclared parameter and no condition, by any name, and its own members", async () => {
    const seen: unknown[] = [];
    const cached = cacheEvent(
      quietCache(),
      { ttl: 60, query: ["a"] },
      (context: Context) => {
        const { request, url, locals } = context;
        seen.push(
          request.url,
          request.headers.get("if-none-match"),
          url.search,
          locals,
          context.redirect("/b"),
        );
        return new Response(url.href);
      },
      requestOf,
    );
    const context = new Context(
      new Request("http://example.org/?a=1&b=2", { headers: { "if-none-match": '"x"' } }),
    );
    context.locals["user"] = "ann";

    const [, text] = await read(cached(context));

    expect(text).toBe("http://example.org/?a=1");
    expect(seen).toEqual(["http://example.org/?a=1", null, "?a=1", { user: "ann" }, "/b"]);
  });

  it("sees a copy that can be spread, and is of the same class, also where the event is frozen", async () => {
    const seen: unknown[] = [];
    const cached = cacheEvent(
      quietCache(),
      { ttl: 60, query: ["a"] },
      (event: Plain | Context) => {
        const { request, ...others } = Object.assign({}, event) as Partial<Plain>;
        seen.push(event instanceof Context, Object.keys(others), request?.url);
        return new Response("a");
      },
      requestOf,
    );

    await cached(Object.freeze(plain("/?a=1&b=2")));
    await cached(new Context(new Request("http://example.org/?a=2&b=2")));

    expect(seen).toEqual([false, ["params"], "http://example.org/?a=1", true, ["locals"], undefined]);
  });

  it("sets members of the event itself, which what is around reads", async () => {
    const cached = cacheEvent(
      quietCache(),
      { ttl: 60, query: [] },
      (event: { request: Request; title: string }) => {
        event.title = "set";
        return new Response("a");
      },
      requestOf,
    );
    const event = { request: new Request("http://example.org/?b=2"), title: "unset" };

    await cached(event);

    expect(event.title).toBe("set");
  });

  it("is given its event in the functions of the route, with the other arguments", async () => {
    const cache = quietCache();
    let runs = 0;
    const cached = cacheEvent(
      cache,
      {
        ttl: 60,
        key: ({ params }, tenant) => `${tenant} ${params.id}`,
        tags: ({ params }, _response, tenant) => [`${tenant}:${params.id}`],
      },
      ({ request }: Plain, tenant: string) => {
        cacheTags(request, ["told"]);
        return new Response(`${tenant} ${++runs}`);
      },
      requestOf,
    );
    const ask = (tenant: string): Promise<unknown> => read(cached(plain("/a/7"), tenant));

    const before = [await ask("x"), await ask("y"), await ask("x")];
    await cache.invalidate({ tag: "x:7" });
    const byTag = [await ask("x"), await ask("y")];
    await cache.invalidate({ tag: "told" });

    expect([before, byTag, await ask("y")]).toEqual([
      [
        ["MISS", "x 1"],
        ["MISS", "y 2"],
        ["HIT", "x 1"],
      ],
      [
        ["MISS", "x 3"],
        ["HIT", "y 2"],
      ],
      ["MISS", "y 4"],
    ]);
  });

  it("has guards that are given the event, on a hit, too", async () => {
    let runs = 0;
    const cached = cacheEvent(
      quietCache(),
      {
        ttl: 60,
        before: [
          ({ request }) => (request.headers.has("x-key") ? undefined : new Response("no", { status: 401 })),
        ],
      },
      (_event: Plain) => new Response(`run ${++runs}`),
      requestOf,
    );
    const key = { headers: { "x-key": "1" } };

    const answers = [
      await read(cached(plain("/", key))),
      await read(cached(plain("/", key))),
      await read(cached(plain("/"))),
    ];

    expect(answers).toEqual([
      ["MISS", "run 1"],
      ["HIT", "run 1"],
      [null, "no"],
    ]);
  });

  it("is refreshed with an event that has a request without a client, and which is waited for", async () => {
    const clock = testClock();
    const cache: Cache = createCache({ reporter: false, clock });
    const waitedFor: Promise<unknown>[] = [];
    const seen: Request[] = [];
    const guarded: Request[] = [];
    const cached = cacheEvent(
      cache,
      {
        ttl: 10,
        staleWhileRevalidate: 60,
        before: [({ request }) => void guarded.push(request)],
      },
      (event: Plain & { waitUntil(promise: Promise<unknown>): void }) =>
        new Response(`run ${seen.push(event.request)}`),
      requestOf,
    );
    const event = (): Parameters<typeof cached>[0] => ({
      ...plain("/"),
      waitUntil: (promise) => void waitedFor.push(promise),
    });
    await read(cached(event()));
    clock.advance(10);
    const client = event();
    const stale = await read(cached(client));
    await vi.waitFor(() => expect(cache.stats().stored).toBe(2));

    expect([stale, waitedFor.length, await read(cached(event()))]).toEqual([
      ["HIT", "run 1"],
      1,
      ["HIT", "run 2"],
    ]);
    expect(seen[1]).not.toBe(client.request);
    expect(guarded[2]).toBe(seen[1]);
  });

  it("is told at once what is wrong with its declaration", () => {
    const handler = (_event: Plain): Response => new Response("a");

    expect(() => cacheEvent(quietCache(), { ttl: 60 }, handler, undefined as never)).toThrow(
      "what takes the request from the event is of type undefined, and no function; write cacheEvent(",
    );
    expect(() => cacheEvent(quietCache(), { ttl: 60 }, undefined as never, requestOf)).toThrow(
      "the handler is of type undefined; write cacheEvent(",
    );
    expect(() => cacheEvent(quietCache(), { tll: 60 } as never, handler, requestOf)).toThrow(
      expect.objectContaining({ code: "ERR_CACHE_OPTION_UNKNOWN" }),
    );
  });

  it("fails with the remedy where the function for the request returns none", () => {
    const cached = cacheEvent(
      quietCache(),
      { ttl: 60 },
      () => new Response("a"),
      (event: { readonly req: Request }) => Reflect.get(event, "request") as Request,
    );

    expect(() => cached({ req: new Request("http://example.org") })).toThrow(
      "the function that takes the request from the event has returned a undefined; write where it is",
    );
  });
});

describe("what an event has beside its request", () => {
  /** Returns what a handler with the declared parameter "a" sees of an event with these members, and of its request. */
  async function seenOf(query: string, members: Record<string, unknown>): Promise<unknown> {
    const cached = cacheEvent(
      quietCache(),
      { ttl: 60, query: ["a"] },
      (event: { readonly request: Request } & Record<string, unknown>) =>
        Response.json(
          Object.keys(members).map((name) => {
            const extra: unknown = Reflect.get(event.request, name);
            return [String(event[name]), String(extra)];
          }),
        ),
      requestOf,
    );
    const request = Object.assign(new Request(`http://a.test/p${query}`), members);
    return JSON.parse((await read(cached({ ...members, request })))[1]);
  }

  it.each(["?acme", "?a=1&acme", "?e&a=1", "?token=2", "?1"])(
    "is not changed by parameters that are not in the key: %s",
    async (query) => {
      const members = {
        tenant: "acme",
        ip: "192.0.2.1",
        upstream: "https://api.test/p?token=1",
        home: new URL("https://api.test/?a=2"),
        filters: new URLSearchParams("size=1"),
      };

      const expected = Object.values(members).map((value) => [String(value), String(value)]);

      expect(await seenOf(query, members)).toEqual(expected);
    },
  );

  it("has no undeclared parameter where it is made of the request's URL", async () => {
    const members = {
      originalUrl: "/p?a=1&b=2",
      queryString: "a=1&b=2",
      page: new URL("http://a.test/p?a=1&b=2&lang=de"),
      proxied: "https://public.test/base/p?a=1&b=2",
      made: new URL("http://a.test/other?lang=de&b=2"),
      parsed: new URLSearchParams("a=1&b=2"),
      added: new URLSearchParams("b=2&lang=de"),
    };

    const expected = [
      "/p?a=1",
      "a=1",
      "http://a.test/p?a=1",
      "https://public.test/base/p?a=1",
      "http://a.test/other?lang=de",
      "a=1",
      "lang=de",
    ];

    expect(await seenOf("?a=1&b=2", members)).toEqual(expected.map((text) => [text, text]));
  });
});
