import type { Entry } from "../../../src/index.ts";
import { remembering } from "./wronged.ts";
import type { Slip } from "./wronged.ts";

/** Stores that keep an entry with one part of it changed. */
export const ofEntries: readonly Slip[] = [
  [
    "takes empty content for none",
    "an empty body stays empty",
    keeping({ body: ({ body }) => orNone(body) }),
  ],
  [
    "keeps seven bits of a byte",
    "all 256 byte values are kept",
    keeping({ body: ({ body }) => body.map((byte) => byte & 0x7f) }),
  ],
  [
    "cuts content at 64 KiB",
    "a body of 1 MiB is kept",
    keeping({ body: ({ body }) => body.slice(0, 2 ** 16) }),
  ],
  [
    "keeps the whole buffer of a part",
    "a body that is a view of a larger buffer is kept without the rest",
    keeping({ body: ({ body }) => new Uint8Array(body.buffer) }),
  ],
  [
    "keeps bodies as text",
    "bytes that are not UTF-8 are kept",
    keeping({ body: ({ body }) => Buffer.from(Buffer.from(body).toString()) }),
  ],
  ["knows one status", "a status is kept", keeping({ status: () => 200 })],
  [
    "adds a field",
    "an empty list of fields stays empty",
    keeping({ fields: ({ fields }) => [...fields, ["x-stored", "1"]] }),
  ],
  [
    "joins the lines of a field",
    "fields keep their order, and repeated fields keep their lines",
    keeping({ fields: ({ fields }) => fields.map(([name, value]) => [name, String(value)]) }),
  ],
  [
    "keeps ASCII alone",
    "field values with 8-bit characters, quotes and commas are kept",
    keeping({
      fields: ({ fields }) => fields.map(([name, value]) => [name, String(value).replace(/[^\t -~]/g, "?")]),
    }),
  ],
  [
    "keeps fields in an object",
    "a field named like a property of Object.prototype is kept",
    keeping({ fields: inObject }),
  ],
  [
    "writes a large number for Infinity",
    "infinite instants are kept",
    keeping({ staleAt: ({ staleAt }) => Math.min(staleAt, Number.MAX_SAFE_INTEGER) }),
  ],
  [
    "loses stale windows",
    "stale windows are kept, infinite ones too",
    keeping({ staleIfErrorUntil: () => undefined }),
  ],
  [
    "rounds durations",
    "the duration of a run is kept",
    keeping({ fillMs: ({ fillMs = 0 }) => Math.round(fillMs) }),
  ],
  [
    "keeps whole seconds",
    "instants keep their milliseconds",
    keeping({ storedAt: ({ storedAt }) => Math.floor(storedAt / 1000) * 1000 }),
  ],
  [
    "writes 14 digits of a number",
    "a position of 16 digits is kept",
    keeping({ began: ({ began }) => Number(began.toPrecision(14)) }),
  ],
  ["takes 0 for nothing", "a position of 0 is kept", keeping({ began: ({ began }) => began || 1 })],
  [
    "sorts names",
    "names with any characters are kept in their order, and an empty list stays empty",
    keeping({ names: ({ names }) => names.toSorted() }),
  ],
  [
    "forgets how a response was made",
    "how the response was made is kept",
    keeping({ making: () => undefined }),
  ],
  [
    "sorts vary lists",
    "a vary list of several names is kept",
    keeping({ vary: ({ vary }) => vary.toSorted().toReversed() }),
  ],
  [
    "trims variants",
    "a variant with any characters is kept",
    keeping({ variant: ({ variant }) => variant.trim() }),
  ],
];

type Recodings = { readonly [Name in keyof Entry]?: (entry: Entry) => Entry[Name] };

function keeping(recodings: Recodings): Slip[2] {
  return remembering((entry) => {
    const changed = Object.entries(recodings).map(([name, recode]) => [name, recode(entry)]);
    return { ...entry, ...Object.fromEntries(changed) };
  });
}

function orNone(body: Uint8Array): Uint8Array {
  return body.byteLength > 0 ? body : new Uint8Array(1);
}

function inObject({ fields }: Entry): Entry["fields"] {
  const named: Record<string, Entry["fields"][number][1]> = {};
  for (const [name, value] of fields) named[name] = value;
  return Object.entries(named);
}
