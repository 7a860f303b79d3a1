/** Whether a part of a body is bytes, of this realm or another (a worker, a test runner). */
export function isBytes(part: unknown): part is Uint8Array {
  return Object.prototype.toString.call(part) === "[object Uint8Array]";
}

/** Joins parts into one. A single part is not copied. */
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

/** The length of a part of large content, in bytes. */
const PART_BYTES = 65_536;

/** Yields bytes in parts, without copying them. */
export async function* partsOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.byteLength; at += PART_BYTES) yield bytes.subarray(at, at + PART_BYTES);
}
