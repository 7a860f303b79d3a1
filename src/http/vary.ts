import { combined, isFieldName } from "./fields.ts";
import type { FieldValue } from "./fields.ts";
import { parseList } from "./list.ts";

/**
 * Returns the members of `Vary` in lower case, each once, in order, or `"*"` if one of them is `*` or no field name
 * (RFC 9110 §12.5.5).
 */
export function parseVary(value: FieldValue | undefined): readonly string[] | "*" {
  const members = parseList((combined(value) ?? "").toLowerCase());
  if (members.some((member) => member === "*" || !isFieldName(member))) return "*";
  return [...new Set(members)];
}

/**
 * Returns a `Vary` value with the present members as spelled and the added ones. `"*"` replaces all.
 *
 * @example
 * mergeVary("Accept, Origin", ["origin", "x-tenant"]); // "Accept, Origin, x-tenant"
 */
export function mergeVary(present: FieldValue | undefined, added: readonly string[]): string {
  const known = parseVary(present);
  const wanted = parseVary(added);
  if (known === "*" || wanted === "*") return "*";
  const names = new Set(known);
  const missing = wanted.filter((name) => !names.has(name));
  return [...parseList(combined(present) ?? ""), ...missing].join(", ");
}

/** Fields whose members are tokens: case and whitespace between them have no meaning (RFC 9110 §12.5). */
const LISTS_OF_TOKENS: ReadonlySet<string> = new Set([
  "accept-charset",
  "accept-encoding",
  "accept-language",
]);

/** Matches only at the start of a run of spaces: a try at each space would be quadratic (hazard 32). */
const BESIDE_SEMICOLON = /(?<![ \t])[ \t]*;[ \t]*/g;

/**
 * Returns a selecting field's value in normal form, so that equivalent values select one variant (RFC 9111 §4.1). It does
 * only what the field's specification allows. Order is kept, because many servers prefer the first member.
 */
export function normalizeSelecting(name: string, value: string): string {
  if (!LISTS_OF_TOKENS.has(name)) return value;
  return parseList(value.toLowerCase().replace(BESIDE_SEMICOLON, ";")).join(",");
}
