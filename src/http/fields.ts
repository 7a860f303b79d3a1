import { parseList } from "./list.ts";

/** One field's value, or its values in the order of their lines where there are several. */
export type FieldValue = string | readonly string[];

/** The header fields of a message: lower-case names, each once, in the order in which they were first said. */
export type Fields = readonly (readonly [name: string, value: FieldValue])[];

/** Returns the value of the field with this lower-case name. */
export function fieldOf(fields: Fields, name: string): FieldValue | undefined {
  for (const field of fields) {
    if (field[0] === name) return field[1];
  }
  return undefined;
}

/** Returns the lines of one field as a single value, joined by a comma (RFC 9110 §5.3). Not for `set-cookie`. */
export function combined(value: FieldValue | undefined): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  return value.length === 0 ? undefined : value.join(", ");
}

/** Returns the fields of an object such as Node's `getHeaders()` gives: lower-cased, grouped, as text. */
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
    // One list for each name, that grows: to copy it for each spelling would be quadratic (hazard 32).
    let all = (repeated ??= new Map()).get(name);
    if (all === undefined) repeated.set(name, (all = [...linesOf(known)]));
    for (const line of lines) all.push(line);
    if (all.length > 1) grouped.set(name, all);
  }
  return [...grouped];
}

const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_VALUE = /^[\t\x20-\x7E\x80-\xFF]*$/;

/** Decides whether `text` is a field name: a token (RFC 9110 §5.1). */
export function isFieldName(text: string): boolean {
  return FIELD_NAME.test(text);
}

/** Decides whether `text` can be sent as a field value: no control character but HTAB, no more than 8 bits (RFC 9110 §5.5). */
export function isFieldValue(text: string): boolean {
  return FIELD_VALUE.test(text);
}

/** Decides whether every field can be written to a socket and read back as itself: no line break, no odd name. */
export function areSendable(fields: Fields): boolean {
  return fields.every(([name, value]) => isFieldName(name) && linesOf(value).every(isFieldValue));
}

/**
 * Returns what `after` says that `before` did not: new and changed fields, the `set-cookie` lines that came on
 * top, and the `vary` members that were added. `Vary: *` is always returned, because whoever said it, the
 * response depends on more than the request.
 */
export function subtractFields(after: Fields, before: Fields): Fields {
  if (before.length === 0) return after;
  const said = new Map(before);
  const added: [string, FieldValue][] = [];
  for (const [name, value] of after) {
    const known = said.get(name);
    const rest = known === undefined ? value : subtractValue(name, value, known);
    if (rest !== undefined) added.push([name, rest]);
  }
  return added;
}

/** What came between two states of a message's fields. */
export interface Changes {
  /** What was said: fields that are new or replaced, and what was added to others. */
  readonly fields: Fields;
  /** What is there no more; and `set-cookie`, whose lines join, where it was replaced. */
  readonly removed: readonly string[];
  /** Names among `fields` to which that was added: earlier lines, or members of a list, stay beside it. */
  readonly added: readonly string[];
}

/** Fields that are said once, so that a longer value is another one, or whose members a cache has to read together. */
const SAID_ONCE: ReadonlySet<string> = new Set([
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

/** Decides whether more of a field may be said beside what earlier middleware said of it (RFC 9110 §5.3). */
export function isAddable(name: string): boolean {
  return !SAID_ONCE.has(name);
}

/** Returns what `after` says that `before` did not, what it took away, and to what it only added. */
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
      // What middleware varies by counts, whatever the handler says.
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

/** What was added to lines: by further ones, or in one that was lengthened at either end. */
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
  const said = new Map<string, number>();
  for (const line of before) said.set(line, (said.get(line) ?? 0) + 1);
  const added: string[] = [];
  for (const line of after) {
    const left = said.get(line) ?? 0;
    // One line before accounts for one line after: a cookie that was said again is an addition.
    if (left === 0) added.push(line);
    else said.set(line, left - 1);
  }
  return fromLines(added);
}

function subtractMembers(after: readonly string[], before: readonly string[]): string | undefined {
  const said = new Set(parseList(before.join(",").toLowerCase()));
  const added = parseList(after.join(",")).filter(
    (member) => member === "*" || !said.has(member.toLowerCase()),
  );
  return added.length === 0 ? undefined : added.join(", ");
}

/** RFC 9110 §7.6.1 and RFC 9111 §3.1: about this connection, or said to a proxy, so never stored or replayed. */
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

/** Returns the fields without those about one connection, the ones that `Connection` names included (RFC 9110 §7.6.1). */
export function endToEnd(fields: Fields): Fields {
  const nominated = new Set(parseList((combined(fieldOf(fields, "connection")) ?? "").toLowerCase()));
  return fields.filter(([name]) => !CONNECTION_FIELDS.has(name) && !nominated.has(name));
}

/**
 * Fields that belong to one message and not to the stored response (RFC 9111 §3.1, §5.1; hazard 13): they tell of one
 * exchange (its times, its trace, its authentication), or act on the state of one client.
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
 * Fields that describe the whole and do not go with a part of it (hazard 44): digests of the content (RFC 9530 §2), their
 * ancestors, and signatures, which cover them (RFC 9421). `Repr-Digest` might stay (RFC 9530 §3), but a part need not have
 * it (RFC 9110 §15.3.7), and whoever checks what it has received takes it for a digest of that.
 */
const OF_THE_WHOLE: ReadonlySet<string> = new Set([
  "content-digest",
  "content-md5",
  "digest",
  "repr-digest",
  "signature",
  "signature-input",
]);

/** Returns the fields of a whole response that may go with a part of it. */
export function fieldsOfPart(fields: Fields): Fields {
  return fields.filter(([name]) => !OF_THE_WHOLE.has(name));
}

/** What a route lets be stored beyond what every response may have. */
export interface StoredFields {
  /** Whether the `Date` of a response is stored. */
  readonly storeDate: boolean;
  /** Cookies are stored under `store` alone. */
  readonly setCookie: "refuse" | "strip" | "store";
  /** For whom it is stored; `shared` is by the book, which stores `Clear-Site-Data` (RFC 9111 §3.1). */
  readonly scope?: unknown;
  /** The field that says whether the answer came from the cache: each message has its own. */
  readonly statusHeader: { readonly name: string } | undefined;
}

/** Decides whether a field of this lower-case name is stored; writing asks it, and so does reading (hazards 24 and 49). */
export function isStoredField(name: string, rule: StoredFields): boolean {
  if (CONNECTION_FIELDS.has(name)) return false;
  if (name === "date") return rule.storeDate;
  if (name === "clear-site-data") return rule.scope === "shared";
  if (MESSAGE_FIELDS.has(name)) return false;
  if (name === "set-cookie") return rule.setCookie === "store";
  return name !== rule.statusHeader?.name;
}

function linesOf(value: FieldValue): readonly string[] {
  return typeof value === "string" ? [value] : value;
}

function fromLines(lines: readonly string[]): FieldValue | undefined {
  return lines.length > 1 ? lines : lines[0];
}

function isSameValue(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((line, index) => line === right[index]);
}
