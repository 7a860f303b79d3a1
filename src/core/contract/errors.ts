/** The codes of all errors that the package throws; each has a section in `docs/errors.md`. */
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
  for (const way of [shown, (circle: unknown): string => Object.prototype.toString.call(circle)]) {
    try {
      return way(value);
    } catch {
      // A getter, a `toJSON` or a proxy of the value threw: what it is counts, and not what it says.
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
 * The error for a function of the application that must return `what` and did not: the value is shown, or it is told
 * that it was a promise.
 *
 * The failure of that promise belongs to nobody. It is taken here, since it would end the process (hazard 48); whoever
 * logs the error sees it in its `cause`.
 */
export function misreturned(
  code: ErrorCode,
  { route, option, what }: { readonly route: string; readonly option: string; readonly what: string },
  value: unknown,
): CacheError {
  const isPromise = isThenable(value);
  // What its own `then` throws is taken with it.
  if (isPromise) void Promise.resolve(value).catch(() => undefined);
  const how = isPromise ? "a promise, and cannot be asynchronous" : show(value);
  return new CacheError(
    code,
    `${route}: the function given as "${option}" returned ${how}; it must return ${what}`,
    value instanceof Promise ? { cause: value } : undefined,
  );
}

/** Whether a value is a promise, of whatever realm or library. A `then` that throws is none. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  try {
    return typeof (value as { readonly then?: unknown }).then === "function";
  } catch {
    return false;
  }
}

/** What was thrown, as an error: frameworks take `undefined` and some texts for no error at all. */
export function asError(thrown: unknown): Error {
  if (typeof thrown === "object" && thrown !== null) return thrown as Error;
  return new Error(`something threw ${show(thrown)}, which is no error`, { cause: thrown });
}

/** The options that something takes. */
interface Options {
  readonly known: readonly string[];
  /** The names that the message tells. Default: the known ones. */
  readonly offered?: readonly string[];
  /** Such as `{ ttl: 60 }`. */
  readonly example: string;
}

/**
 * Answers the options that were given, those that are undefined left out; `where` is what the message calls them.
 *
 * Throws `ERR_CACHE_OPTION_INVALID` for what is no object, and for a store or a cache in the place of options, and
 * `ERR_CACHE_OPTION_UNKNOWN` or `ERR_CACHE_OPTION_LATER` for a name that no option has.
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

/** Says what a value is that has the methods of a store, or of a cache, whatever else it has. */
export function storeOrCache(value: unknown): "store" | "cache" | undefined {
  if (hasMethods(value, ["get", "set", "delete", "clear"])) return "store";
  return hasMethods(value, ["get", "set", "invalidate", "clear"]) ? "cache" : undefined;
}

/** Whether a value is an object with these methods, its own or inherited. */
export function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

const LATER: ReadonlySet<string> = new Set(["encodings"]);

/** Refuses a name that no option has: one that is planned, or one that was misspelt. */
function checkName(name: string, known: readonly string[], offered: readonly string[], where: string): void {
  if (known.includes(name)) return;
  if (LATER.has(name)) {
    throw new CacheError(
      "ERR_CACHE_OPTION_LATER",
      `${where}: the option "${name}" is planned and not built yet; leave it out, since it would have no effect`,
    );
  }
  const near = offered.find((candidate) => isNear(candidate, name));
  const remedy = near === undefined ? `the options are ${offered.join(", ")}` : `did you mean "${near}"?`;
  throw new CacheError("ERR_CACHE_OPTION_UNKNOWN", `${where}: there is no option "${name}"; ${remedy}`);
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
