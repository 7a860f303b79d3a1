/**
 * One `name=value` of a query. `name` and `value` are canonical: percent-encoded in one way only, so that equal
 * text means equal parameters. `value` is undefined where there is no `=`. `raw` is the segment as received.
 */
export interface QueryParameter {
  readonly name: string;
  readonly value: string | undefined;
  readonly raw: string;
}

/**
 * Returns the parameters of a query (without its `?`) in order: split at `&` only, each at its first `=`, empty
 * segments dropped, `+` read as a space.
 */
export function parseQuery(query: string): QueryParameter[] {
  const parameters: QueryParameter[] = [];
  for (const raw of query.split("&")) {
    if (raw === "") continue;
    const at = raw.indexOf("=");
    const name = canonical(at === -1 ? raw : raw.slice(0, at));
    parameters.push({ name, value: at === -1 ? undefined : canonical(raw.slice(at + 1)), raw });
  }
  return parameters;
}

/**
 * Returns the parameters as one text, sorted by name in code-unit order; values of one name keep their order.
 * Different parameters give different texts.
 */
export function formatQuery(parameters: readonly Pick<QueryParameter, "name" | "value">[]): string {
  return parameters
    .toSorted((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0))
    .map(({ name, value }) => (value === undefined ? name : `${name}=${value}`))
    .join("&");
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

function canonical(text: string): string {
  if (UNRESERVED.test(text)) return text;
  try {
    return encodeURIComponent(decodeURIComponent(text.replaceAll("+", "%20")));
  } catch {
    // Malformed text is kept as it came: every canonical text decodes, so it equals none of them.
    return text;
  }
}
