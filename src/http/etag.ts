import { isOws, trimOws } from "./list.ts";

/** An entity tag taken apart: `W/"abc"` is weak, with the opaque part `abc` (RFC 9110 §8.8.3). */
export interface EntityTag {
  readonly weak: boolean;
  readonly opaque: string;
}

const ENTITY_TAG = /^(W\/)?"([\x21\x23-\x7E\x80-\xFF]*)"$/;

/** Returns the entity tag that `text` is, or undefined (RFC 9110 §8.8.3). */
export function parseEntityTag(text: string): EntityTag | undefined {
  const match = ENTITY_TAG.exec(text);
  if (match === null) return undefined;
  return { weak: match[1] !== undefined, opaque: match[2] as string };
}

/**
 * Returns the entity tags of an `If-None-Match` or `If-Match` value, or `"*"` (RFC 9110 §13.1.1, §13.1.2).
 * A comma inside a tag belongs to the tag. Members that are no entity tags are dropped: they match nothing.
 */
export function parseEntityTags(value: string): readonly EntityTag[] | "*" {
  if (trimOws(value) === "*") return "*";
  const tags: EntityTag[] = [];
  let at = 0;
  while (at < value.length) {
    const end = endOfMember(value, at);
    const tag = parseEntityTag(trimOws(value.slice(at, end)));
    if (tag !== undefined) tags.push(tag);
    at = end + 1;
  }
  return tags;
}

/** Returns the field value of an entity tag whose opaque part is `opaque`: no quotes, spaces or control characters. */
export function formatEntityTag(opaque: string, weak?: boolean): string {
  return weak === true ? `W/"${opaque}"` : `"${opaque}"`;
}

/** Decides whether two tags name the same bytes: equal, and neither is weak (RFC 9110 §8.8.3.2). */
export function strongMatch(a: EntityTag, b: EntityTag): boolean {
  return !a.weak && !b.weak && a.opaque === b.opaque;
}

/** Decides whether two tags name equivalent representations: equal, weak or not (RFC 9110 §8.8.3.2). */
export function weakMatch(a: EntityTag, b: EntityTag): boolean {
  return a.opaque === b.opaque;
}

function endOfMember(value: string, start: number): number {
  let opening = endOfOws(value, start);
  if (value.startsWith("W/", opening)) opening += 2;
  const closing = value[opening] === '"' ? value.indexOf('"', opening + 1) : -1;
  const end = closing === -1 ? -1 : endOfOws(value, closing + 1);
  if (end === value.length || value[end] === ",") return end;
  // Entity tags have no escapes. One that is not closed ends at its first comma, so that it hides no other.
  const comma = value.indexOf(",", opening);
  return comma === -1 ? value.length : comma;
}

function endOfOws(value: string, start: number): number {
  let at = start;
  while (isOws(value[at])) at += 1;
  return at;
}
