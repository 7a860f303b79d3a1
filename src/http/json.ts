import { closingQuote } from "./list.ts";

/** A number that a double holds without loss is told by its value; fifteen digits are always held. */
const MOST_DIGITS = 15;

const NUMBER = /-?([0-9]+)(?:\.([0-9]+))?(?:[eE][+-]?[0-9]+)?/y;

/** Deeper text is not counted: nesting costs its sender a byte a level. */
const DEEPEST = 100;

/**
 * Reads a JSON text (RFC 8259) whose value says all that it says; undefined where another reader could understand it
 * otherwise: a name given twice in one object, a number that a double cannot hold, or no JSON at all.
 */
export function parseExactJson(text: string): { readonly value: unknown } | undefined {
  const value = parsed(text);
  return value === undefined || membersIn(text) !== membersOf(value, 0) ? undefined : { value };
}

/** Decides whether a media type says JSON in UTF-8: `application/json`, or one that ends in `+json` (RFC 6839 §3.1). */
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

/** How many members the objects of a valid text are given; `NaN` where one of its numbers is more than its value. */
function membersIn(text: string): number {
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
  // Below the least normal number a double holds fewer digits.
  return digits.length <= MOST_DIGITS && (digits === "" || (size >= 2 ** -1022 && size < Infinity));
}

function membersOf(value: unknown, depth: number): number {
  if (typeof value !== "object" || value === null) return 0;
  if (depth === DEEPEST) return Number.NaN;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce<number>((sum, member) => sum + membersOf(member, depth + 1), own);
}
