import assert from "node:assert/strict";
import type { Answer, OpenAnswer } from "./client.ts";

/** One member of `Cache-Status`: a cache's name and its parameters (RFC 9211 §2). */
export interface StatusMember {
  readonly cache: string;
  readonly parameters: ReadonlyMap<string, string>;
}

type Headed = Pick<Answer | OpenAnswer, "header">;

/** Asserts that a response comes from the cache, by each of its fields. */
export function assertHit(answer: Headed): void {
  assert.equal(answer.header("x-cache"), "HIT");
  const { parameters } = ownMember(answer);
  assert.ok(parameters.has("hit"), "Cache-Status has hit");
  assert.ok(!parameters.has("fwd"), "hit and fwd exclude each other");
  assert.match(answer.header("age") ?? "absent", /^\d+$/, "a hit has Age");
}

/** Asserts that the handler made the response: `fwd` is why, `detail` is why it was not stored. */
export function assertMiss(
  answer: Headed,
  expected: { readonly fwd?: string; readonly detail?: string } = {},
): void {
  assert.equal(answer.header("x-cache"), "MISS");
  const { parameters } = ownMember(answer);
  assert.ok(!parameters.has("hit"), "Cache-Status does not have hit");
  assert.equal(parameters.get("fwd"), expected.fwd ?? "uri-miss");
  if (expected.detail !== undefined) assert.equal(parameters.get("detail"), expected.detail);
  assert.equal(answer.header("age"), undefined, "a new response has no Age");
}

/** Returns this cache's member of `Cache-Status`, which has to be the last, and the only one of its name. */
export function ownMember(answer: Headed): StatusMember {
  const members = parseCacheStatus(answer.header("cache-status") ?? "");
  const own = members.filter(({ cache }) => cache === "caching-route");
  assert.equal(own.length, 1, `Cache-Status has one member of this cache: ${answer.header("cache-status")}`);
  assert.equal(members.at(-1), own[0], "it is the last member");
  return own[0] as StatusMember;
}

/** Parses `Cache-Status`. Commas and semicolons inside quotes belong to their string (RFC 9651 §3.3.3). */
export function parseCacheStatus(value: string): readonly StatusMember[] {
  if (value === "") return [];
  return split(value, ",").map((member) => {
    const [cache = "", ...parameters] = split(member, ";");
    return { cache, parameters: new Map(parameters.map(pairOf)) };
  });
}

function pairOf(parameter: string): readonly [name: string, value: string] {
  const at = parameter.indexOf("=");
  return at === -1 ? [parameter, "?1"] : [parameter.slice(0, at), parameter.slice(at + 1)];
}

function split(value: string, separator: string): string[] {
  const parts = [""];
  let quoted = false;
  for (let at = 0; at < value.length; at++) {
    const character = value[at] as string;
    if (character === "\\" && quoted) {
      parts[parts.length - 1] += character + (value[++at] ?? "");
      continue;
    }
    if (character === '"') quoted = !quoted;
    if (character === separator && !quoted) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim());
}
