import { MAX_DELTA_SECONDS, parseDeltaSeconds } from "./delta-seconds.ts";
import { isFieldName } from "./fields.ts";
import { closingQuote, isOws, parseList } from "./list.ts";

/**
 * The directives of a `Cache-Control` field, of a request or of a response (RFC 9111 §5.2, RFC 5861, RFC 8246).
 * Durations are in seconds. `noCache` and `private` are a list of lower-case field names where the directive
 * is confined to those.
 */
export interface CacheControl {
  readonly noStore: boolean;
  readonly noCache: boolean | readonly string[];
  readonly private: boolean | readonly string[];
  readonly public: boolean;
  readonly mustRevalidate: boolean;
  readonly proxyRevalidate: boolean;
  readonly mustUnderstand: boolean;
  readonly immutable: boolean;
  readonly noTransform: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAge?: number;
  readonly sMaxage?: number;
  readonly staleWhileRevalidate?: number;
  readonly staleIfError?: number;
  readonly minFresh?: number;
  /** True where any staleness is accepted. */
  readonly maxStale?: number | true;
}

/**
 * Returns the directives in `value`, frozen. What is malformed is read the strict way: a directive whose argument
 * cannot be read counts as the one that allows least, and a word counts as a directive wherever it does not stand
 * in an argument (`public; no-store`, `x="unclosed, private`), so that no typing error hides a refusal. Unknown
 * directives are ignored (RFC 9111 §5.2.3).
 */
export function parseCacheControl(value: string | undefined): CacheControl {
  if (value === undefined || value === "") return NONE;
  const found: Draft = { ...NONE, noCache: false, private: false };
  let at = 0;
  while (at < value.length) {
    const end = endOfToken(value, at);
    if (end === at) {
      at += 1;
      continue;
    }
    const name = value.slice(at, end).toLowerCase();
    at = end;
    let argument: string | undefined;
    if (value[at] === "=") {
      at += 1;
      const argumentEnd = endOfArgument(value, at);
      argument = isSeparator(value[argumentEnd]) ? value.slice(at, argumentEnd) : MALFORMED;
      at = argumentEnd;
    }
    apply(found, name, argument);
  }
  return Object.freeze(found);
}

const NONE: CacheControl = Object.freeze({
  noStore: false,
  noCache: false,
  private: false,
  public: false,
  mustRevalidate: false,
  proxyRevalidate: false,
  mustUnderstand: false,
  immutable: false,
  noTransform: false,
  onlyIfCached: false,
});

type Draft = { -readonly [Name in keyof CacheControl]: CacheControl[Name] } & {
  noCache: boolean | string[];
  private: boolean | string[];
};

/** No argument is empty: a token has a character and a quoted-string has its quotes. */
const MALFORMED = "";

function apply(found: Draft, name: string, argument: string | undefined): void {
  switch (name) {
    // An argument that these do not have takes nothing back: `no-store=x` is no-store.
    case "no-store":
      found.noStore = true;
      break;
    case "public":
      found.public = true;
      break;
    case "must-revalidate":
      found.mustRevalidate = true;
      break;
    case "proxy-revalidate":
      found.proxyRevalidate = true;
      break;
    case "must-understand":
      found.mustUnderstand = true;
      break;
    case "immutable":
      found.immutable = true;
      break;
    case "no-transform":
      found.noTransform = true;
      break;
    case "only-if-cached":
      found.onlyIfCached = true;
      break;
    case "no-cache":
      found.noCache = confine(found.noCache, argument);
      break;
    case "private":
      found.private = confine(found.private, argument);
      break;
    case "max-age":
      found.maxAge = duration(found.maxAge, argument, 0);
      break;
    case "s-maxage":
      found.sMaxage = duration(found.sMaxage, argument, 0);
      break;
    case "stale-while-revalidate":
      found.staleWhileRevalidate = duration(found.staleWhileRevalidate, argument, 0);
      break;
    case "stale-if-error":
      found.staleIfError = duration(found.staleIfError, argument, 0);
      break;
    case "min-fresh":
      found.minFresh = duration(found.minFresh, argument, MAX_DELTA_SECONDS);
      break;
    case "max-stale":
      found.maxStale = staleness(found.maxStale, argument);
      break;
  }
}

// RFC 9111 §4.2.1: freshness that is said twice differently, or not readably, is no freshness.
function duration(said: number | true | undefined, argument: string | undefined, strictest: number): number {
  const seconds = argument === undefined ? undefined : parseDeltaSeconds(unquote(argument));
  if (seconds === undefined) return strictest;
  return said === undefined || said === seconds ? seconds : strictest;
}

function staleness(said: number | true | undefined, argument: string | undefined): number | true {
  const isUnlimited = argument === undefined && (said === undefined || said === true);
  return isUnlimited || duration(said, argument, 0);
}

// RFC 9111 §5.2.2.4 and §5.2.2.7 give the quoted form only. Anything else, and an empty list, confines nothing.
function confine(said: boolean | string[], argument: string | undefined): true | string[] {
  if (said === true || argument === undefined || !argument.startsWith('"')) return true;
  const names = parseList(unquote(argument).toLowerCase());
  if (names.length === 0 || !names.every(isFieldName)) return true;
  if (said === false) return names;
  // One by one: a list of a hundred thousand is more than one call can be given.
  for (const name of names) said.push(name);
  return said;
}

function unquote(argument: string): string {
  return argument.startsWith('"') ? argument.slice(1, -1).replace(/\\(.)/gs, "$1") : argument;
}

// An unclosed quote opens nothing: what follows it is read as directives.
function endOfArgument(text: string, at: number): number {
  if (text[at] !== '"') return endOfToken(text, at);
  const closing = closingQuote(text, at);
  return closing === at ? at : closing + 1;
}

function endOfToken(text: string, start: number): number {
  let at = start;
  while (at < text.length && TOKEN_CHARS[text.charCodeAt(at)] === 1) at += 1;
  return at;
}

/** 1 for the code of each character that a token may have. */
const TOKEN_CHARS = Uint8Array.from({ length: 128 }, (_, code) =>
  Number(isFieldName(String.fromCharCode(code))),
);

// A semicolon is the separator that is most often typed in place of the comma.
function isSeparator(char: string | undefined): boolean {
  return char === undefined || char === "," || char === ";" || isOws(char);
}
