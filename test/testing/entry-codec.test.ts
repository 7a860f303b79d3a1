import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { headOf } from "../../src/index.ts";
import type { Entry } from "../../src/index.ts";
import { decodeHead, encodeHead } from "../../src/testing/index.ts";

const instant = fc.oneof(fc.nat(), fc.constant(Infinity));
const text = fc.string({ unit: "binary" });
const marked = fc.record({
  names: fc.array(text),
  began: fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }),
});
const plain = fc.record({
  key: text,
  variant: text,
  vary: fc.array(text),
  status: fc.integer({ min: 200, max: 599 }),
  fields: fc.array(fc.tuple(text, fc.oneof(text, fc.array(text)))),
  body: fc.uint8Array(),
  storedAt: instant,
  staleAt: instant,
  deleteAt: instant,
});
const end = fc.oneof(fc.integer({ min: 1 }), fc.constant(Infinity));
const windows = fc.record(
  { staleWhileRevalidateUntil: end, staleIfErrorUntil: end, fillMs: fc.nat() },
  { requiredKeys: [] },
);
const entries: fc.Arbitrary<Entry> = fc
  .tuple(plain, marked, windows)
  .map(([entry, marks, stale]) => ({ ...entry, ...marks, ...stale }));

describe("an encoded head", () => {
  it("is decoded as the head of the entry that it was", () => {
    fc.assert(
      fc.property(entries, (entry) => {
        expect(decodeHead(encodeHead(entry))).toEqual(headOf(entry));
      }),
    );
  });

  it("is undefined where it is cut short, wherever", () => {
    fc.assert(
      fc.property(entries, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (entry, part) => {
        const bytes = encodeHead(entry);
        expect(decodeHead(bytes.subarray(0, Math.floor(bytes.byteLength * part)))).toBeUndefined();
      }),
    );
  });

  it.each([
    ["another version", { version: 1, length: 0, instants: [0, 0, 0] }],
    ["too few instants", { version: 4, length: 0, instants: [0, 0] }],
    ["no instants", { version: 4, length: 0 }],
    ["null", null],
  ])("is undefined where it has %s", (_, head) => {
    expect(decodeHead(bytesOf(JSON.stringify(head)))).toBeUndefined();
  });

  it("is undefined where it is not JSON", () => {
    expect(decodeHead(bytesOf("{"))).toBeUndefined();
  });
});

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
