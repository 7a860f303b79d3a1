/**
 * One `name=value` of a query. `name` and `value` are percent-encoded in one way only, so that equal parameters have equal
 * texts. `value` is undefined without `=`. `raw` is the segment as received.
 */
export interface QueryParameter {
  readonly name: string;
  readonly value: string | undefined;
  readonly raw: string;
  /** Whether all parsers read it alike. If not, only `raw` counts. */
  readonly isPlain: boolean;
}

/** The default limit of segments in the parsers of Node and `qs`. */
const MOST_SEGMENTS = 1000;

/** Here `qs` ends a name that other parsers end earlier. */
const LATER_END = /(?:\]|%5D)=/i;

/**
 * Returns the parameters of a query (without its `?`) in order: split at `&` only, each at its first `=`, empty
 * segments dropped, `+` read as a space.
 */
export function parseQuery(query: string): QueryParameter[] {
  const parameters: QueryParameter[] = [];
  for (const raw of query.split("&")) {
    if (raw === "") continue;
    const at = raw.indexOf("=");
    const [rawName, rawValue] = at === -1 ? [raw, undefined] : [raw.slice(0, at), raw.slice(at + 1)];
    const [name, value] = [canonical(rawName), rawValue === undefined ? "" : canonical(rawValue)];
    parameters.push({
      name: name ?? rawName,
      value: rawValue && (value ?? rawValue),
      raw,
      isPlain: name !== undefined && value !== undefined && !LATER_END.test(rawValue ?? ""),
    });
  }
  return parameters;
}

/** Returns whether a query exceeds the parsers' limit of segments. Then the order of all parameters counts. */
export function isLongQuery(query: string): boolean {
  return query.length > MOST_SEGMENTS && query.split("&", MOST_SEGMENTS + 1).length > MOST_SEGMENTS;
}

/**
 * Returns the parameters as one text, sorted by the part of their names before `[` or `.`, in code-unit order. Parameters
 * with the same such part keep their order, because a parser that nests reads `a=1&a[]=2` and `a[]=2&a=1` differently
 * (hazard 40). Different parameters give different texts.
 *
 * Nothing is sorted with `isOrdered`, nor if a parameter is not plain or begins with `[` or `.`: it may belong to any other.
 */
export function formatQuery(parameters: readonly QueryParameter[], isOrdered = false): string {
  const based = parameters.map((parameter) => ({ base: baseOf(parameter), text: textOf(parameter) }));
  if (!isOrdered && based.every(({ base }) => base !== undefined))
    based.sort(({ base: left = "" }, { base: right = "" }) => (left < right ? -1 : left > right ? 1 : 0));
  return based.map(({ text }) => text).join("&");
}

/** The part of a name before `[` or `.`. Undefined if parsers may disagree on it. */
function baseOf({ name, isPlain }: QueryParameter): string | undefined {
  if (!isPlain) return undefined;
  const base = name.split(/%5B|\./, 1)[0] as string;
  return base === "" && name !== "" ? undefined : base;
}

function textOf({ name, value, raw, isPlain }: QueryParameter): string {
  if (!isPlain) return raw;
  return value === undefined ? name : `${name}=${value}`;
}

/** Returns a name or value decoded, or as it is if it cannot be decoded. */
export function decodeComponent(canonical: string): string {
  if (!canonical.includes("%")) return canonical;
  try {
    return decodeURIComponent(canonical);
  } catch {
    return canonical;
  }
}

/** Returns the path and the query of a request target. The query has no `?` and is empty if there is none. */
export function splitTarget(target: string): { path: string; query: string } {
  const at = target.indexOf("?");
  return at === -1 ? { path: target, query: "" } : { path: target.slice(0, at), query: target.slice(at + 1) };
}

/** The characters that `encodeURIComponent` leaves alone. */
const UNRESERVED = /^[A-Za-z0-9\-_.!~*'()]*$/;

/** URL parsers may end a query at one of these or drop it. */
const ENDS = /[#\s]/;

/** Returns text in its one encoding, or undefined if parsers decode it differently or not at all. */
function canonical(text: string): string | undefined {
  if (UNRESERVED.test(text)) return text;
  if (ENDS.test(text)) return undefined;
  try {
    return encodeURIComponent(decodeURIComponent(text.replaceAll("+", "%20")));
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
