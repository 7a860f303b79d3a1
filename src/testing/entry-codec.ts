import type { Entry, EntryHead } from "../index.ts";

/** The version in every encoded head. Heads of another version are not decoded. */
const VERSION = 4;
/** The encoded end of an absent stale window. */
const NEVER = 0;

/**
 * Encodes the head of an entry as JSON in UTF-8. The body needs no encoding: keep its bytes beside the head. An example for
 * authors of stores; nothing else reads this format.
 */
export function encodeHead(entry: Entry): Uint8Array {
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
  return new TextEncoder().encode(JSON.stringify(head));
}

/**
 * Decodes a head. Returns undefined if the bytes are malformed, cut short or of another version (hazard 23). The core checks
 * each member of what any store returns, and the length of the body, so this does not.
 */
export function decodeHead(bytes: Uint8Array): EntryHead | undefined {
  const encoded = parsed(new TextDecoder().decode(bytes)) as Partial<EncodedHead> | null | undefined;
  if (encoded?.version !== VERSION || !Array.isArray(encoded.instants)) return undefined;
  const { version: _version, instants, windows = [], ...named } = encoded as EncodedHead;
  const [storedAt, staleAt, deleteAt] = instants.map((instant) => instant ?? Infinity);
  if (storedAt === undefined || staleAt === undefined || deleteAt === undefined) return undefined;
  const [staleWhileRevalidateUntil = NEVER, staleIfErrorUntil = NEVER] = windows.map(
    (end) => end ?? Infinity,
  );
  return {
    ...named,
    storedAt,
    staleAt,
    deleteAt,
    ...(staleWhileRevalidateUntil === NEVER ? {} : { staleWhileRevalidateUntil }),
    ...(staleIfErrorUntil === NEVER ? {} : { staleIfErrorUntil }),
  };
}

interface EncodedHead extends Omit<EntryHead, "storedAt" | "staleAt" | "deleteAt"> {
  readonly version: number;
  readonly instants: readonly (number | null)[];
  readonly windows?: readonly (number | null)[];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
