import { closingQuote } from "./list.ts";

/** A double holds any number of up to fifteen significant digits without loss. */
const MOST_DIGITS = 15;

const NUMBER = /-?([0-9]+)(?:\.([0-9]+))?(?:[eE][+-]?[0-9]+)?/y;

/** Deeper values are refused: each level costs its sender one byte only. */
const DEEPEST = 100;

/**
 * Returns the value of a JSON text (RFC 8259) that every parser reads alike. Returns undefined if it is malformed, repeats a
 * name in one object, or has a number that a double cannot hold exactly.
 */
export function parseExactJson(text: string): { readonly value: unknown } | undefined {
  const value = parsed(text);
  return value === undefined || memberCountIn(text) !== memberCount(value, 0) ? undefined : { value };
}

/** Returns whether a media type is JSON in UTF-8: `application/json`, or one that ends in `+json` (RFC 6839 §3.1). */
export function isJson(contentType: string): boolean {
  const [type = "", ...parameters] = contentType.split(";");
  const isUtf8 = parameters.every(
    (text) => !/^\s*charset\s*=/i.test(text) || /=\s*"?utf-8"?\s*$/i.test(text),
  );
  return isUtf8 && /^\s*(?:application\/json|[^\s/]+\/[^\s/]+\+json)\s*$/i.test(type);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The number of members in all objects of a valid text, or `NaN` if a double cannot hold one of its numbers. */
function memberCountIn(text: string): number {
  let members = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '"') at = closingQuote(text, at);
    else if (character === ":") members++;
    else if (character === "-" || (character >= "0" && character <= "9")) {
      NUMBER.lastIndex = at;
      const [literal = "", whole = "", fraction = ""] = NUMBER.exec(text) ?? [];
      if (!isHeld(literal, (whole + fraction).replace(/^0+/, ""))) return Number.NaN;
      at += literal.length - 1;
    }
  }
  return members;
}

function isHeld(literal: string, digits: string): boolean {
  const size = Math.abs(Number(literal));
  // Below the smallest normal number a double has fewer digits.
  return digits.length <= MOST_DIGITS && (digits === "" || (size >= 2 ** -1022 && size < Infinity));
}

function memberCount(value: unknown, depth: number): number {
  if (typeof value !== "object" || value === null) return 0;
  if (depth === DEEPEST) return Number.NaN;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce<number>((sum, member) => sum + memberCount(member, depth + 1), own);
}
