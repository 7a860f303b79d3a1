import type { Digest, Hasher } from "./digest.ts";
import type { RequestRecord } from "./types.ts";

/** Digests what a method with content asks with: the content and the fields that say how to read it (RFC 10008 §2). */
export function digestContent(request: RequestRecord, digest: Digest): string | undefined {
  const content = request.content?.();
  if (content === undefined) return undefined;
  const hasher = digest.hasher();
  hasher.update(`${request.header("content-type") ?? ""}\n${request.header("content-encoding") ?? ""}\n`);
  return addContent(hasher, content) ? hasher.finish() : undefined;
}

/** Deeper content is not read: nesting costs a client a byte a level, and this process a call. */
const DEEPEST = 100;

/** Adds parsed content, each value with its type and length before it, so that different contents stay different. */
function addContent(hasher: Hasher, content: unknown, depth = 0): boolean {
  if (depth > DEEPEST) return false;
  if (content instanceof Uint8Array) {
    hasher.update(`bytes ${content.byteLength}:`);
    hasher.update(content);
    return true;
  }
  if (typeof content === "string") {
    // JSON spells lone surrogates out, which UTF-8 would fold into one replacement character.
    hasher.update(`text ${JSON.stringify(content)};`);
    return true;
  }
  if (content === null || typeof content === "boolean" || typeof content === "number") {
    hasher.update(`${typeof content} ${Object.is(content, -0) ? "-0" : String(content)};`);
    return true;
  }
  if (Array.isArray(content)) {
    hasher.update(`list ${content.length}:`);
    // Array.from fills holes, which `every` would skip.
    return Array.from(content).every((member) => addContent(hasher, member, depth + 1));
  }
  if (!isPlainObject(content)) return false;
  const members = Object.entries(content);
  hasher.update(`object ${members.length}:`);
  return members.every(([name, member]) => addContent(hasher, name) && addContent(hasher, member, depth + 1));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
