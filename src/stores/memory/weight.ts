import type { Entry } from "../../core/contract/store.ts";

/**
 * What an entry costs beyond its texts and its content: objects, map slots, the buffer's own head (about 900 bytes),
 * and what the engine keeps of those that went before it until it next collects them. Measured as resident memory,
 * for contents of 100 bytes to 20 KB.
 */
const OVERHEAD_BYTES = 2000;
/** Small contents are also kept as text, which is cheaper to send. */
const SENT_AS_TEXT_BYTES = 8192;

/** What an entry weighs in memory, in bytes, by a reckoning that never needs to look at its content. */
export function weigh(entry: Entry): number {
  let bytes = OVERHEAD_BYTES + bytesOf(entry.key) + bytesOf(entry.variant) + entry.body.byteLength;
  if (entry.body.byteLength <= SENT_AS_TEXT_BYTES) bytes += entry.body.byteLength;
  for (const tag of entry.tags ?? []) bytes += bytesOf(tag) + 24;
  const { removed = [], added = [] } = entry.making ?? {};
  for (const name of [...removed, ...added]) bytes += name.length + 24;
  for (const [name, value] of entry.fields) {
    bytes += name.length + 64;
    for (const line of [value].flat()) bytes += line.length + 24;
  }
  return bytes;
}

/** The engine keeps a byte for each character of a text, or two where one of them is beyond Latin-1. */
function bytesOf(text: string): number {
  return /[\u0100-\uFFFF]/.test(text) ? text.length * 2 : text.length;
}
