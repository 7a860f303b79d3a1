import type { Entry } from "../../core/contract/store.ts";

/**
 * The memory of an entry beyond its texts and content: objects, map slots, the buffer's header (about 900 bytes), and its
 * share of garbage that is not collected yet. Measured as resident memory for contents of 100 bytes to 20 KB.
 */
const OVERHEAD_BYTES = 2000;
/** Content up to this size is also kept as text, which is cheaper to send. */
const SENT_AS_TEXT_BYTES = 8192;

/** Returns the estimated memory of an entry in bytes, without reading its content. */
export function weigh(entry: Entry): number {
  let bytes = OVERHEAD_BYTES + textBytes(entry.key) + textBytes(entry.variant) + entry.body.byteLength;
  if (entry.body.byteLength <= SENT_AS_TEXT_BYTES) bytes += entry.body.byteLength;
  for (const name of entry.names) bytes += textBytes(name) + 24;
  const { removed = [], added = [] } = entry.making ?? {};
  for (const name of [...removed, ...added]) bytes += name.length + 24;
  for (const [name, value] of entry.fields) {
    bytes += name.length + 64;
    for (const line of [value].flat()) bytes += line.length + 24;
  }
  return bytes;
}

/** The engine uses one byte per character, or two if a character is beyond Latin-1. */
function textBytes(text: string): number {
  return /[\u0100-\uFFFF]/.test(text) ? text.length * 2 : text.length;
}
