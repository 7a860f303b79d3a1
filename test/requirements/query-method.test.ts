import { describe, expect, it } from "vitest";
import { kitOf, nameOf, said, textOf } from "../support/kit.ts";
import type { Asked, KitOptions } from "../support/kit.ts";

const querying: KitOptions = { route: { methods: ["GET", "QUERY"] } };
const json = { "content-type": "application/json" };

function nameOfQuery(content: unknown, headers: Readonly<Record<string, string>> = json): string | undefined {
  return nameOf(querying, { method: "QUERY", content, headers });
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

describe("the JSON of a QUERY", () => {
  it.each([
    ['{"a":1,"b":[1,2]}', ' { "b" : [ 1 , 2 ] ,\n "a" : 1 } '],
    ['{"a":{"x":1,"y":2}}', '{"a":{"y":2,"x":1}}'],
    ['{"a":1.50}', '{"a":15e-1}'],
    ['["\\u0061\\/"]', '["a/"]'],
    ['{"__proto__":1,"a":2}', '{"a":2,"__proto__":1}'],
  ])("counts by its value, not by its spelling: %s and %s", (one, other) => {
    expect(nameOfQuery(bytes(one))).toBe(nameOfQuery(bytes(other)));
    expect(nameOfQuery(one)).toBe(nameOfQuery(other));
    expect(nameOfQuery(JSON.parse(one))).toBe(nameOfQuery(JSON.parse(other)));
  });

  it.each([
    ["[1,2]", "[2,1]"],
    ['{"a":1}', '{"a":"1"}'],
    ['{"a":1}', '{"A":1}'],
    ['{"a":null}', "{}"],
    ['"a "', '"a"'],
    ["1e400", "2e400"],
    ["9007199254740992", "9007199254740993"],
    ["1e-400", "0"],
    ['{"a":1,"a":2}', '{"a":2}'],
    ['{"a":[{"b":1,"b":1}]}', '{"a":[{"b":1}]}'],
    ['"\\ud800"', '"\\ud801"'],
    ["{a:1}", "{a: 1}"],
    ["", " "],
  ])("differs where any parser could read it otherwise: %s and %s", (one, other) => {
    expect(nameOfQuery(bytes(one))).not.toBe(nameOfQuery(bytes(other)));
    expect(nameOfQuery(one)).not.toBe(nameOfQuery(other));
  });

  it("counts as bytes where it is not UTF-8", () => {
    const [one, other] = [0xfe, 0xff].map((byte) => Uint8Array.of(0x22, byte, 0x22));

    expect(nameOfQuery(one)).not.toBe(nameOfQuery(other));
  });

  it("counts as bytes where it is nested without end", () => {
    const deep = (space: string): Uint8Array => bytes("[".repeat(5000) + space + "]".repeat(5000));

    expect(nameOfQuery(deep(""))).not.toBe(nameOfQuery(deep(" ")));
  });

  it.each([
    ["application/json; charset=utf-8"],
    ['application/ld+json; charset="UTF-8"'],
    ["Application/JSON"],
    ["application/problem+json;x=1"],
  ])("is recognized by the media type %s", (type) => {
    const headers = { "content-type": type };

    expect(nameOfQuery("[ 1 ]", headers)).toBe(nameOfQuery("[1]", headers));
  });

  it.each([
    [{}],
    [{ "content-type": "text/plain" }],
    [{ "content-type": "application/jsonp" }],
    [{ "content-type": "application/json-seq" }],
    [{ "content-type": "application/json; charset=utf-16" }],
    [{ ...json, "content-encoding": "gzip" }],
    [{ ...json, "cache-control": "no-transform" }],
    [{ ...json, "cache-control": "max-age=0, No-Transform" }],
  ])("counts by its spelling with %j", (headers: Readonly<Record<string, string>>) => {
    expect(nameOfQuery(bytes("[ 1 ]"), headers)).not.toBe(nameOfQuery(bytes("[1]"), headers));
  });

  it("counts by its spelling where it was parsed already and must not be transformed", () => {
    const headers = { ...json, "cache-control": "no-transform" };

    expect(nameOfQuery({ a: 1, b: 2 }, headers)).not.toBe(nameOfQuery({ b: 2, a: 1 }, headers));
  });

  it("keeps other media types of one content apart", () => {
    expect(nameOfQuery("[1]", { "content-type": "application/ld+json" })).not.toBe(nameOfQuery("[1]"));
  });

  it("is normalized for QUERY alone, since two spellings need not mean the same to POST", () => {
    const options: KitOptions = { route: { methods: ["POST"] } };
    const names = ["[1]", "[ 1 ]"].map((content) =>
      nameOf(options, { method: "POST", content, headers: json }),
    );

    expect(names[0]).not.toBe(names[1]);
  });
});

describe("a QUERY", () => {
  const asked: Asked = { method: "QUERY", content: '{"a":1}', headers: json };
  const etag = { etag: '"1"' };

  it("is served what another QUERY with the same content stored", () => {
    const { ask } = kitOf(querying);
    ask(asked, { body: "found" });

    expect(textOf(ask({ ...asked, content: ' {"a": 1}' }))).toBe("found");
  });

  it("is not served what a GET stored, nor a GET what it stored", () => {
    const { ask, now } = kitOf(querying);
    ask(asked);

    expect(now().kind).toBe("fill");
  });

  it("gets 304 where its client has what is stored", () => {
    const { ask } = kitOf(querying);
    ask(asked, { headers: etag });

    expect(ask({ ...asked, headers: { ...json, "if-none-match": '"1"' } }).status).toBe(304);
  });

  it("gets a part where it has Range", () => {
    const { ask } = kitOf(querying);
    ask(asked, { body: "0123456789" });
    const reply = ask({ ...asked, headers: { ...json, range: "bytes=2-4" } });

    expect([reply.status, textOf(reply), said(reply, "content-range")]).toEqual([206, "234", "bytes 2-4/10"]);
  });

  it("hides conditions and ranges from the handler, which has to send the whole response", () => {
    const { now } = kitOf(querying);

    expect(now({ ...asked, headers: { ...json, range: "bytes=2-4" } })).toMatchObject({
      kind: "fill",
      hidden: expect.arrayContaining(["range", "if-none-match"]),
    });
  });

  it("is safe, and invalidates nothing where unsafe methods do", () => {
    const { ask, now } = kitOf({ route: { invalidateOnUnsafe: true } });
    ask({ target: "/a" });

    now({ method: "QUERY", target: "/a" });

    expect(now({ target: "/a" }).kind).toBe("serve");
  });
});
