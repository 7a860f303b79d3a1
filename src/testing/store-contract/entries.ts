import type { Entry } from "../../index.ts";
import { assertRead, bytesOf, entryOf, read } from "./sample.ts";
import type { StoreScenario, StoreScenarios } from "./sample.ts";

/** Entries are returned as they were set, byte for byte. */
export const entries: StoreScenarios = {
  "an empty body stays empty": keeps({ body: new Uint8Array() }),
  "all 256 byte values are kept": keeps({ body: new Uint8Array(256).map((_, value) => value) }),
  "a body of 1 MiB is kept": keeps({
    body: new Uint8Array(2 ** 20).map((_, at) => (at * 31 + (at >> 8)) % 256),
  }),
  "a body that is a view of a larger buffer is kept without the rest": keeps({
    body: bytesOf("before it after").subarray(7, 9),
  }),
  "bytes that are not UTF-8 are kept": keeps({ body: Uint8Array.of(0xff, 0xfe, 0xc0, 0x80, 0, 0x0d, 0x0a) }),
  "a status is kept": keeps({ status: 503 }),
  "an empty list of fields stays empty": keeps({ fields: [] }),
  "fields keep their order, and repeated fields keep their lines": keeps({
    fields: [
      ["link", ["</b>; rel=next", "</c>; rel=last"]],
      ["content-type", "text/plain"],
      ["set-cookie", ["b=1", "a=2", "a=2"]],
      ["a", "1"],
    ],
  }),
  "field values with 8-bit characters, quotes and commas are kept": keeps({
    fields: [
      ["x-name", "caf\u00E9 \u00FF \u0080"],
      ["etag", 'W/"a,\\b"'],
      ["x-empty", ""],
      ["x-tab", "a\tb"],
    ],
  }),
  "a field named like a property of Object.prototype is kept": keeps({
    fields: [
      ["constructor", "1"],
      ["__proto__", "2"],
    ],
  }),
  "infinite instants are kept": keeps({ staleAt: Infinity, deleteAt: Infinity }),
  "stale windows are kept, infinite ones too": keeps({
    staleWhileRevalidateUntil: 1_767_225_700_500,
    staleIfErrorUntil: Infinity,
    deleteAt: Infinity,
  }),
  "the duration of a run is kept": keeps({ fillMs: 12.5 }),
  "instants keep their milliseconds": keeps({ storedAt: 1_767_225_600_123, staleAt: 9_007_199_254_740_991 }),
  "a position of 16 digits is kept": keeps({ began: 1_767_225_600_123_457 }),
  "a position of 0 is kept": keeps({ began: 0 }),
  "names with any characters are kept in their order, and an empty list stays empty": async (store, key) => {
    await keeps({ names: ["t|b", "t|a", "u|http://a/?b=c d", "k|\u0000", "é", ""] })(store, key);
    await keeps({ names: [] })(store, key);
  },
  "how the response was made is kept": keeps({
    making: { textIn: "utf8", isParted: true, endBytes: 3, removed: ["x-powered-by"], added: ["link"] },
  }),
  "a vary list of several names is kept": keeps({ vary: ["accept", "accept-language", "x-tenant"] }),
  "a variant with any characters is kept": keeps({ variant: "accept=text/html%2C */*&cookie&é|\n" }),
};

function keeps(parts: Partial<Entry>): StoreScenario {
  return async (store, key) => {
    const entry = entryOf(key("a"), parts);
    await store.set(entry);
    assertRead(await read(store, key("a"), entry.variant), entry);
  };
}
