/**
 * One `name=value` of a query. `name` and `value` are canonical: percent-encoded in one way only, so that equal
 * text means equal parameters. `value` is undefined where there is no `=`. `raw` is the segment as received.
 */
export interface QueryParameter {
  readonly name: string;
  readonly value: string | undefined;
  readonly raw: string;
  /** Whether all parsers read it alike; one that some read otherwise is nothing but its raw text. */
  readonly isPlain: boolean;
}

/** Parsers look at so many segments of a query at most: those of Node and `qs`, by default. */
const MOST_SEGMENTS = 1000;

/** Where `qs` ends a name, though it has ended for others before. */
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

/** Whether parsers that read a thousand segments would not read all of this query: then its order counts, too. */
export function isLongQuery(query: string): boolean {
  return query.length > MOST_SEGMENTS && query.split("&", MOST_SEGMENTS + 1).length > MOST_SEGMENTS;
}

/**
 * Returns the parameters as one text, sorted in code-unit order by what their names begin with: a parser that nests
 * makes different things of `a=1&a[]=2` and `a[]=2&a=1`, so what stands before `[` or `.` keeps its order, as values of
 * one name do (hazard 40). Nothing is sorted where `isOrdered` says so, nor where some parameter is not plain, or begins
 * with such a character: it may be a part of any other. Different parameters give different texts.
 */
export function formatQuery(parameters: readonly QueryParameter[], isOrdered = false): string {
  const based = parameters.map((parameter) => ({ base: baseOf(parameter), text: textOf(parameter) }));
  if (!isOrdered && based.every(({ base }) => base !== undefined))
    based.sort(({ base: left = "" }, { base: right = "" }) => (left < right ? -1 : left > right ? 1 : 0));
  return based.map(({ text }) => text).join("&");
}

/** What stands before `[` or `.` in a canonical name; undefined where that is not surely what a parser calls it. */
function baseOf({ name, isPlain }: QueryParameter): string | undefined {
  if (!isPlain) return undefined;
  const base = name.split(/%5B|\./, 1)[0] as string;
  return base === "" && name !== "" ? undefined : base;
}

function textOf({ name, value, raw, isPlain }: QueryParameter): string {
  if (!isPlain) return raw;
  return value === undefined ? name : `${name}=${value}`;
}

/** Returns the text that a canonical name or value stands for; one that cannot be decoded stands for itself. */
export function decodeComponent(canonical: string): string {
  if (!canonical.includes("%")) return canonical;
  try {
    return decodeURIComponent(canonical);
  } catch {
    return canonical;
  }
}

/** Returns the path and the query of a request target; the query is without its `?`, and empty where there is none. */
export function splitTarget(target: string): { path: string; query: string } {
  const at = target.indexOf("?");
  return at === -1 ? { path: target, query: "" } : { path: target.slice(0, at), query: target.slice(at + 1) };
}

/** The characters that `encodeURIComponent` leaves alone. */
const UNRESERVED = /^[A-Za-z0-9\-_.!~*'()]*$/;

/** Where they stand in a query, a URL parser may end it or take them away. */
const ENDS = /[#\s]/;

/** Undefined for text that parsers decode in different ways, or not at all. */
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
