import type { Entry } from "../index.ts";

/** The first member of every encoded head: entries of another version are nobody's. */
const VERSION = 2;
const HEAD_LENGTH_BYTES = 4;
/** The end of a stale window that there is none of. */
const NEVER = 0;

/**
 * Encodes an entry: four bytes with the length of the head, the head as JSON in UTF-8, and the body as it is.
 *
 * An example of what a store over bytes needs, small and complete: not a format that anything else reads.
 */
export function encodeEntry(entry: Entry): Uint8Array {
  const { body, storedAt, staleAt, deleteAt, ...others } = entry;
  const { staleWhileRevalidateUntil = NEVER, staleIfErrorUntil = NEVER, ...named } = others;
  // JSON has no Infinity: it writes null.
  const head = {
    version: VERSION,
    length: body.byteLength,
    instants: [storedAt, staleAt, deleteAt],
    windows: [staleWhileRevalidateUntil, staleIfErrorUntil],
    ...named,
  };
  const text = new TextEncoder().encode(JSON.stringify(head));
  const bytes = new Uint8Array(HEAD_LENGTH_BYTES + text.byteLength + body.byteLength);
  new DataView(bytes.buffer).setUint32(0, text.byteLength);
  bytes.set(text, HEAD_LENGTH_BYTES);
  bytes.set(body, HEAD_LENGTH_BYTES + text.byteLength);
  return bytes;
}

/**
 * Decodes an entry; undefined for bytes that are none, are cut short, or are of another version (hazard 23).
 *
 * Whether key, variant and fields are what they should be is the core's to check, whatever the store.
 */
export function decodeEntry(bytes: Uint8Array): Entry | undefined {
  const head = headOf(bytes);
  if (head === undefined) return undefined;
  const { version, length, instants, windows = [], ...named } = head.members as unknown as Head;
  const { key, variant, vary, status, fields, tags, taggedAt, fillMs, making } = named;
  const body = bytes.subarray(head.end);
  if (version !== VERSION || body.byteLength !== length || !Array.isArray(instants)) return undefined;
  const [storedAt, staleAt, deleteAt] = instants.map((instant: number | null) => instant ?? Infinity);
  if (storedAt === undefined || staleAt === undefined || deleteAt === undefined) return undefined;
  const tagging = tags === undefined || taggedAt === undefined ? {} : { tags, taggedAt };
  const [staleWhileRevalidateUntil = NEVER, staleIfErrorUntil = NEVER] = windows.map(
    (end) => end ?? Infinity,
  );
  return {
    key,
    variant,
    vary,
    status,
    fields,
    body,
    storedAt,
    staleAt,
    deleteAt,
    ...tagging,
    ...(staleWhileRevalidateUntil === NEVER ? {} : { staleWhileRevalidateUntil }),
    ...(staleIfErrorUntil === NEVER ? {} : { staleIfErrorUntil }),
    ...(fillMs === undefined ? {} : { fillMs }),
    ...(making === undefined ? {} : { making }),
  };
}

interface Head extends Omit<Entry, "body" | "storedAt" | "staleAt" | "deleteAt"> {
  readonly version: number;
  readonly length: number;
  readonly instants: readonly (number | null)[];
  readonly windows?: readonly (number | null)[];
}

function headOf(bytes: Uint8Array): { readonly members: object; readonly end: number } | undefined {
  if (bytes.byteLength < HEAD_LENGTH_BYTES) return undefined;
  const end = HEAD_LENGTH_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (end > bytes.byteLength) return undefined;
  const members = parsed(new TextDecoder().decode(bytes.subarray(HEAD_LENGTH_BYTES, end)));
  return typeof members === "object" && members !== null ? { members, end } : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // Whoever wrote it, it was not `encodeEntry`. Anything but a syntax error is a defect of this file.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
