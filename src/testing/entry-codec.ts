import type { Entry } from "../index.ts";

/** The version in every encoded head. Entries of another version are not decoded. */
const VERSION = 3;
const HEAD_LENGTH_BYTES = 4;
/** The encoded end of an absent stale window. */
const NEVER = 0;

/**
 * Encodes an entry: the length of the head in four bytes, the head as JSON in UTF-8, and the body as it is. An example for
 * authors of stores; nothing else reads this format.
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
 * Decodes an entry. Returns undefined if the bytes are malformed, cut short or of another version (hazard 23). The core checks
 * key, variant and fields of what any store returns, so this does not.
 */
export function decodeEntry(bytes: Uint8Array): Entry | undefined {
  const head = headOf(bytes);
  if (head === undefined) return undefined;
  const { version, length, instants, windows = [], ...named } = head.members as unknown as EncodedHead;
  const { key, variant, vary, status, fields, names, began, fillMs, making } = named;
  const body = bytes.subarray(head.end);
  if (version !== VERSION || body.byteLength !== length || !Array.isArray(instants)) return undefined;
  const [storedAt, staleAt, deleteAt] = instants.map((instant: number | null) => instant ?? Infinity);
  if (storedAt === undefined || staleAt === undefined || deleteAt === undefined) return undefined;
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
    names,
    began,
    ...(staleWhileRevalidateUntil === NEVER ? {} : { staleWhileRevalidateUntil }),
    ...(staleIfErrorUntil === NEVER ? {} : { staleIfErrorUntil }),
    ...(fillMs === undefined ? {} : { fillMs }),
    ...(making === undefined ? {} : { making }),
  };
}

interface EncodedHead extends Omit<Entry, "body" | "storedAt" | "staleAt" | "deleteAt"> {
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
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
