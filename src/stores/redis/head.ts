import { Buffer } from "node:buffer";
import type { Entry, EntryHead } from "../../core/contract/store.ts";

/** The version in every stored head. A head of another version is a miss. */
const VERSION = 1;

/** What no entry has as its head, so that the core reports a corrupt entry. */
export const CORRUPT: EntryHead = Object.freeze({}) as EntryHead;

/** A head as it is stored: a JSON list in this order. JSON has no `Infinity`: `null` stands for it. */
type StoredHead = readonly [
  version: typeof VERSION,
  key: string,
  variant: string,
  vary: Entry["vary"],
  length: number,
  status: number,
  fields: Entry["fields"],
  storedAt: number,
  staleAt: number | null,
  deleteAt: number | null,
  began: number,
  names: Entry["names"],
  more: More,
];

interface More extends Pick<Entry, "fillMs" | "making"> {
  readonly staleWhileRevalidateUntil?: number | null | undefined;
  readonly staleIfErrorUntil?: number | null | undefined;
}

/** Returns the head of an entry as it is stored. */
export function encodeHead(entry: Entry): Buffer {
  const { key, variant, vary, body, status, fields, storedAt, staleAt, deleteAt, began, names } = entry;
  const { staleWhileRevalidateUntil, staleIfErrorUntil, fillMs, making } = entry;
  const head: StoredHead = [
    VERSION,
    key,
    variant,
    vary,
    body.byteLength,
    status,
    fields,
    storedAt,
    staleAt,
    deleteAt,
    began,
    names,
    {
      staleWhileRevalidateUntil,
      staleIfErrorUntil,
      ...(fillMs === undefined ? undefined : { fillMs }),
      ...(making === undefined ? undefined : { making }),
    },
  ];
  return Buffer.from(JSON.stringify(head));
}

/**
 * Returns a stored head. Undefined: it has another version. `CORRUPT`: it is no head. The core checks all members of what any
 * store returns, so this does not.
 */
export function decodeHead(bytes: Buffer): EntryHead | undefined {
  const stored = parsed(bytes.toString());
  if (!Array.isArray(stored) || typeof stored[0] !== "number") return CORRUPT;
  if (stored[0] !== VERSION) return undefined;
  const [, key, variant, vary, length, status, fields, storedAt, staleAt, deleteAt, began, names, more] =
    stored as unknown as StoredHead;
  const { staleWhileRevalidateUntil, staleIfErrorUntil, ...others } = more ?? {};
  return {
    key,
    variant,
    vary,
    length,
    status,
    fields,
    storedAt,
    staleAt: staleAt ?? Infinity,
    deleteAt: deleteAt ?? Infinity,
    began,
    names,
    ...(staleWhileRevalidateUntil !== undefined && {
      staleWhileRevalidateUntil: staleWhileRevalidateUntil ?? Infinity,
    }),
    ...(staleIfErrorUntil !== undefined && { staleIfErrorUntil: staleIfErrorUntil ?? Infinity }),
    ...others,
  };
}

/** Returns the value of a JSON text. Undefined: it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
