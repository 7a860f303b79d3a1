import { parseDictionary } from "./structured-fields.ts";
import { trimSpaces } from "./list.ts";

/** Which query parameters do not tell responses apart: those with these names, or all but those. */
export interface SearchRule {
  readonly isExcept: boolean;
  /** Names as they are after decoding. */
  readonly names: ReadonlySet<string>;
}

/** One string of an inner list, its parameters read over (RFC 9651 §3.1.1). */
const MEMBER =
  / *"((?:[^"\\]|\\["\\])*)"(?:; *[a-z*][a-z0-9_\-.*]*(?:=(?:%?"(?:[^"\\]|\\["\\])*"|[^ ;")]+))?)*/y;

/**
 * Reads `No-Vary-Search` (draft-ietf-httpbis-no-vary-search). Undefined where the field is invalid, so that each
 * parameter counts, and where it leaves none out: the order of parameters alone makes no rule.
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

/** Writes a rule in one way only, so that equal text means equal rules. There is no bar in it. */
export function formatNoVarySearch({ isExcept, names }: SearchRule): string {
  const list = [...names]
    .map((name) => `"${encodeURIComponent(name)}"`)
    .toSorted()
    .join(" ");
  if (!isExcept) return `key-order, params=(${list})`;
  return list === "" ? "key-order, params" : `key-order, params, except=(${list})`;
}

/** Whether two rules say the same; none is a rule too. */
export function isSameRule(one: SearchRule | undefined, other: SearchRule | undefined): boolean {
  return (one && formatNoVarySearch(one)) === (other && formatNoVarySearch(other));
}

/** Whether a parameter of this name, decoded, still tells responses apart. */
export function keepsBy({ isExcept, names }: SearchRule, name: string): boolean {
  // What could not be decoded stands for itself, where others read U+FFFD: it always counts.
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

/** Decodes a name as a form would have it. */
function decode(name: string): string {
  return new URLSearchParams(`name=${name.replaceAll("&", "%26")}`).get("name") as string;
}
