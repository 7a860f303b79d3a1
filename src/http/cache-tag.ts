import { trimOws } from "./list.ts";

/** The most characters of a tag. CDNs allow 128 to 1,024. */
export const LONGEST_TAG = 1024;

/** The most tags of a response. CDNs allow 128 to 1,000. */
export const MOST_TAGS = 1000;

/**
 * Returns the members of a `Cache-Tag` field, as CDNs read it: separated by commas, without quotes or escapes, each once.
 *
 * Returns undefined if a member is not visible ASCII without spaces or is too long, or if there are too many: then no list
 * of tags is the one that was meant.
 */
export function parseCacheTag(value: string): readonly string[] | undefined {
  const tags = new Set<string>();
  let start = 0;
  while (start <= value.length) {
    const comma = value.indexOf(",", start);
    const end = comma === -1 ? value.length : comma;
    const tag = trimOws(value.slice(start, end));
    start = end + 1;
    if (tag === "") continue;
    if (tag.length > LONGEST_TAG || !/^[\x21-\x7E]+$/.test(tag)) return undefined;
    tags.add(tag);
    if (tags.size > MOST_TAGS) return undefined;
  }
  return [...tags];
}
