import { isFieldName } from "../http/fields.ts";
import { CacheError, show } from "./errors.ts";
import type { ResponseHead } from "./types.ts";

/** A schema that can say its JSON Schema, as zod 4.2 and other libraries of the Standard Schema family do. */
export interface JsonSchemaSource {
  readonly "~standard": {
    readonly jsonSchema: { input(options: { target: "draft-07" }): Record<string, unknown> };
  };
}

/** What a route may say about its caching; everything is optional. `Native` is the framework's own request. */
export interface RouteOptions<Native = never> {
  /**
   * How long a response stays fresh, in seconds; `Infinity`: until it is invalidated or evicted. A function is given
   * the response's head. Default: what the handler says (`s-maxage`, `max-age`, `Expires`), else 60. A lifetime
   * that is written on the route wins over the handler's, never over its `no-store`, `private` or `no-cache`
   * (RFC 9111 §4.2.1). Seconds in a cache's `defaults` are for responses that state none, in place of the 60; `"response"`
   * says that those have no lifetime.
   */
  ttl?: number | "response" | ((response: ResponseHead) => number);
  /**
   * Who may see a stored response. `"anonymous"` (default): a request that carries `Authorization` or `Cookie` is
   * neither looked up nor stored. `"shared"`: as RFC 9111 §3.5 says; a request with `Authorization` is stored only where
   * its response says so (`public`, `s-maxage`, `must-revalidate`), cookies do not count. `"everyone"`: whoever passes the guards sees the same response. A function: one
   * entry per principal; what it returns enters the key as a keyed hash only.
   */
  scope?: "anonymous" | "shared" | "everyone" | ((request: Native) => string);
  /**
   * Names the resource in place of method, host, path, query and content. What it returns, with the namespace, is
   * what `cache.invalidate` takes. Returning anything but a non-empty string fails the request.
   */
  key?: (request: Native) => string;
  /** Appended to the cache's namespace, or put in its place, as `namespacePolicy` says. */
  namespace?: string;
  /** Request fields that tell variants apart; also said in `Vary` (RFC 9110 §12.5.5). Default: none. */
  vary?: readonly string[];
  /**
   * Status codes that are stored: a list, or a map from code to `true` or to a lifetime of its own in seconds
   * (`{ 200: true, 404: 10 }`), or `"any"` final status that HTTP lets a cache store. Default: 200 alone.
   */
  statuses?: readonly number[] | Readonly<Record<number, true | number>> | "any";
  /**
   * Which query parameters enter the key: those that the route declares to its framework (`"declared"`), all of them
   * (`"all"`), a list of names, or a Standard Schema. A handler does not see parameters that are left out.
   * Default: the declared ones where the framework knows them, else all.
   */
  query?: "declared" | "all" | readonly string[] | JsonSchemaSource;
  /**
   * Methods that are cached. HEAD is answered from GET. Of any other method, the request's content enters the key.
   * Default: GET alone.
   */
  methods?: readonly string[];
  /**
   * What a response with `Set-Cookie` means. `"refuse"` (default): it is served and not stored. `"strip"`: it is
   * stored without the cookies. `"store"`: everyone is sent the same cookies.
   */
  setCookie?: "refuse" | "strip" | "store";
  /** The largest content that is stored, in bytes; a larger one is served only. Default: 1 MiB. */
  maxBodyBytes?: number;
  /**
   * Whether a response without a lifetime gets a tenth of the time since its `Last-Modified`, one day at most
   * (RFC 9111 §4.2.2). Default: false.
   */
  heuristic?: boolean;
  /**
   * Whether a client's `Cache-Control` and `Pragma` are obeyed (RFC 9111 §5.2.1): `no-cache`, `no-store`, `max-age`,
   * `min-fresh`, `max-stale`, `only-if-cached` (504). Default: false, so that a client cannot make the handler run.
   */
  requestDirectives?: boolean;
  /**
   * Whether a stale response is kept for its validator: the handler is shown `If-None-Match` and `If-Modified-Since`,
   * and a 304 of it makes the stored content fresh again (RFC 9111 §4.3). With it, a response with `no-cache` is
   * stored and asked for each time. Default: false.
   */
  revalidate?: boolean;
  /**
   * Whether a successful request with an unsafe method removes what is stored for its URI, and for the URIs of the
   * same origin in `Location` and `Content-Location` (RFC 9111 §4.4), and what belongs to the groups of the same origin
   * in `Cache-Group-Invalidation`; with it, `Cache-Groups` is heeded (RFC 9875). Default: false.
   */
  invalidateOnUnsafe?: boolean;
  /**
   * What stored responses are tagged with, for `cache.invalidate({ tag })`: non-empty names, or a function that returns
   * them. Returning anything else fails the request. Default: none.
   */
  tags?: readonly string[] | ((request: Native, response: ResponseHead) => readonly string[]);
  /** Whether the response's own `Date` is stored and said on hits, as between caches. Default: false. */
  storeDate?: boolean;
  /**
   * Whether `No-Vary-Search` is heeded: query parameters that a response says not to count are left out of the key of
   * later requests for its path. Where the parameters are declared, responses say so themselves, and the names count
   * exactly: `filter[a]` is not `filter`. Default: false.
   */
  noVarySearch?: boolean;
}

const KNOWN: Readonly<Record<keyof Required<RouteOptions>, (value: unknown) => string | undefined>> = {
  ttl: (value) =>
    typeof value === "function" || value === "response" || (typeof value === "number" && value >= 0)
      ? undefined
      : 'seconds (0 or more, Infinity allowed), "response", or a function that returns seconds',
  scope: (value) =>
    typeof value === "function" || value === "anonymous" || value === "shared" || value === "everyone"
      ? undefined
      : '"anonymous", "shared", "everyone", or a function that returns a principal',
  key: (value) => (typeof value === "function" ? undefined : "a function that returns a non-empty string"),
  namespace: (value) => (typeof value === "string" ? undefined : 'a string, such as "users"'),
  vary: (value) =>
    isListOf(value, (name) => typeof name === "string" && isFieldName(name) && name !== "*")
      ? undefined
      : 'a list of header names, such as ["accept-language"]',
  statuses: (value) =>
    value === "any" ||
    (isListOf(value, isStorableStatus) && (value as unknown[]).length > 0) ||
    isStatusMap(value)
      ? undefined
      : 'final status codes other than 206 and 304, as in [200, 404] or { 200: true, 404: 10 }, or "any"',
  query: (value) =>
    value === "declared" || value === "all" || isListOf(value, isNonEmptyString) || isJsonSchemaSource(value)
      ? undefined
      : '"declared", "all", a list of parameter names, or a Standard Schema that offers jsonSchema (zod 4.2 and up)',
  methods: (value) =>
    isListOf(
      value,
      (name) => typeof name === "string" && isFieldName(name) && name.toUpperCase() !== "HEAD",
    ) && (value as unknown[]).length > 0
      ? undefined
      : 'a list of methods, such as ["GET", "POST"]; HEAD is answered from GET and not listed',
  setCookie: (value) =>
    value === "refuse" || value === "strip" || value === "store" ? undefined : '"refuse", "strip" or "store"',
  maxBodyBytes: (value) =>
    Number.isInteger(value) && (value as number) >= 0 ? undefined : "a whole number of bytes",
  heuristic: trueOrFalse,
  requestDirectives: trueOrFalse,
  revalidate: trueOrFalse,
  invalidateOnUnsafe: trueOrFalse,
  tags: (value) =>
    typeof value === "function" || isListOf(value, isNonEmptyString)
      ? undefined
      : 'a list of names, such as ["reports"], or a function that returns one',
  storeDate: trueOrFalse,
  noVarySearch: trueOrFalse,
};

function trueOrFalse(value: unknown): string | undefined {
  return typeof value === "boolean" ? undefined : "true or false";
}

const LATER: ReadonlySet<string> = new Set(["encodings", "staleIfError", "staleWhileRevalidate"]);

/**
 * Checks the options of one route, or the `defaults` of a cache; `where` is what the message calls them.
 *
 * Throws `ERR_CACHE_OPTION_UNKNOWN`, `ERR_CACHE_OPTION_LATER` or `ERR_CACHE_OPTION_INVALID`: nothing is ignored and
 * nothing is quietly replaced.
 */
export function checkRouteOptions(options: unknown, where: string): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `${where}: the cache options are ${show(options)}; write an object, such as { ttl: 60 }`,
    );
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    checkName(name, Object.keys(KNOWN), where);
    const expected = KNOWN[name as keyof RouteOptions](value);
    if (expected !== undefined) throw invalid(where, name, value, expected);
  }
}

/** Refuses a name that no option has: one that is planned, or one that was misspelt. */
export function checkName(name: string, known: readonly string[], where: string): void {
  if (known.includes(name)) return;
  if (LATER.has(name)) {
    throw new CacheError(
      "ERR_CACHE_OPTION_LATER",
      `${where}: the option "${name}" is planned and not built yet; leave it out, since it would have no effect`,
    );
  }
  const near = known.find((candidate) => isNear(candidate, name));
  const remedy = near === undefined ? `the options are ${known.join(", ")}` : `did you mean "${near}"?`;
  throw new CacheError("ERR_CACHE_OPTION_UNKNOWN", `${where}: there is no option "${name}"; ${remedy}`);
}

/** The error for an option whose value is of the wrong kind. */
export function invalid(where: string, name: string, value: unknown, expected: string): CacheError {
  return new CacheError(
    "ERR_CACHE_OPTION_INVALID",
    `${where}: the option "${name}" is ${show(value)}; write ${expected}`,
  );
}

/** Whether a value offers its JSON Schema. */
export function isJsonSchemaSource(value: unknown): value is JsonSchemaSource {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard = (value as { "~standard"?: { jsonSchema?: { input?: unknown } } })["~standard"];
  return typeof standard?.jsonSchema?.input === "function";
}

function isListOf(value: unknown, holds: (member: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(holds);
}

function isNonEmptyString(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isStatusMap(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const members = Object.entries(value);
  return (
    members.length > 0 &&
    members.every(
      ([status, kept]) =>
        isStorableStatus(Number(status)) && (kept === true || (typeof kept === "number" && kept >= 0)),
    )
  );
}

function isStorableStatus(value: unknown): boolean {
  return (
    Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 599 && value !== 206 && value !== 304
  );
}

/** Whether two names differ in case, in separators or in one letter: most slips are such. */
function isNear(known: string, written: string): boolean {
  const [a, b] = [known, written].map((name) => name.toLowerCase().replace(/[-_]/g, "")) as [string, string];
  if (a === b || a.startsWith(b) || b.startsWith(a)) return true;
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  const [longer, shorter] = a.length >= b.length ? [a, b] : [b, a];
  const rest = longer.slice(start + 1);
  return rest === shorter.slice(start) || rest === shorter.slice(start + 1);
}
