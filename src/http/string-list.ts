import { trimSpaces } from "./list.ts";

const STRING = /"((?:[\x20\x21\x23-\x5B\x5D-\x7E]|\\["\\])*)"/y;
const PARAMETER =
  /; *[a-z*][a-z0-9_\-.*]*(?:=(?:-?[0-9]{1,12}\.[0-9]{1,3}|-?[0-9]{1,15}(?![0-9.])|"(?:[\x20\x21\x23-\x5B\x5D-\x7E]|\\["\\])*"|[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*|:[A-Za-z0-9+/=]*:|\?[01]|@-?[0-9]{1,15}))?/y;

/**
 * Reads a structured list whose members are strings (RFC 9651 §3.1), parameters read over, each member once; undefined
 * where it is anything else: then the whole field is ignored (RFC 9651 §4.2).
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
    // A comma promises another member.
    if (take(/,[ \t]*(?=[^ \t])/y) === null) return undefined;
  }
  return [...members];
}
