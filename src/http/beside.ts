import { linesOf } from "./fields.ts";
import type { FieldValue } from "./fields.ts";
import { mergeVary } from "./vary.ts";

/** Fields that keep what was set before. */
const JOINED: ReadonlySet<string> = new Set(["set-cookie", "vary"]);

/**
 * Returns the value of a field that is set beside one of earlier middleware: `Vary` is merged, lines of `Set-Cookie` are appended,
 * and so are those of a field that `isAdded`; all else is replaced.
 *
 * @example
 * besideEarlier("vary", "accept", "origin"); // "origin, accept"
 */
export function besideEarlier(
  name: string,
  value: FieldValue,
  earlier: FieldValue | undefined,
  isAdded = false,
): FieldValue {
  if (earlier === undefined || !(isAdded || JOINED.has(name))) return value;
  return name === "vary"
    ? mergeVary(linesOf(earlier), linesOf(value))
    : [...linesOf(earlier), ...linesOf(value)];
}
