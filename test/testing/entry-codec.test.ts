import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entry } from "../../src/index.ts";
import { decodeEntry, encodeEntry } from "../../src/testing/index.ts";

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

describe("an encoded entry", () => {
  it("is decoded as the entry that it was", () => {
    fc.assert(
      fc.property(entries, (entry) => {
        expect(decodeEntry(encodeEntry(entry))).toEqual(entry);
      }),
    );
  });

  it("is undefined where it is cut short, wherever", () => {
    fc.assert(
      fc.property(entries, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (entry, part) => {
        const bytes = encodeEntry(entry);
        expect(decodeEntry(bytes.subarray(0, Math.floor(bytes.byteLength * part)))).toBeUndefined();
      }),
    );
  });

  it.each([
    ["another version", { version: 1, length: 0, instants: [0, 0, 0] }],
    ["too few instants", { version: 3, length: 0, instants: [0, 0] }],
    ["no instants", { version: 3, length: 0 }],
    ["another length", { version: 3, length: 1, instants: [0, 0, 0] }],
    ["null", null],
  ])("is undefined where its head has %s", (_, head) => {
    expect(decodeEntry(framed(JSON.stringify(head)))).toBeUndefined();
  });

  it("is undefined where its head is not JSON", () => {
    expect(decodeEntry(framed("{"))).toBeUndefined();
  });
});

function framed(head: string): Uint8Array {
  const text = new TextEncoder().encode(head);
  const bytes = new Uint8Array(4 + text.byteLength);
  new DataView(bytes.buffer).setUint32(0, text.byteLength);
  bytes.set(text, 4);
  return bytes;
}
