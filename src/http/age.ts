import { parseDeltaSeconds } from "./delta-seconds.ts";
import type { FieldValue } from "./fields.ts";

/**
 * Reads `Age` in seconds (RFC 9111 §5.1); undefined where there is none, `Infinity` where it is anything but one
 * number: a response whose age is not known counts as stale.
 */
export function parseAge(value: FieldValue | undefined): number | undefined {
  if (value === undefined) return undefined;
  return typeof value === "string" ? (parseDeltaSeconds(value.trim()) ?? Infinity) : Infinity;
}
