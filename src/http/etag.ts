import { isOws, trimOws } from "./list.ts";

/** A parsed entity tag: `W/"abc"` is weak and has the opaque part `abc` (RFC 9110 §8.8.3). */
export interface EntityTag {
  readonly weak: boolean;
  readonly opaque: string;
}

const ENTITY_TAG = /^(W\/)?"([\x21\x23-\x7E\x80-\xFF]*)"$/;

/** Returns the entity tag in `text`, or undefined if it is malformed (RFC 9110 §8.8.3). */
export function parseEntityTag(text: string): EntityTag | undefined {
  const match = ENTITY_TAG.exec(text);
  if (match === null) return undefined;
  return { weak: match[1] !== undefined, opaque: match[2] as string };
}

/**
 * Returns the entity tags of an `If-None-Match` or `If-Match` value, or `"*"` (RFC 9110 §13.1.1, §13.1.2).
 * A comma inside a tag belongs to the tag. Malformed members are dropped.
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

/** Returns the field value of an entity tag. `opaque` must not have quotes, spaces or control characters. */
export function formatEntityTag(opaque: string, weak?: boolean): string {
  return weak === true ? `W/"${opaque}"` : `"${opaque}"`;
}

/** Returns whether two tags match strongly: equal and neither weak (RFC 9110 §8.8.3.2). */
export function strongMatch(a: EntityTag, b: EntityTag): boolean {
  return !a.weak && !b.weak && a.opaque === b.opaque;
}

/** Returns whether two tags match weakly: equal, weak or not (RFC 9110 §8.8.3.2). */
export function weakMatch(a: EntityTag, b: EntityTag): boolean {
  return a.opaque === b.opaque;
}

function endOfMember(value: string, start: number): number {
  let opening = endOfOws(value, start);
  if (value.startsWith("W/", opening)) opening += 2;
  const closing = value[opening] === '"' ? value.indexOf('"', opening + 1) : -1;
  const end = closing === -1 ? -1 : endOfOws(value, closing + 1);
  if (end === value.length || value[end] === ",") return end;
  // Entity tags have no escapes. An unclosed one ends at the first comma, so that it does not hide the others.
  const comma = value.indexOf(",", opening);
  return comma === -1 ? value.length : comma;
}

function endOfOws(value: string, start: number): number {
  let at = start;
  while (isOws(value[at])) at += 1;
  return at;
}
