/** The codes of all errors of this package. Each has a section in `docs/errors.md`. */
export type ErrorCode =
  | "ERR_CACHE_OPTION_UNKNOWN"
  | "ERR_CACHE_OPTION_LATER"
  | "ERR_CACHE_OPTION_INVALID"
  | "ERR_CACHE_NOT_A_CACHE"
  | "ERR_CACHE_QUERY_UNDECLARED"
  | "ERR_CACHE_KEY"
  | "ERR_CACHE_SCOPE"
  | "ERR_CACHE_ORIGIN"
  | "ERR_CACHE_TTL"
  | "ERR_CACHE_TAGS"
  | "ERR_CACHE_INVALIDATES"
  | "ERR_CACHE_RESPONSE"
  | "ERR_CACHE_EXPLAIN"
  | "ERR_CACHE_ROUTE_UNSEEN"
  | "ERR_CACHE_CALLBACK"
  | "ERR_CACHE_STORE_TIMEOUT"
  | "ERR_CACHE_STORE_ANSWER"
  | "ERR_CACHE_STORE_ENTRY"
  | "ERR_CACHE_READER_CUT"
  | "ERR_CACHE_SOURCE"
  | "ERR_CACHE_REFRESH_TIMEOUT"
  | "ERR_CACHE_FILL_TWICE";

/**
 * An error of this package. Its message has what was wrong, the value, and what to write instead.
 *
 * @example
 * try {
 *   createCache({ storeTimeout: -1 });
 * } catch (error) {
 *   if (error instanceof CacheError && error.code === "ERR_CACHE_OPTION_INVALID") console.error(error.message);
 * }
 */
export class CacheError extends Error {
  override readonly name = "CacheError";
  /** Stable across versions. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(`${message} [${code}]`, options);
    this.code = code;
  }
}

/** Returns a value as text for an error message: on one line, at most 60 characters. Never throws. */
export function show(value: unknown): string {
  for (const way of [shown, (circle: unknown): string => Object.prototype.toString.call(circle)]) {
    try {
      return way(value);
    } catch {
      // A getter, a `toJSON` or a proxy of the value threw.
    }
  }
  return `a value of type ${typeof value}`;
}

function shown(value: unknown): string {
  if (typeof value === "function") return `function ${value.name || "(anonymous)"}`;
  if (typeof value === "string") return shortened(JSON.stringify(value.slice(0, LONGEST_SHOWN)));
  if (typeof value !== "object" || value === null) return String(value);
  return shortened(JSON.stringify(value) ?? "undefined");
}

const LONGEST_SHOWN = 60;

function shortened(text: string): string {
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN - 3)}...` : text;
}

/**
 * Returns the error for a function of the application that must return `what` and returned `value`.
 *
 * If `value` is a promise, its rejection is handled here, because an unhandled one would end the process (hazard 48). The
 * promise is the error's `cause`.
 */
export function misreturned(
  code: ErrorCode,
  { route, option, what }: { readonly route: string; readonly option: string; readonly what: string },
  value: unknown,
): CacheError {
  const isPromise = isThenable(value);
  // This also handles what its own `then` throws.
  if (isPromise) void Promise.resolve(value).catch(() => undefined);
  const how = isPromise ? "a promise, and cannot be asynchronous" : show(value);
  return new CacheError(
    code,
    `${route}: the function given as "${option}" returned ${how}; it must return ${what}`,
    value instanceof Promise ? { cause: value } : undefined,
  );
}

/** Returns whether a value is a promise of any realm or library. A value whose `then` getter throws is not. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  try {
    return typeof (value as { readonly then?: unknown }).then === "function";
  } catch {
    return false;
  }
}

/** Returns what was thrown as an error, because frameworks treat `undefined` and some strings as no error. */
export function asError(thrown: unknown): Error {
  if (typeof thrown === "object" && thrown !== null) return thrown as Error;
  return new Error(`something threw ${show(thrown)}, which is no error`, { cause: thrown });
}

/** The accepted names, and how messages present them. */
interface Options {
  readonly known: readonly string[];
  /** The names that messages offer. Default: `known`. */
  readonly offered?: readonly string[];
  /** Correct options, such as `{ ttl: 60 }`. */
  readonly example: string;
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
  { known, offered = known, example }: Options,
): readonly (readonly [name: string, value: unknown])[] {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `${where}: the options are ${show(options)}; write an object, such as ${example}`,
    );
  }
  const instead = storeOrCache(options);
  if (instead !== undefined) {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `${where}: a ${instead} stands in the place of the options; write an object, such as ${example}`,
    );
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name] of given) checkName(name, known, offered, where);
  return given;
}

/** Returns whether a value has the methods of a store or of a cache, or undefined if of neither. */
export function storeOrCache(value: unknown): "store" | "cache" | undefined {
  if (hasMethods(value, ["get", "set", "delete", "clear"])) return "store";
  return hasMethods(value, ["get", "set", "invalidate", "clear"]) ? "cache" : undefined;
}

/** Returns whether a value is an object with these methods, own or inherited. */
export function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

const LATER: ReadonlySet<string> = new Set(["encodings"]);

function checkName(name: string, known: readonly string[], offered: readonly string[], where: string): void {
  if (known.includes(name)) return;
  if (LATER.has(name)) {
    throw new CacheError(
      "ERR_CACHE_OPTION_LATER",
      `${where}: the option "${name}" is planned and not built yet; leave it out, since it would have no effect`,
    );
  }
  const instead = INSTEAD.get(name);
  if (instead !== undefined) throw unknownOption(where, name, `write ${instead}`);
  const near = offered.find((candidate) => isNear(candidate, name));
  const remedy = near === undefined ? `the options are ${offered.join(", ")}` : `did you mean "${near}"?`;
  throw unknownOption(where, name, remedy);
}

/** What to write in place of names that options do not have. */
const INSTEAD: ReadonlyMap<string, string> = new Map([["waitMs", "maxWait, in seconds: 0.5"]]);

function unknownOption(where: string, name: string, remedy: string): CacheError {
  return new CacheError("ERR_CACHE_OPTION_UNKNOWN", `${where}: there is no option "${name}"; ${remedy}`);
}

/** Returns whether two names differ only in case, in separators or in one letter. */
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
