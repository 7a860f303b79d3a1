import { parseCacheControl } from "./cache-control.ts";
import type { CacheControl } from "./cache-control.ts";
import { parseDictionary } from "./dictionary.ts";

const REFUSALS: ReadonlySet<string> = new Set(["no-cache", "no-store", "private"]);

/**
 * Reads a targeted cache control field, such as `CDN-Cache-Control` (RFC 9213 §2.1), or undefined where it is absent,
 * empty or no structured dictionary: then `Cache-Control` and `Expires` count.
 */
export function parseTargetedCacheControl(value: string | undefined): CacheControl | undefined {
  const members = value === undefined ? undefined : parseDictionary(value);
  if (members === undefined || members.size === 0) return undefined;
  const directives: string[] = [];
  for (const [name, item] of members) {
    if (item === true || item === "?1") directives.push(name);
    else if (item === "?0") continue;
    // A refusal with an argument that it does not have is read the strict way, as everywhere.
    else if (REFUSALS.has(name)) directives.push(item.startsWith('"') ? `${name}=${item}` : name);
    // A duration is an integer here and nothing else; of other types it is not understood.
    else if (/^[0-9]+$/.test(item)) directives.push(`${name}=${item}`);
  }
  return parseCacheControl(directives.join(", "));
}
