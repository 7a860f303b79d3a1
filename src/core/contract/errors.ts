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
  | "ERR_CACHE_INVALIDATE"
  | "ERR_CACHE_INVALIDATES"
  | "ERR_CACHE_CLIENT_CACHE_CONTROL"
  | "ERR_CACHE_RESPONSE"
  | "ERR_CACHE_EXPLAIN"
  | "ERR_CACHE_ROUTE_UNSEEN"
  | "ERR_CACHE_CALLBACK"
  | "ERR_CACHE_STORE_TIMEOUT"
  | "ERR_CACHE_STORE_ANSWER"
  | "ERR_CACHE_STORE_ENTRY"
  | "ERR_CACHE_STORE_CLIENT"
  | "ERR_CACHE_STORE_DOWN"
  | "ERR_CACHE_STORE_UP"
  | "ERR_CACHE_MARKS_LOST"
  | "ERR_CACHE_READER_CUT"
  | "ERR_CACHE_SOURCE"
  | "ERR_CACHE_REFRESH_TIMEOUT"
  | "ERR_CACHE_FILL_TWICE";

/** Where the documents are: those of the installed version, so that they fit it and are there without a network. */
const DOCS = "node_modules/caching-route/docs";
/** Errors are recognised by it: the application may have another copy of the package, with another class. */
const BRAND = Symbol.for("caching-route.error");

/**
 * An error of this package. Its message has what was wrong, the value, what to write instead, and in its last line `help`.
 *
 * @example
 * try {
 *   createCache({ storeTimeout: -1 });
 * } catch (error) {
 *   if (error instanceof CacheError && error.code === "ERR_CACHE_OPTION_INVALID") console.error(error.message);
 * }
 */
export class CacheError extends Error {
  static {
    Object.defineProperty(this.prototype, BRAND, { value: true });
  }

  /** Whether a value is a `CacheError`, of this or another copy of the package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // A class that extends this one has instances of its own.
    if (this !== CacheError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && Reflect.get(value, BRAND) === true;
  }

  override readonly name = "CacheError";
  /** Stable across versions. */
  readonly code: ErrorCode;
  /** The address of the section on this code, such as `node_modules/caching-route/docs/errors.md#err_cache_key`. */
  readonly help: string;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    const help = `${DOCS}/errors.md#${code.toLowerCase()}`;
    super(`${message} [${code}]\nhelp: ${help}`, options);
    this.code = code;
    this.help = help;
  }
}

/** Returns what an error tells, without the address of its help: one line of a longer text. */
export function summaryOf(error: unknown): string {
  const message = error instanceof Error ? error.message : show(error);
  return message.split("\nhelp: ", 1)[0] as string;
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
  const name = classOf(value);
  if (name !== undefined) return shortened(`an object of class ${name}`);
  return shortened(JSON.stringify(value) ?? "undefined");
}

/** Returns the name of an object's class: as JSON, a `Map` would be `{}`. Undefined for a list and an object literal. */
function classOf(value: object): string | undefined {
  const { constructor } = (Object.getPrototypeOf(value) ?? {}) as { readonly constructor?: unknown };
  const name = typeof constructor === "function" ? constructor.name : "";
  return ["", "Object", "Array"].includes(name) ? undefined : name;
}

const LONGEST_SHOWN = 60;

function shortened(text: string): string {
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN - 3)}...` : text;
}

/** What to do in place of returning a promise, by route option. */
export const NOT_ASYNC: ReadonlyMap<string, string> = new Map([
  ...["key", "scope", "origin", "tags"].map(
    (option) => [option, "load what it needs in a guard, then read it here"] as const,
  ),
  ...["ttl", "clientCacheControl"].map(
    (option) => [option, "let the handler send what it needs in a header, then read it here"] as const,
  ),
]);

/** What an application's function had to return, and to what option it was given. */
interface Wanted {
  readonly route: string;
  readonly option: string;
  readonly what: string;
  /** What to do about this value. Default: to return `what`. */
  readonly remedy?: string | undefined;
}

/**
 * Returns the error for a function of the application that must return `what` and returned `value`.
 *
 * If `value` is a promise, its rejection is handled here, because an unhandled one would end the process (hazard 48). The
 * promise is the error's `cause`.
 */
export function misreturned(code: ErrorCode, wanted: Wanted, value: unknown): CacheError {
  const { route, option, what } = wanted;
  const isPromise = isThenable(value);
  // This also handles what its own `then` throws.
  if (isPromise) void Promise.resolve(value).catch(() => undefined);
  const remedy = isPromise ? NOT_ASYNC.get(option) : wanted.remedy;
  return new CacheError(
    code,
    `${route}: the function given as "${option}" returned ${isPromise ? "a Promise" : show(value)}` +
      (remedy === undefined ? `; it must return ${what}` : `: ${remedy}`),
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
