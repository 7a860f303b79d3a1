import { formatContentRange } from "./range.ts";
import type { ByteRange } from "./range.ts";

/** Content of type `multipart/byteranges`, with its media type and boundary. */
export interface Multipart {
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** More ranges are only of use to an attacker, who wants a large response to a small request. */
const MOST_RANGES = 16;

/**
 * Returns whether to send several ranges as parts: at most 16, in order and without overlap. Otherwise the whole response
 * is sent, because many small or overlapping ranges are an attack (RFC 9110 §14.2).
 */
export function areWorthParts(ranges: readonly ByteRange[]): boolean {
  if (ranges.length < 2 || ranges.length > MOST_RANGES) return false;
  return ranges.every((range, index) => index === 0 || range.first > (ranges[index - 1] as ByteRange).last);
}

/** Returns several ranges of a body as parts (RFC 9110 §14.6, §15.3.7.2). `contentType` is that of the body. */
export function multipartRanges(
  body: Uint8Array,
  ranges: readonly ByteRange[],
  contentType: string | undefined,
): Multipart {
  const boundary = boundaryFor(body);
  const encoder = new TextEncoder();
  const type = contentType === undefined ? "" : `Content-Type: ${contentType}\r\n`;
  const pieces = ranges.flatMap((range) => [
    encoder.encode(
      `--${boundary}\r\n${type}Content-Range: ${formatContentRange(range, body.byteLength)}\r\n\r\n`,
    ),
    body.subarray(range.first, range.last + 1),
    encoder.encode("\r\n"),
  ]);
  pieces.push(encoder.encode(`--${boundary}--\r\n`));
  return { contentType: `multipart/byteranges; boundary=${boundary}`, body: concatenated(pieces) };
}

/** Numbers of at most nine digits: a body of 4 GiB cannot contain them all. */
const TAKEN = /byteranges-([0-9]{1,9})/g;

/** A boundary that the body does not contain, so that no content can end a part (RFC 2046 §5.1.1). */
function boundaryFor(body: Uint8Array): string {
  const text = new TextDecoder("latin1").decode(body);
  // The body is searched once: a search per number would be quadratic for a body that has them all (hazard 32).
  const taken = new Set<number>();
  for (const [, digits = ""] of text.matchAll(TAKEN)) {
    // `byteranges-12` contains `byteranges-1`.
    for (let length = 1; length <= digits.length; length++) taken.add(Number(digits.slice(0, length)));
  }
  let number = 0;
  while (taken.has(number)) number++;
  return `byteranges-${number}`;
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.byteLength, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.byteLength;
  }
  return whole;
}
