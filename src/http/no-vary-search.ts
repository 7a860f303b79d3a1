import { parseDictionary } from "./structured-fields.ts";
import { trimSpaces } from "./list.ts";

/** The query parameters that do not select a response: those with these names, or with `isExcept` all others. */
export interface SearchRule {
  readonly isExcept: boolean;
  /** Decoded names. */
  readonly names: ReadonlySet<string>;
}

/** One string of an inner list, with its parameters (RFC 9651 §3.1.1). */
const MEMBER =
  / *"((?:[^"\\]|\\["\\])*)"(?:; *[a-z*][a-z0-9_\-.*]*(?:=(?:%?"(?:[^"\\]|\\["\\])*"|[^ ;")]+))?)*/y;

/**
 * Returns the rule in `No-Vary-Search` (draft-ietf-httpbis-no-vary-search). Returns undefined if the field is malformed or
 * leaves out no parameter, so that every parameter counts. `key-order` alone makes no rule.
 */
export function parseNoVarySearch(value: string | undefined): SearchRule | undefined {
  const members = value === undefined ? undefined : parseDictionary(value);
  if (members === undefined) return undefined;
  const [order, params, except] = ["key-order", "params", "except"].map((key) => members.get(key));
  if (order !== undefined && booleanOf(order) === undefined) return undefined;
  const isExcept = booleanOf(params) === true;
  if (except !== undefined && !isExcept) return undefined;
  if (isExcept) {
    const names = except === undefined ? new Set<string>() : namesOf(except);
    return names && { isExcept, names };
  }
  const names = namesOf(params);
  return names === undefined || names.size === 0 ? undefined : { isExcept, names };
}

/** Returns the one text of a rule: equal rules have equal texts. It has no bar, which separates the parts of keys. */
export function formatNoVarySearch({ isExcept, names }: SearchRule): string {
  const list = [...names]
    .map((name) => `"${encodeURIComponent(name)}"`)
    .toSorted()
    .join(" ");
  if (!isExcept) return `key-order, params=(${list})`;
  return list === "" ? "key-order, params" : `key-order, params, except=(${list})`;
}

/** Returns whether two rules are equal, or both undefined. */
export function isSameRule(one: SearchRule | undefined, other: SearchRule | undefined): boolean {
  return (one && formatNoVarySearch(one)) === (other && formatNoVarySearch(other));
}

/** Returns whether a parameter with this decoded name still selects the response. */
export function keepsBy({ isExcept, names }: SearchRule, name: string): boolean {
  // A name that cannot be decoded always counts: other parsers may read it with U+FFFD.
  return names.has(name) === isExcept || name.includes("%");
}

function booleanOf(member: string | true | undefined): boolean | undefined {
  if (member === true || member === "?1") return true;
  return member === "?0" ? false : undefined;
}

function namesOf(member: string | true | undefined): ReadonlySet<string> | undefined {
  if (typeof member !== "string" || !member.startsWith("(")) return undefined;
  const text = trimSpaces(member.slice(1, -1));
  const names = new Set<string>();
  for (let at = 0; at < text.length; at = MEMBER.lastIndex) {
    MEMBER.lastIndex = at;
    const name = MEMBER.exec(text)?.[1];
    if (name === undefined) return undefined;
    names.add(decode(name.replace(/\\(["\\])/g, "$1")));
  }
  return names;
}

/** Decodes a name as in a form. */
function decode(name: string): string {
  return new URLSearchParams(`name=${name.replaceAll("&", "%26")}`).get("name") as string;
}
