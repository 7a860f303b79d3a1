import { trimSpaces } from "./list.ts";

/** The members of a dictionary (RFC 9651 §3.2): bare items and inner lists as text, a key without a value as `true`. */
export type Dictionary = ReadonlyMap<string, string | true>;

const KEY = /[a-z*][a-z0-9_\-.*]*/y;
/** Decimal, integer or date, string, token, byte sequence, boolean, display string (RFC 9651 §3.3). */
const ITEM =
  /-?[0-9]{1,12}\.[0-9]{1,3}(?![0-9.])|@?-?[0-9]{1,15}(?![0-9.])|"(?:[\x20\x21\x23-\x5B\x5D-\x7E]|\\["\\])*"|[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*|:[A-Za-z0-9+/=]*:|\?[01]|%"(?:[\x20\x21\x23\x24\x26-\x7E]|%[0-9a-f]{2})*"/y;
const SPACES = / */y;
const OWS = /[ \t]*/y;

/**
 * Returns the members of a dictionary, or undefined if it is malformed: then the whole field is ignored (RFC 9651 §4.2).
 * Parameters are checked and dropped. Of a repeated key, the last value counts, at the position of the first.
 */
export function parseDictionary(value: string): Dictionary | undefined {
  const members = new Map<string, string | true>();
  const scanner = new Scanner(trimSpaces(value));
  while (!scanner.isAtEnd) {
    const key = scanner.take(KEY);
    if (key === undefined) return undefined;
    const item = scanner.skip("=") ? scanner.member() : true;
    if (item === undefined || !scanner.readsParameters()) return undefined;
    members.set(key, item);
    scanner.take(OWS);
    if (scanner.isAtEnd) return members;
    if (!scanner.skip(",")) return undefined;
    scanner.take(OWS);
    // A trailing comma is malformed.
    if (scanner.isAtEnd) return undefined;
  }
  return members;
}

/** A position in a text that is parsed from left to right. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** Consumes and returns the match of a sticky pattern at the position. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  /** Consumes one character if it is next. */
  skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  /** Consumes and returns an item or an inner list (RFC 9651 §3.1.1). */
  member(): string | undefined {
    const start = this.#at;
    if (!this.skip("(")) return this.#item();
    for (;;) {
      const spaces = this.take(SPACES);
      if (this.skip(")")) return this.#text.slice(start, this.#at);
      const isSeparated = spaces !== "" || this.#at === start + 1;
      if (!isSeparated || this.#item() === undefined || !this.readsParameters()) return undefined;
    }
  }

  /** Consumes parameters; returns whether they are well-formed (RFC 9651 §4.2.3.2). */
  readsParameters(): boolean {
    while (this.skip(";")) {
      this.take(SPACES);
      if (this.take(KEY) === undefined) return false;
      if (this.skip("=") && this.#item() === undefined) return false;
    }
    return true;
  }

  #item(): string | undefined {
    const item = this.take(ITEM);
    return item?.startsWith("%") === true && !isUtf8(item.slice(2, -1)) ? undefined : item;
  }
}

function isUtf8(encoded: string): boolean {
  try {
    decodeURIComponent(encoded);
    return true;
  } catch {
    // Not UTF-8: the display string is malformed.
    return false;
  }
}

const STRING = /"((?:[\x20\x21\x23-\x5B\x5D-\x7E]|\\["\\])*)"/y;
const PARAMETER =
  /; *[a-z*][a-z0-9_\-.*]*(?:=(?:-?[0-9]{1,12}\.[0-9]{1,3}|-?[0-9]{1,15}(?![0-9.])|"(?:[\x20\x21\x23-\x5B\x5D-\x7E]|\\["\\])*"|[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*|:[A-Za-z0-9+/=]*:|\?[01]|@-?[0-9]{1,15}))?/y;

/**
 * Returns the members of a list of strings, each once, without parameters (RFC 9651 §3.1), or undefined for anything else:
 * then the whole field is ignored (RFC 9651 §4.2).
 */
export function parseStringList(value: string): readonly string[] | undefined {
  const text = trimSpaces(value);
  const members = new Set<string>();
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at += found[0].length;
    return found;
  };
  while (at < text.length) {
    const member = take(STRING)?.[1];
    if (member === undefined) return undefined;
    members.add(member.replace(/\\(["\\])/g, "$1"));
    while (take(PARAMETER) !== null);
    take(/[ \t]*/y);
    if (at === text.length) break;
    // A trailing comma is malformed.
    if (take(/,[ \t]*(?=[^ \t])/y) === null) return undefined;
  }
  return [...members];
}
