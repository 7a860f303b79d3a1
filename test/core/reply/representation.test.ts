import { describe, expect, it } from "vitest";
import { Responder } from "../../../src/core/reply/representation.ts";
import { entryOf } from "../../support/entry.ts";
import { kitOf, namesOf, said, textOf } from "../../support/kit.ts";
import type { Said } from "../../support/kit.ts";

const versioned: Said = {
  headers: { etag: '"v1"', "cache-control": "max-age=60", "x-a": "1" },
  body: "report",
};

describe("a conditional request", () => {
  it("gets 304 on a hit whose tag it knows, weakly, in a list or by a star", () => {
    const { ask } = kitOf();
    ask({}, versioned);

    const replies = ['"v1"', 'W/"v1"', '"v0", "v1"', "*"].map((tag) =>
      ask({ headers: { "if-none-match": tag } }),
    );

    expect(replies.map(({ status, body }) => [status, body])).toEqual(
      Array.from({ length: 4 }, () => [304, undefined]),
    );
  });

  it("gets the whole on a hit whose tag it does not know", () => {
    const { ask } = kitOf();
    ask({}, versioned);

    expect(ask({ headers: { "if-none-match": '"v0"' } }).status).toBe(200);
  });

  it("gets 304 on a miss, too", () => {
    const { ask, cache } = kitOf();

    const miss = ask({ headers: { "if-none-match": '"v1"' } }, versioned);

    expect([miss.status, miss.body, cache.stats().stored]).toEqual([304, undefined, 1]);
    expect(said(miss, "cache-status")).toBe("caching-route;fwd=uri-miss;fwd-status=200;stored");
  });

  it("gets 304 by the tag that the cache made from the content", () => {
    const { ask } = kitOf();
    const etag = said(ask(), "etag")!;

    expect(ask({ headers: { "if-none-match": etag } }).status).toBe(304);
  });

  it("gets 304 by date where it has no tag", () => {
    const { ask } = kitOf();
    const lastModified = "Wed, 31 Dec 2025 12:00:00 GMT";
    ask({}, { headers: { "last-modified": lastModified } });

    const replies = [lastModified, "Wed, 31 Dec 2025 11:59:59 GMT"].map((date) =>
      ask({ headers: { "if-modified-since": date } }),
    );

    expect(replies.map(({ status }) => status)).toEqual([304, 200]);
  });

  it("has on a 304 only the fields that RFC 9110 §15.4.5 names, and those of this message", () => {
    const { ask } = kitOf();
    ask(
      {},
      {
        ...versioned,
        headers: {
          ...versioned.headers,
          vary: "x-tenant",
          "content-type": "text/plain",
          "last-modified": "x",
        },
      },
    );

    const reply = ask({ headers: { "if-none-match": "*" } });

    expect(namesOf(reply)).toEqual(["age", "cache-control", "cache-status", "etag", "vary", "x-cache"]);
  });

  it("with POST never gets 304: only GET, HEAD and QUERY ask for a representation", () => {
    const { ask } = kitOf({ route: { methods: ["POST", "QUERY"] } });
    ask({ method: "POST", content: "a" }, versioned);
    ask({ method: "QUERY", content: "a" }, versioned);
    const headers = { "if-none-match": '"v1"' };

    const statuses = ["POST", "QUERY"].map((method) => ask({ method, content: "a", headers }).status);

    expect(statuses).toEqual([200, 304]);
  });

  it("gets the whole where the stored status is not 200", () => {
    const { ask } = kitOf({ route: { statuses: [404] } });
    ask({}, { ...versioned, status: 404 });

    expect(ask({ headers: { "if-none-match": "*" } }).status).toBe(404);
  });
});

describe("a range request", () => {
  it("gets the part that it asks for", () => {
    const { ask } = kitOf();
    ask({}, versioned);

    const part = ask({ headers: { range: "bytes=1-3" } });

    expect([part.status, textOf(part), said(part, "content-range"), said(part, "content-length")]).toEqual([
      206,
      "epo",
      "bytes 1-3/6",
      "3",
    ]);
  });

  it("gets the part on a miss, too, and the whole is stored", () => {
    const { ask } = kitOf();

    const part = ask({ headers: { range: "bytes=-2" } }, versioned);

    expect([part.status, textOf(part), textOf(ask())]).toEqual([206, "rt", "report"]);
  });

  it("is refused where no byte is asked for", () => {
    const { ask } = kitOf();
    ask({}, versioned);

    const refused = ask({ headers: { range: "bytes=9-" } });

    expect([
      refused.status,
      refused.body,
      said(refused, "content-range"),
      said(refused, "content-length"),
    ]).toEqual([416, undefined, "bytes */6", "0"]);
  });

  it("gets the whole where If-Range names another version", () => {
    const { ask } = kitOf();
    ask({}, versioned);

    const statuses = ['"v1"', '"v0"'].map(
      (tag) => ask({ headers: { range: "bytes=0-0", "if-range": tag } }).status,
    );

    expect(statuses).toEqual([206, 200]);
  });

  it("gets the whole where it asks for several parts, or not for bytes", () => {
    const { ask } = kitOf();
    ask({}, versioned);

    const statuses = ["bytes=0-0,2-3", "lines=1-2"].map((range) => ask({ headers: { range } }).status);

    expect(statuses).toEqual([200, 200]);
  });

  it("is ignored with HEAD", () => {
    const { ask } = kitOf();
    ask({}, versioned);

    expect(ask({ method: "HEAD", headers: { range: "bytes=0-0" } }).status).toBe(200);
  });
});

describe("a stored response that is sent", () => {
  it("has its status, its repeated fields in order and its bytes", () => {
    const { ask } = kitOf({ route: { statuses: [201] } });
    const body = Uint8Array.of(0, 255, 128, 10);
    ask({}, { status: 201, headers: { link: ["<a>", "<b>"], "content-encoding": "br" }, body });

    const hit = ask();

    expect([hit.status, hit.fields.find(([name]) => name === "link")?.[1], hit.body]).toEqual([
      201,
      ["<a>", "<b>"],
      body,
    ]);
  });

  it("comes as text, too, where it is short and ASCII", () => {
    const { ask } = kitOf();
    const bodies = ["report", "r\u00E9port", "x".repeat(8193)];
    bodies.forEach((body, index) => ask({ target: `/${index}` }, { body }));

    const texts = bodies.map((_, index) => ask({ target: `/${index}` }).text);

    expect(texts).toEqual(["report", undefined, undefined]);
  });

  it("keeps a byte-order mark, which decoders like to drop", () => {
    const { ask } = kitOf();
    ask({}, { body: "\uFEFFreport" });

    expect(ask().body?.byteLength).toBe(9);
  });

  it("has neither content nor length where its status allows none", () => {
    const { ask } = kitOf({ route: { statuses: [204] } });
    const miss = ask({}, { status: 204, body: "" });

    const hit = ask();

    expect([miss.body, hit.status, hit.body, said(hit, "content-length")]).toEqual([
      undefined,
      204,
      undefined,
      undefined,
    ]);
  });

  it("has no content where a 205 allows none, and Content-Length: 0", () => {
    const { ask } = kitOf({ route: { statuses: [205] } });
    ask({}, { status: 205, body: "" });

    const hit = ask();

    expect([hit.body, said(hit, "content-length")]).toEqual([undefined, "0"]);
  });

  it("has the Cache-Status of caches nearer to the handler, before that of this one", () => {
    const { ask } = kitOf();
    const inner = { headers: { "cache-status": "origin;hit" } };

    const replies = [ask({}, inner), ask()];

    expect(replies.map((reply) => said(reply, "cache-status"))).toEqual([
      "origin;hit, caching-route;fwd=uri-miss;fwd-status=200;stored",
      "origin;hit, caching-route;hit;ttl=60",
    ]);
  });

  it("passes their Cache-Status on where this cache has none", () => {
    const { ask } = kitOf({ cache: { cacheStatus: false, statusHeader: false } });
    const inner = { headers: { "cache-status": "origin;hit" } };

    expect([ask({}, inner), ask()].map((reply) => said(reply, "cache-status"))).toEqual([
      "origin;hit",
      "origin;hit",
    ]);
  });

  it("has the status header by the name and the words that the cache was given", () => {
    const { ask } = kitOf({
      cache: { statusHeader: { name: "X-Report-Cache", hit: "yes", miss: "no" }, cacheStatus: "edge" },
    });

    const replies = [ask({}, { headers: { "x-report-cache": "forged" } }), ask()];

    expect(replies.map((reply) => said(reply, "x-report-cache"))).toEqual(["no", "yes"]);
    expect(said(replies[1]!, "cache-status")).toBe("edge;hit;ttl=60");
  });
});

describe("a hit that is asked for several ranges", () => {
  const body = "0123456789".repeat(100);

  it("gets them in parts where that is smaller than the whole", () => {
    const { ask } = kitOf();
    ask({}, { headers: { "content-type": "text/plain" }, body });

    const reply = ask({ headers: { range: "bytes=0-9,-5" } });

    expect(reply.status).toBe(206);
    expect(said(reply, "content-type")).toBe("multipart/byteranges; boundary=byteranges-0");
    expect(said(reply, "content-range")).toBeUndefined();
    expect(said(reply, "content-length")).toBe(String(reply.body?.byteLength));
    expect(textOf(reply)).toContain("Content-Range: bytes 995-999/1000\r\n\r\n56789\r\n");
  });

  it.each(["bytes=0-900,901-950", "bytes=0-5,3-9", "bytes=9-12,0-3"])("gets the whole for %s", (range) => {
    const { ask } = kitOf();
    ask({}, { headers: { "content-type": "text/plain" }, body });

    const reply = ask({ headers: { range } });

    expect([reply.status, textOf(reply)]).toEqual([200, body]);
  });

  it("gets those that are there, and 416 where none is", () => {
    const { ask } = kitOf();
    ask({}, { body });

    const some = ask({ headers: { range: "bytes=0-1,5000-" } });
    const none = ask({ headers: { range: "bytes=5000-,6000-" } });

    expect([some.status, textOf(some)]).toEqual([206, "01"]);
    expect(none.status).toBe(416);
  });
});

describe("content that a store reads again for each hit", () => {
  it("is kept by no reply that is used again", () => {
    const responder = new Responder();
    const made = {};
    const remembered = { ...entryOf({ body: new Uint8Array() }), length: 2 };
    const selection = {
      ifNoneMatch: undefined,
      ifModifiedSince: undefined,
      ifRange: undefined,
      range: undefined,
    };
    const bodies = ["ab", "cd"].map((text) => new TextEncoder().encode(text));
    const replies = bodies.map((body) =>
      responder.reply({ ...remembered, body }, "GET", selection, [["age", "1"]], made, remembered),
    );

    expect(replies.map(({ body }) => body)).toEqual(bodies);
    expect(made).toMatchObject({ whole: { status: 200, body: undefined } });
  });
});
