/** Whether a part of a body is bytes; those of another realm (a worker, a test runner) are bytes as well. */
export function isBytes(part: unknown): part is Uint8Array {
  return Object.prototype.toString.call(part) === "[object Uint8Array]";
}

/** Joins parts into one; a single part is not copied. */
export function joined(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  let length = 0;
  for (const part of parts) length += part.byteLength;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}

/** How long a part of large content is, in bytes. */
const PART_BYTES = 65_536;

/** Reads bytes part by part, without a copy. */
export async function* partsOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.byteLength; at += PART_BYTES) yield bytes.subarray(at, at + PART_BYTES);
}
