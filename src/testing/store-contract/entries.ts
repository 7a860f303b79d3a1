import type { Entry } from "../../index.ts";
import { assertSame, bytesOf, entryOf } from "./sample.ts";
import type { StoreScenario, StoreScenarios } from "./sample.ts";

/** What is read is what was written, to the last byte. */
export const entries: StoreScenarios = {
  "an empty body stays empty": keeps({ body: new Uint8Array() }),
  "all 256 byte values come back": keeps({ body: new Uint8Array(256).map((_, value) => value) }),
  "a body of 1 MiB comes back": keeps({
    body: new Uint8Array(2 ** 20).map((_, at) => (at * 31 + (at >> 8)) % 256),
  }),
  "a body that is a part of a larger buffer comes back alone": keeps({
    body: bytesOf("before it after").subarray(7, 9),
  }),
  "bytes that are no UTF-8 come back": keeps({ body: Uint8Array.of(0xff, 0xfe, 0xc0, 0x80, 0, 0x0d, 0x0a) }),
  "a status comes back": keeps({ status: 503 }),
  "no fields come back as none": keeps({ fields: [] }),
  "fields keep their order, repeated ones their lines": keeps({
    fields: [
      ["link", ["</b>; rel=next", "</c>; rel=last"]],
      ["content-type", "text/plain"],
      ["set-cookie", ["b=1", "a=2", "a=2"]],
      ["a", "1"],
    ],
  }),
  "field values of 8 bits, quotes and commas come back": keeps({
    fields: [
      ["x-name", "caf\u00E9 \u00FF \u0080"],
      ["etag", 'W/"a,\\b"'],
      ["x-empty", ""],
      ["x-tab", "a\tb"],
    ],
  }),
  "a field that is named like a property of every object comes back": keeps({
    fields: [
      ["constructor", "1"],
      ["__proto__", "2"],
    ],
  }),
  "instants that never come are kept": keeps({ staleAt: Infinity, deleteAt: Infinity }),
  "stale windows are kept, those that never end too": keeps({
    staleWhileRevalidateUntil: 1_767_225_700_500,
    staleIfErrorUntil: Infinity,
    deleteAt: Infinity,
  }),
  "the time that a handler took is kept": keeps({ fillMs: 12.5 }),
  "instants keep their milliseconds": keeps({ storedAt: 1_767_225_600_123, staleAt: 9_007_199_254_740_991 }),
  "a vary list of many names comes back": keeps({ vary: ["accept", "accept-language", "x-tenant"] }),
  "a variant of any text comes back": keeps({ variant: "accept=text/html%2C */*&cookie&é|\n" }),
};

function keeps(parts: Partial<Entry>): StoreScenario {
  return async (store, key) => {
    const entry = entryOf(key("a"), parts);
    await store.set(entry);
    assertSame(await store.get(key("a"), () => entry.variant), entry);
  };
}
