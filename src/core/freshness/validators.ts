import { fieldOf } from "../../http/fields.ts";
import type { Fields, FieldValue } from "../../http/fields.ts";
import type { Entry } from "../contract/store.ts";

/** Fields that describe the stored content, which a 304 does not bring anew (RFC 9111 §3.2). */
const OF_THE_CONTENT: ReadonlySet<string> = new Set([
  "content-digest",
  "content-encoding",
  "content-length",
  "content-md5",
  "content-range",
  "digest",
  "etag",
  "repr-digest",
]);

/** The conditions under which a stored response still holds, as request fields (RFC 9111 §4.3.1). */
export function conditionsOf(entry: Entry | undefined): Fields {
  if (entry === undefined) return [];
  const conditions: [string, FieldValue][] = [];
  const tag = fieldOf(entry.fields, "etag");
  const modified = fieldOf(entry.fields, "last-modified");
  if (tag !== undefined) conditions.push(["if-none-match", tag]);
  if (modified !== undefined) conditions.push(["if-modified-since", modified]);
  return conditions;
}

/** Stored fields as a 304 or an answer to HEAD freshens them (RFC 9111 §3.2). */
export function freshened(stored: Fields, said: Fields): Fields {
  const kept = stored.filter(([name]) => OF_THE_CONTENT.has(name) || fieldOf(said, name) === undefined);
  return [...kept, ...said.filter(([name]) => !OF_THE_CONTENT.has(name))];
}

/** Whether an answer to HEAD describes the stored content: its validators and its length, where it says them. */
export function isSameRepresentation(entry: Entry, said: Fields): boolean {
  const length = fieldOf(said, "content-length");
  if (length !== undefined && length !== String(entry.body.byteLength)) return false;
  return ["etag", "last-modified"].every((name) => {
    const value = fieldOf(said, name);
    return value === undefined || value === fieldOf(entry.fields, name);
  });
}
