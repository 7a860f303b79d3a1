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
  const said = new Set(known);
  const missing = wanted.filter((name) => !said.has(name));
  return [...parseList(combined(present) ?? ""), ...missing].join(", ");
}

/** Fields whose members are tokens, so that case and space between them mean nothing (RFC 9110 §12.5). */
const LISTS_OF_TOKENS: ReadonlySet<string> = new Set([
  "accept-charset",
  "accept-encoding",
  "accept-language",
]);

/** Begins only where a run of spaces does: to try each space of it in turn would be quadratic (hazard 32). */
const BESIDE_SEMICOLON = /(?<![ \t])[ \t]*;[ \t]*/g;

/**
 * Returns a selecting field's value as it counts: two that mean the same are one (RFC 9111 §4.1). Only what the field's
 * own specification says is done, and order is kept, since many servers prefer what stands first.
 */
export function normaliseSelecting(name: string, value: string): string {
  if (!LISTS_OF_TOKENS.has(name)) return value;
  return parseList(value.toLowerCase().replace(BESIDE_SEMICOLON, ";")).join(",");
}
