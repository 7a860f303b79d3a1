import { asSeconds } from "./durations.ts";
import { CacheError, show } from "./errors.ts";

/** The names of a route's options. */
export const ROUTE_OPTIONS = [
  "ttl",
  "scope",
  "credentials",
  "key",
  "namespace",
  "route",
  "origin",
  "vary",
  "statuses",
  "query",
  "methods",
  "setCookie",
  "maxBodyBytes",
  "staleWhileRevalidate",
  "staleIfError",
  "errorStatuses",
  "handlerTimeout",
  "maxWait",
  "maxWaiters",
  "uncacheableTtl",
  "earlyRefresh",
  "jitter",
  "heuristic",
  "requestDirectives",
  "revalidate",
  "invalidateOnUnsafe",
  "tags",
  "cacheTag",
  "clientCacheControl",
  "storeDate",
  "store",
  "enabled",
  "noVarySearch",
] as const;

/** The names of the options of `createCache`. */
export const CACHE_OPTIONS = [
  "store",
  "namespace",
  "namespacePolicy",
  "statusHeader",
  "cacheStatus",
  "defaults",
  "enabled",
  "clock",
  "random",
  "onError",
  "reporter",
  "storeTimeout",
  "blind",
  "secret",
] as const;

/** How messages say where options belong that stand in another place. */
const PLACES: readonly (readonly [names: readonly string[], place: (name: string) => string])[] = [
  [["before", "route"], () => "a route"],
  [["invalidates"], () => "the route that writes: invalidates(cache, { tags }), before its handler"],
  [["store"], () => "createCache: createCache({ store })"],
  [ROUTE_OPTIONS, (name) => `a route, or to defaults: createCache({ defaults: { ${name} } })`],
  [CACHE_OPTIONS, (name) => `createCache: createCache({ ${name} })`],
  [
    ["maxBytes", "maxEntries", "maxVariants"],
    (name) => `memoryStore: createCache({ store: memoryStore({ ${name} }) })`,
  ],
];

/** How to write an option, where its name alone does not tell. */
const EXAMPLES: ReadonlyMap<string, string> = new Map([
  ["ttl", "ttl: 60, in seconds"],
  ["staleWhileRevalidate", "staleWhileRevalidate: 60, in seconds"],
  ["staleIfError", "staleIfError: 60, in seconds"],
  ["maxWait", "maxWait: 0.5, in seconds"],
  ["storeTimeout", "storeTimeout: 0.5, in seconds"],
  ["handlerTimeout", "handlerTimeout: 5 for the handler, or ttl: 60 for the response, in seconds"],
  ["key", "key, a function of the request that returns text"],
  ["vary", 'vary: ["accept-language"], for the request headers that select a response'],
  ["store", "store: memoryStore({ maxBytes }), or redisStore(client)"],
  ["invalidates", 'invalidates: ["todos"], on the route that writes'],
]);

/** The names that other caches have for an option, in lower case and without separators. */
const OTHER_NAMES: readonly (readonly [option: string, names: string])[] = [
  ["ttl", "maxage smaxage expire expires expiresin expiration expiry duration lifetime cachetime stdttl"],
  ["key", "cachekey keybuilder keygenerator generatekey getkey appendkey"],
  ["namespace", "prefix keyprefix"],
  ["vary", "headers varyheaders varyby"],
  ["statusHeader", "headers header headername"],
  ["tags", "tag"],
  ["staleWhileRevalidate", "swr stale"],
  ["staleIfError", "grace graceperiod"],
  ["handlerTimeout", "timeout"],
  ["storeTimeout", "timeout"],
  ["maxWait", "waitms locktimeout"],
  ["maxBytes", "maxsize"],
  ["maxEntries", "max maxitems maxkeys limit size"],
  ["store", "redis client driver backend adapter storage"],
  ["maxBodyBytes", "maxsize maxbodysize"],
  ["scope", "auth private public user"],
  ["before", "guard guards prehandler middleware"],
  ["invalidates", "invalidate invalidatetags purge purges evict evicts"],
  ["statuses", "status statuscodes"],
  ["reporter", "debug log logger"],
  ["prefix", "keyprefix"],
  // Where a write itself is declared, only these are named.
  ["tags", "invalidates invalidate"],
];

/** The accepted names, and how messages present them. */
interface Options {
  readonly known: readonly string[];
  /** The names that messages offer. Default: `known`. */
  readonly offered?: readonly string[];
  /** Correct options, such as `{ ttl: 60 }`. */
  readonly example: string;
  /** Whether they set up a cache or a route: options that belong to another place are told so. Default: false. */
  readonly isSetup?: boolean;
  /** What to write as well as the remedy for an unknown name. Default: nothing. */
  readonly write?: string | undefined;
}

/**
 * Returns the entries of an options object, without those that are undefined. `where` names the options in messages.
 *
 * Throws `ERR_CACHE_OPTION_INVALID` if `options` is not a plain object, or is a store or a cache. Throws
 * `ERR_CACHE_OPTION_UNKNOWN` for an unknown name, and `ERR_CACHE_OPTION_LATER` for an option that is planned.
 */
export function checkedOptions(
  options: unknown,
  where: string,
  { known, offered = known, example, isSetup = false, write }: Options,
): readonly (readonly [name: string, value: unknown])[] {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `${where}: the options are ${show(options)}; write an object, such as ${asOptions(options, known) ?? example}`,
    );
  }
  const instead = storeOrCache(options);
  if (instead !== undefined) {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `${where}: the options are a ${instead}; write an object, such as ${example}`,
    );
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name] of given) {
    if (!known.includes(name)) throw unknown(name, { offered, isSetup, where, write });
  }
  return given;
}

/** Returns the options that a number, a text or a list in their place was probably meant as. */
function asOptions(value: unknown, known: readonly string[]): string | undefined {
  const isText = typeof value === "string" && value !== "";
  if (known.includes("ttl")) {
    const isSeconds = (typeof value === "number" || (isText && /^\d/.test(value))) && Number(value) >= 0;
    return isSeconds ? `{ ttl: ${Number(value)} }` : undefined;
  }
  const [only = "", ...others] = known;
  if (others.length > 0) return undefined;
  if (only === "tags") {
    const tags: unknown = isText ? [value] : value;
    const areTexts = Array.isArray(tags) && tags.length > 0 && tags.every((tag) => typeof tag === "string");
    return areTexts ? `{ tags: ${show(tags)} }` : undefined;
  }
  return isText && TEXTS.has(only) ? `{ ${only}: ${show(value)} }` : undefined;
}

/** The options whose value is text. */
const TEXTS: ReadonlySet<string> = new Set(["namespace", "route"]);

/** Returns the error for an option with a wrong value. Where seconds are expected, `"1m"` is told as 60. */
export function invalid(where: string, name: string, value: unknown, expected: string): CacheError {
  const duration = expected.startsWith("seconds") ? asSeconds(value) : undefined;
  const shown = name === "store" ? kindOf(value) : show(value);
  return new CacheError(
    "ERR_CACHE_OPTION_INVALID",
    `${where}: the option "${name}" is ${shown}; write ${duration ?? expected}`,
  );
}

/** Shows what was given as a store, unless it may be an address, or options, with a password. */
function kindOf(value: unknown): string {
  if (typeof value === "string") return "text";
  const shown = show(value);
  return /^[[{]/.test(shown) && !hasMethods(value, ["get", "set"]) ? "an object" : shown;
}

/** Returns whether a value has the methods of a cache, or of something that keeps values; undefined if of neither. */
export function storeOrCache(value: unknown): "store" | "cache" | undefined {
  if (!hasMethods(value, ["get", "set"])) return undefined;
  return hasMethods(value, ["invalidate", "clear"]) ? "cache" : "store";
}

/** Returns whether a value is an object with these methods, own or inherited. */
export function hasMethods(value: unknown, names: readonly string[]): value is object {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

const LATER: ReadonlySet<string> = new Set(["encodings"]);

function unknown(
  name: string,
  {
    offered,
    isSetup,
    where,
    write,
  }: Required<Pick<Options, "offered" | "isSetup">> & Pick<Options, "write"> & { readonly where: string },
): CacheError {
  if (LATER.has(name)) {
    return new CacheError(
      "ERR_CACHE_OPTION_LATER",
      `${where}: the option "${name}" is planned and not built yet; leave it out, since it would have no effect`,
    );
  }
  const place = isSetup ? placeOf(name) : undefined;
  const problem =
    place === undefined
      ? `there is no option "${name}"; ${remedyFor(name, offered, isSetup)}`
      : `the option "${name}" belongs to ${place}`;
  const more = write === undefined ? "" : `; write ${write}`;
  return new CacheError("ERR_CACHE_OPTION_UNKNOWN", `${where}: ${problem}${more}`);
}

function placeOf(name: string): string | undefined {
  return PLACES.find(([names]) => names.includes(name))?.[1](name);
}

function remedyFor(name: string, offered: readonly string[], isSetup: boolean): string {
  const meant = OTHER_NAMES.filter(([, names]) => names.split(" ").includes(plain(name))).map(
    ([right]) => right,
  );
  const here = meant.find((right) => offered.includes(right));
  if (here !== undefined) return `write ${EXAMPLES.get(here) ?? here}`;
  const [elsewhere] = isSetup ? meant : [];
  if (elsewhere !== undefined) return `${elsewhere} belongs to ${placeOf(elsewhere)}`;
  const near = offered.find((candidate) => isNear(candidate, name));
  if (near !== undefined) return `did you mean "${near}"?`;
  return offered.length === 0 ? "there are none here" : `the options are ${offered.join(", ")}`;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, "");
}

/** Returns whether two names differ only in case, in separators or in one letter. */
function isNear(known: string, written: string): boolean {
  const [a, b] = [plain(known), plain(written)];
  if (a === b || a.startsWith(b) || b.startsWith(a)) return true;
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  const [longer, shorter] = a.length >= b.length ? [a, b] : [b, a];
  const rest = longer.slice(start + 1);
  return rest === shorter.slice(start) || rest === shorter.slice(start + 1);
}
