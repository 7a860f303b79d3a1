import { parseDeltaSeconds, MAX_DELTA_SECONDS } from "./delta-seconds.ts";
import { isFieldName } from "./fields.ts";
import { closingQuote, parseList } from "./list.ts";

/** The directives of a response, and what each takes (RFC 9111 §5.2.2, RFC 5861, RFC 8246). */
const ARGUMENTS: ReadonlyMap<string, "seconds" | "names" | "none"> = new Map([
  ["immutable", "none"],
  ["max-age", "seconds"],
  ["must-revalidate", "none"],
  ["must-understand", "none"],
  ["no-cache", "names"],
  ["no-store", "none"],
  ["no-transform", "none"],
  ["private", "names"],
  ["proxy-revalidate", "none"],
  ["public", "none"],
  ["s-maxage", "seconds"],
  ["stale-if-error", "seconds"],
  ["stale-while-revalidate", "seconds"],
]);

/** Directives that let shared caches store a response. */
const FOR_SHARED_CACHES = ["public", "s-maxage"];

/**
 * Returns what is wrong with a `Cache-Control` that an application writes for its clients, or undefined if nothing is: it
 * has known directives of responses, each once, well-formed, and without a contradiction.
 *
 * With `isPrivate` it may not let a shared cache store the response.
 */
export function faultOf(text: string, isPrivate: boolean): string | undefined {
  const members = parseList(text);
  if (members.length === 0) return "it has no directive";
  const names = new Set<string>();
  for (const member of members) {
    const [name, argument] = partsOf(member);
    const takes = ARGUMENTS.get(name);
    if (takes === undefined) return `there is no directive "${name}" in responses`;
    if (names.has(name)) return `it has "${name}" twice`;
    names.add(name);
    if (takes === "none" && argument !== undefined) return `"${name}" takes no argument`;
    if (takes === "seconds" && parseDeltaSeconds(argument ?? "") === undefined)
      return `"${name}" takes whole seconds, such as ${name}=60`;
    if (takes === "names" && argument !== undefined && !isListOfNames(argument))
      return `"${name}" takes no argument, or header names in quotes`;
  }
  const open = FOR_SHARED_CACHES.filter((name) => names.has(name));
  if (open.length === 0) return undefined;
  if (isPrivate) return `a scope function makes the response private, and it has "${open.join('" and "')}"`;
  return names.has("private") ? `"private" contradicts "${open.join('" and "')}"` : undefined;
}

/** Returns a faultless `Cache-Control` with `private`, unless it forbids shared caches already. */
export function withPrivate(text: string): string {
  const isClosed = parseList(text).some((member) => /^(?:private|no-store)$/i.test(member));
  return isClosed ? text : `private, ${text}`;
}

/**
 * Returns a faultless `Cache-Control` whose lifetimes begin when the response is sent: a recipient counts its `Age` in
 * (RFC 9111 §4.2), so that is added to each. A lifetime of 0 stays 0.
 */
export function fromNow(text: string, age: number): string {
  if (age === 0) return text;
  const members = parseList(text).map((member) => {
    const [name, argument] = partsOf(member);
    const seconds = LIFETIMES.has(name) ? Number(argument) : 0;
    return seconds > 0 ? `${name}=${Math.min(seconds + age, MAX_DELTA_SECONDS)}` : member;
  });
  return members.join(", ");
}

const LIFETIMES: ReadonlySet<string> = new Set(["max-age", "s-maxage"]);

function partsOf(member: string): readonly [name: string, argument: string | undefined] {
  const at = member.indexOf("=");
  return at === -1
    ? [member.toLowerCase(), undefined]
    : [member.slice(0, at).toLowerCase(), member.slice(at + 1)];
}

function isListOfNames(argument: string): boolean {
  if (!argument.startsWith('"') || closingQuote(argument, 0) !== argument.length - 1) return false;
  const names = parseList(argument.slice(1, -1));
  return names.length > 0 && names.every(isFieldName);
}
