import { describe, expect, it } from "vitest";
import { digestContent } from "../../../src/core/request/content-digest.ts";
import { platformDigest } from "../../../src/platform.ts";
import { requestOf } from "../../support/kit.ts";

const digest = platformDigest(new Uint8Array());

function digestOf(content: unknown, headers: Record<string, string> = {}): string | undefined {
  return digestContent(requestOf({ content, headers }), digest);
}

function nested(depth: number): unknown {
  return JSON.parse("[".repeat(depth) + "]".repeat(depth));
}

describe("the digest of a request's content", () => {
  it("differs between contents, whatever they look like as text", () => {
    const contents = [
      "",
      "1",
      "null",
      '{"a":1}',
      "\uD800",
      "\uD801",
      1,
      -0,
      0,
      1.5,
      true,
      false,
      null,
      [],
      [[]],
      [1, 2],
      [12],
      ["1", "2"],
      ["12"],
      [undefined].slice(1),
      {},
      { a: 1 },
      { a: "1" },
      { a: null },
      { ab: 1 },
      { a: { b: 1 } },
      { a: 1, b: 1 },
      new Uint8Array(),
      Uint8Array.of(49),
      new TextEncoder().encode('{"a":1}'),
    ];

    // [undefined].slice(1) is an empty list again: the one pair that is meant to be equal.
    expect(new Set(contents.map((content) => digestOf(content))).size).toBe(contents.length - 1);
  });

  it("is the same for the same content each time", () => {
    expect(digestOf({ a: [1, "x"] })).toBe(digestOf({ a: [1, "x"] }));
  });

  it("depends on how the content is to be read", () => {
    const digests = [{}, { "content-type": "text/plain" }, { "content-encoding": "gzip" }].map((headers) =>
      digestOf("x", headers),
    );

    expect(new Set(digests).size).toBe(3);
  });

  it("covers objects of a class without members, as the form parser of Fastify makes them", () => {
    const form = Object.assign(Object.create(Object.create(null) as object) as object, { a: "1" });

    expect(digestOf(form)).toBe(digestOf({ a: "1" }));
  });

  it("covers objects without a prototype, as form parsers make them", () => {
    expect(digestOf(Object.assign(Object.create(null), { a: 1 }))).toBe(digestOf({ a: 1 }));
  });

  it("is absent for values that cannot be told apart", () => {
    const contents = [
      undefined,
      new Map(),
      new Date(0),
      { a: undefined },
      { a: () => 1 },
      [new Set()],
      Symbol("x"),
      1n,
    ];

    expect(contents.map((content) => digestOf(content))).toEqual(contents.map(() => undefined));
  });

  it("is absent for a list with holes", () => {
    const holes: unknown[] = [];
    holes[1] = 1;

    expect(digestOf(holes)).toBeUndefined();
  });

  it("is absent for endlessly nested content, which costs its sender nothing", () => {
    expect([typeof digestOf(nested(50)), digestOf(nested(5000))]).toEqual(["string", undefined]);
  });

  it("is absent where the adapter has no content at hand", () => {
    const { content: _, ...request } = requestOf();

    expect(digestContent(request, digest)).toBeUndefined();
  });
});
