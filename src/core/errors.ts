/** The codes of all errors that the package throws; each has a section in `docs/errors.md`. */
export type ErrorCode =
  | "ERR_CACHE_OPTION_UNKNOWN"
  | "ERR_CACHE_OPTION_LATER"
  | "ERR_CACHE_OPTION_INVALID"
  | "ERR_CACHE_NOT_A_CACHE"
  | "ERR_CACHE_QUERY_UNDECLARED"
  | "ERR_CACHE_KEY"
  | "ERR_CACHE_SCOPE"
  | "ERR_CACHE_TTL"
  | "ERR_CACHE_TAGS"
  | "ERR_CACHE_RESPONSE"
  | "ERR_CACHE_EXPLAIN"
  | "ERR_CACHE_ROUTE_UNSEEN"
  | "ERR_CACHE_STORE_TIMEOUT"
  | "ERR_CACHE_STORE_ENTRY"
  | "ERR_CACHE_READER_CUT"
  | "ERR_CACHE_SOURCE"
  | "ERR_CACHE_REFRESH_TIMEOUT"
  | "ERR_CACHE_FILL_TWICE";

/**
 * An error of this package: what was wrong, with which value, and what to write instead.
 *
 * `code` is stable and has a section of its own in `docs/errors.md`.
 */
export class CacheError extends Error {
  override readonly name = "CacheError";
  /** Which error this is. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(`${message} [${code}]`, options);
    this.code = code;
  }
}

/** Shows a value in an error message: short, on one line, never throwing. */
export function show(value: unknown): string {
  if (typeof value === "function") return `function ${value.name || "(anonymous)"}`;
  if (typeof value === "bigint" || typeof value === "symbol") return String(value);
  if (typeof value === "number") return String(value);
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    text = Object.prototype.toString.call(value);
  }
  if (text === undefined) return "undefined";
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
