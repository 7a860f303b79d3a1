import { combined, isFieldName } from "./fields.ts";
import type { FieldValue } from "./fields.ts";
import { parseList } from "./list.ts";

/**
 * Returns the request fields that tell variants apart: lower-case, each once, in order; or `"*"` where more than
 * the request does (RFC 9110 §12.5.5). A member that is no field name cannot be looked up, so it reads as `"*"`.
 */
export function parseVary(value: FieldValue | undefined): readonly string[] | "*" {
  const members = parseList((combined(value) ?? "").toLowerCase());
  if (members.some((member) => member === "*" || !isFieldName(member))) return "*";
  return [...new Set(members)];
}

/** Returns a `Vary` value with the members that are present, as they are spelled, and the added ones; `"*"` swallows all. */
export function mergeVary(present: FieldValue | undefined, added: readonly string[]): string {
  const known = parseVary(present);
  const wanted = parseVary(added);
  if (known === "*" || wanted === "*") return "*";
  const missing = wanted.filter((name) => !known.includes(name));
  return [...parseList(combined(present) ?? ""), ...missing].join(", ");
}
