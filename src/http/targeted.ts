import { parseCacheControl } from "./cache-control.ts";
import type { CacheControl } from "./cache-control.ts";
import { parseDictionary } from "./structured-fields.ts";

const REFUSALS: ReadonlySet<string> = new Set(["no-cache", "no-store", "private"]);

/** The other directives of a targeted field: without an argument, and with a duration. */
const FLAGS: ReadonlySet<string> = new Set([
  "immutable",
  "must-revalidate",
  "must-understand",
  "no-transform",
  "proxy-revalidate",
  "public",
]);
const DURATIONS: ReadonlySet<string> = new Set([
  "max-age",
  "s-maxage",
  "stale-if-error",
  "stale-while-revalidate",
]);

/** The directives of a response, and whether they come from the targeted field. */
export interface CacheControls {
  readonly cacheControl: CacheControl;
  readonly isTargeted: boolean;
}

/**
 * Returns the directives of a targeted field such as `CDN-Cache-Control` if it is valid, else of `Cache-Control`
 * (RFC 9213 §2.2).
 *
 * A targeted field without a known directive, or with a value of the wrong type, does not override a refusal in
 * `Cache-Control`: a typing error must not make a private response public.
 */
export function parseCacheControls(targeted: string | undefined, general: string | undefined): CacheControls {
  const cacheControl = parseCacheControl(general);
  const read = readTargeted(targeted);
  if (read === undefined) return { cacheControl, isTargeted: false };
  const opens = refuses(cacheControl) && !refuses(read.cacheControl);
  if (opens && !read.isUnderstood) return { cacheControl, isTargeted: false };
  return { cacheControl: read.cacheControl, isTargeted: true };
}

/**
 * Returns the directives of a targeted field (RFC 9213 §2.1), or undefined if it is absent, empty or malformed: then
 * `Cache-Control` and `Expires` count.
 */
export function parseTargetedCacheControl(value: string | undefined): CacheControl | undefined {
  return readTargeted(value)?.cacheControl;
}

function readTargeted(
  value: string | undefined,
): { readonly cacheControl: CacheControl; readonly isUnderstood: boolean } | undefined {
  const members = value === undefined ? undefined : parseDictionary(value);
  if (members === undefined || members.size === 0) return undefined;
  const directives: string[] = [];
  let isUnderstood = false;
  let isMistyped = false;
  for (const [name, item] of members) {
    const isFlag = item === true || item === "?1" || item === "?0";
    const isDuration = typeof item === "string" && /^[0-9]+$/.test(item);
    if (REFUSALS.has(name) || FLAGS.has(name) || DURATIONS.has(name)) {
      isUnderstood = true;
      isMistyped ||= DURATIONS.has(name) ? !isDuration : FLAGS.has(name) && !isFlag;
    }
    if (item === true || item === "?1") directives.push(name);
    else if (item === "?0") continue;
    // A refusal with a wrong argument is read strictly.
    else if (REFUSALS.has(name)) directives.push(item.startsWith('"') ? `${name}=${item}` : name);
    // A duration is an integer here; a value of another type is ignored.
    else if (isDuration) directives.push(`${name}=${item}`);
  }
  const cacheControl = parseCacheControl(directives.join(", "));
  return { cacheControl, isUnderstood: isUnderstood && !isMistyped };
}

function refuses({ noStore, noCache, private: isPrivate }: CacheControl): boolean {
  return noStore || noCache !== false || isPrivate !== false;
}
