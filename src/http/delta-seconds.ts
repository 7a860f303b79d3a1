import type { FieldValue } from "./fields.ts";

/** The largest number of seconds, which larger ones become: 2^31 (RFC 9111 §1.2.2). */
export const MAX_DELTA_SECONDS: number = 2 ** 31;

const DIGITS = /^[0-9]+$/;

/** Returns the non-negative integer in `text`, at most 2^31, or undefined for any other text (RFC 9111 §1.2.2). */
export function parseDeltaSeconds(text: string): number | undefined {
  return DIGITS.test(text) ? Math.min(Number(text), MAX_DELTA_SECONDS) : undefined;
}

/**
 * Returns an `Age` in seconds (RFC 9111 §5.1), or undefined without the field. Returns `Infinity` for anything but one number,
 * because a response of unknown age counts as stale.
 */
export function parseAge(value: FieldValue | undefined): number | undefined {
  if (value === undefined) return undefined;
  return typeof value === "string" ? (parseDeltaSeconds(value.trim()) ?? Infinity) : Infinity;
}
