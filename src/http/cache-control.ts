import { MAX_DELTA_SECONDS, parseDeltaSeconds } from "./delta-seconds.ts";
import { isFieldName } from "./fields.ts";
import { closingQuote, isOws, parseList } from "./list.ts";

/**
 * The directives of a `Cache-Control` field of a request or a response (RFC 9111 §5.2, RFC 5861, RFC 8246). Durations are in
 * seconds. `noCache` and `private` are a list of lower-case names if the directive applies to those fields only.
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
  /** True: any staleness is accepted. */
  readonly maxStale?: number | true;
}

/**
 * Returns the directives in `value`, frozen. Unknown directives are ignored (RFC 9111 §5.2.3).
 *
 * Malformed input is read strictly, so that no typing error hides a refusal. A malformed argument becomes the one that allows
 * least. Any word outside an argument counts as a directive: `public; no-store`, `x="unclosed, private`.
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

/** A well-formed argument is never empty: a token has a character, and a quoted-string has its quotes. */
const MALFORMED = "";

function apply(found: Draft, name: string, argument: string | undefined): void {
  switch (name) {
    // These have no argument. With one they count as well: `no-store=x` is no-store.
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

// RFC 9111 §4.2.1: a repeated directive with another value, or a malformed one, counts as the strictest.
function duration(
  earlier: number | true | undefined,
  argument: string | undefined,
  strictest: number,
): number {
  const seconds = argument === undefined ? undefined : parseDeltaSeconds(unquote(argument));
  if (seconds === undefined) return strictest;
  return earlier === undefined || earlier === seconds ? seconds : strictest;
}

function staleness(earlier: number | true | undefined, argument: string | undefined): number | true {
  const isUnlimited = argument === undefined && (earlier === undefined || earlier === true);
  return isUnlimited || duration(earlier, argument, 0);
}

// RFC 9111 §5.2.2.4 and §5.2.2.7 have the quoted form only. With any other, or an empty list, the directive applies to the
// whole response.
function confine(earlier: boolean | string[], argument: string | undefined): true | string[] {
  if (earlier === true || argument === undefined || !argument.startsWith('"')) return true;
  const names = parseList(unquote(argument).toLowerCase());
  if (names.length === 0 || !names.every(isFieldName)) return true;
  if (earlier === false) return names;
  // One by one: a hundred thousand names are too many arguments for one call.
  for (const name of names) earlier.push(name);
  return earlier;
}

function unquote(argument: string): string {
  return argument.startsWith('"') ? argument.slice(1, -1).replace(/\\(.)/gs, "$1") : argument;
}

// After an unclosed quote, the text is read as directives.
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

/** 1 at the code of each token character. */
const TOKEN_CHARS = Uint8Array.from({ length: 128 }, (_, code) =>
  Number(isFieldName(String.fromCharCode(code))),
);

// A semicolon is often written in place of the comma.
function isSeparator(char: string | undefined): boolean {
  return char === undefined || char === "," || char === ";" || isOws(char);
}
