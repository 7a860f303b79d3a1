import { parseList } from "./list.ts";

/** The value of a field, or the values of its lines in order if there are several. */
export type FieldValue = string | readonly string[];

/**
 * The header fields of a message: lower-case names, each once, in order of first appearance.
 *
 * @example
 * const fields: Fields = [
 *   ["content-type", "text/plain"],
 *   ["set-cookie", ["a=1", "b=2"]],
 * ];
 */
export type Fields = readonly (readonly [name: string, value: FieldValue])[];

/** Returns the value of the field with this lower-case name. */
export function fieldOf(fields: Fields, name: string): FieldValue | undefined {
  for (const field of fields) {
    if (field[0] === name) return field[1];
  }
  return undefined;
}

/** Returns the fields but those with these lower-case names. */
export function withoutFields(fields: Fields, names: readonly string[]): Fields {
  return fields.filter(([name]) => !names.includes(name));
}

/** Returns the lines of a field joined by commas (RFC 9110 §5.3). Not for `set-cookie`. */
export function combined(value: FieldValue | undefined): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  return value.length === 0 ? undefined : value.join(", ");
}

/**
 * Returns the fields of an object such as the result of Node's `getHeaders()`: names in lower case, values as text.
 *
 * @example
 * const fields = toFields(response.getHeaders());
 */
export function toFields(
  record: Readonly<Record<string, number | string | readonly string[] | undefined>>,
): Fields {
  const grouped = new Map<string, FieldValue>();
  let repeated: Map<string, string[]> | undefined;
  for (const key of Object.keys(record)) {
    const name = key.toLowerCase();
    const value = record[key];
    const lines = value === undefined ? [] : typeof value === "object" ? value.map(String) : [String(value)];
    const known = grouped.get(name);
    if (known === undefined) {
      const first = fromLines(lines);
      if (first !== undefined) grouped.set(name, first);
      continue;
    }
    // One growing list per name: to copy it for each spelling of the name would be quadratic (hazard 32).
    let all = (repeated ??= new Map()).get(name);
    if (all === undefined) repeated.set(name, (all = [...linesOf(known)]));
    for (const line of lines) all.push(line);
    if (all.length > 1) grouped.set(name, all);
  }
  return [...grouped];
}

const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_VALUE = /^[\t\x20-\x7E\x80-\xFF]*$/;

/** Returns whether `text` is a field name: a token (RFC 9110 §5.1). */
export function isFieldName(text: string): boolean {
  return FIELD_NAME.test(text);
}

/** Returns whether `text` can be sent as a field value: 8-bit characters, no control characters but HTAB (RFC 9110 §5.5). */
export function isFieldValue(text: string): boolean {
  return FIELD_VALUE.test(text);
}

/** Returns whether every name and value can be sent. */
export function areSendable(fields: Fields): boolean {
  return fields.every(([name, value]) => isFieldName(name) && linesOf(value).every(isFieldValue));
}

/**
 * Returns the fields of `after` that `before` does not have: new and changed fields, added `set-cookie` lines and added
 * `vary` members. `Vary: *` is always returned, because it means that the response depends on more than the request.
 *
 * @example
 * subtractFields([["vary", "origin, accept"]], [["vary", "origin"]]); // [["vary", "accept"]]
 */
export function subtractFields(after: Fields, before: Fields): Fields {
  if (before.length === 0) return after;
  const earlier = new Map(before);
  const added: [string, FieldValue][] = [];
  for (const [name, value] of after) {
    const known = earlier.get(name);
    const rest = known === undefined ? value : subtractValue(name, value, known);
    if (rest !== undefined) added.push([name, rest]);
  }
  return added;
}

/** The differences between two states of a message's fields. */
export interface Changes {
  /** New and replaced fields, and the lines added to others. */
  readonly fields: Fields;
  /** Names of fields that were removed, and `set-cookie` if its lines were replaced. */
  readonly removed: readonly string[];
  /** Names among `fields` that were only added to: their earlier lines or members stay. */
  readonly added: readonly string[];
}

/** Fields with a single value, which a longer one replaces, or whose members a cache has to read together. */
const SINGLE: ReadonlySet<string> = new Set([
  "age",
  "cache-control",
  "cache-status",
  "cdn-cache-control",
  "content-disposition",
  "content-encoding",
  "content-length",
  "content-location",
  "content-range",
  "content-type",
  "date",
  "etag",
  "expires",
  "last-modified",
  "location",
  "no-vary-search",
  "retry-after",
  "set-cookie",
  "transfer-encoding",
  "vary",
]);

/** Returns whether lines may be added to a field of earlier middleware (RFC 9110 §5.3). */
export function isAddable(name: string): boolean {
  return !SINGLE.has(name);
}

/**
 * Returns the fields that were set, removed and added to between `before` and `after`.
 *
 * @example
 * changesOf([["link", ["</a>", "</b>"]]], [["link", "</a>"], ["x-id", "1"]]);
 * // { fields: [["link", "</b>"]], removed: ["x-id"], added: ["link"] }
 */
export function changesOf(after: Fields, before: Fields): Changes {
  if (before.length === 0) return { fields: after, removed: NONE, added: NONE };
  const left = new Map(before);
  const fields: [string, FieldValue][] = [];
  const removed: string[] = [];
  const added: string[] = [];
  for (const [name, value] of after) {
    const known = left.get(name);
    left.delete(name);
    if (known === undefined) fields.push([name, value]);
    else if (name === "vary") {
      // The members of earlier middleware count even if the handler removed them.
      const rest = subtractValue(name, value, known);
      if (rest !== undefined) fields.push([name, rest]);
    } else if (name === "set-cookie") {
      const isKept = subtractValue(name, known, value) === undefined;
      const rest = isKept ? subtractValue(name, value, known) : value;
      if (rest !== undefined) fields.push([name, rest]);
      if (!isKept) removed.push(name);
    } else if (!isSameValue(linesOf(value), linesOf(known))) {
      const more = isAddable(name) ? moreThan(linesOf(value), linesOf(known)) : undefined;
      fields.push([name, more ?? value]);
      if (more !== undefined) added.push(name);
    }
  }
  removed.push(...left.keys());
  return { fields, removed: removed.length === 0 ? NONE : removed, added: added.length === 0 ? NONE : added };
}

const NONE: readonly string[] = [];

/** The lines added to a field: further lines, or members at either end of the only line. */
function moreThan(after: readonly string[], before: readonly string[]): FieldValue | undefined {
  const lines = fromLines([...linesOf(subtractLines(after, before) ?? [])]);
  if (lines !== undefined && linesOf(lines).length === after.length - before.length) return lines;
  const [only = ""] = after;
  const known = before.join(", ");
  if (after.length > 1 || known === "") return undefined;
  const [end, start] = [only.slice(known.length).trim(), only.slice(0, -known.length).trim()];
  if (only.startsWith(known) && end.startsWith(",")) return end.slice(1).trim() || undefined;
  if (only.endsWith(known) && start.endsWith(",")) return start.slice(0, -1).trim() || undefined;
  return undefined;
}

function subtractValue(name: string, after: FieldValue, before: FieldValue): FieldValue | undefined {
  if (name === "set-cookie") return subtractLines(linesOf(after), linesOf(before));
  if (name === "vary") return subtractMembers(linesOf(after), linesOf(before));
  return isSameValue(linesOf(after), linesOf(before)) ? undefined : after;
}

function subtractLines(after: readonly string[], before: readonly string[]): FieldValue | undefined {
  const counts = new Map<string, number>();
  for (const line of before) counts.set(line, (counts.get(line) ?? 0) + 1);
  const added: string[] = [];
  for (const line of after) {
    const left = counts.get(line) ?? 0;
    // One earlier line accounts for one later line, so a cookie that was set again is an addition.
    if (left === 0) added.push(line);
    else counts.set(line, left - 1);
  }
  return fromLines(added);
}

function subtractMembers(after: readonly string[], before: readonly string[]): string | undefined {
  const earlier = new Set(parseList(before.join(",").toLowerCase()));
  const added = parseList(after.join(",")).filter(
    (member) => member === "*" || !earlier.has(member.toLowerCase()),
  );
  return added.length === 0 ? undefined : added.join(", ");
}

/** Fields about the connection or for a proxy, which are never stored (RFC 9110 §7.6.1, RFC 9111 §3.1). */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Returns the fields without connection fields and those that `Connection` names (RFC 9110 §7.6.1). */
export function endToEnd(fields: Fields): Fields {
  const nominated = new Set(parseList((combined(fieldOf(fields, "connection")) ?? "").toLowerCase()));
  return fields.filter(([name]) => !CONNECTION_FIELDS.has(name) && !nominated.has(name));
}

/**
 * Fields that belong to one message and not to the stored response (RFC 9111 §3.1, §5.1; hazard 13): times, traces and
 * authentication of one exchange, and those that change the state of one client.
 */
export const MESSAGE_FIELDS: ReadonlySet<string> = new Set([
  "age",
  "authentication-info",
  "clear-site-data",
  "content-length",
  "date",
  "server-timing",
  "set-login",
  "traceresponse",
]);

/**
 * Fields that describe the whole response, which a 206 must not have (hazard 44): digests (RFC 9530 §2), their predecessors,
 * and signatures, which cover them (RFC 9421). `Repr-Digest` is allowed on a 206 (RFC 9530 §3) but not required
 * (RFC 9110 §15.3.7), and clients mistake it for a digest of the part.
 */
const OF_THE_WHOLE: ReadonlySet<string> = new Set([
  "content-digest",
  "content-md5",
  "digest",
  "repr-digest",
  "signature",
  "signature-input",
]);

/** Returns the fields of a whole response that a 206 may have. */
export function fieldsOfPart(fields: Fields): Fields {
  return fields.filter(([name]) => !OF_THE_WHOLE.has(name));
}

/** The settings of a route that decide which fields are stored. */
export interface StoredFields {
  /** Whether `Date` is stored. */
  readonly storeDate: boolean;
  /** `Set-Cookie` is stored only with `store`. */
  readonly setCookie: "refuse" | "strip" | "store";
  /** `Clear-Site-Data` is stored only under `shared`, as RFC 9111 §3.1 requires. */
  readonly scope?: unknown;
  /** The status header, which is never stored. */
  readonly statusHeader: { readonly name: string } | undefined;
}

/** Returns whether a field of this lower-case name is stored. Used on writing and on reading (hazards 24 and 49). */
export function isStoredField(name: string, rule: StoredFields): boolean {
  if (CONNECTION_FIELDS.has(name)) return false;
  if (name === "date") return rule.storeDate;
  if (name === "clear-site-data") return rule.scope === "shared";
  if (MESSAGE_FIELDS.has(name)) return false;
  if (name === "set-cookie") return rule.setCookie === "store";
  return name !== rule.statusHeader?.name;
}

/** Returns the lines of a field. */
export function linesOf(value: FieldValue): readonly string[] {
  return typeof value === "string" ? [value] : value;
}

function fromLines(lines: readonly string[]): FieldValue | undefined {
  return lines.length > 1 ? lines : lines[0];
}

function isSameValue(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((line, index) => line === right[index]);
}
