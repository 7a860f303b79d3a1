import { parseCacheControl } from "../../http/cache-control.ts";
import { isJson, parseExactJson } from "../../http/json.ts";
import type { Digest, Hasher } from "../contract/platform.ts";
import type { RequestRecord } from "../contract/request-and-policy.ts";

/**
 * Returns a digest of a request's content and of the fields that define its format (RFC 10008 §2.7). Returns undefined if the
 * content is not available or of an unknown type.
 *
 * The JSON of a QUERY is digested by its value, so that equivalent spellings share a response, unless the request has
 * `no-transform`. No specification allows that for other methods.
 */
export function digestContent(request: RequestRecord, digest: Digest): string | undefined {
  const content = request.content?.();
  if (content === undefined) return undefined;
  const hasher = digest.hasher();
  hasher.update(`${request.header("content-type") ?? ""}\n${request.header("content-encoding") ?? ""}\n`);
  const mayNormalize = request.method === "QUERY" && !isVerbatim(request.header("cache-control"));
  const json = mayNormalize ? jsonOf(content, request) : undefined;
  if (json !== undefined) hasher.update("json ");
  const isAdded =
    json === undefined ? addContent(hasher, content) : addContent(hasher, json.value, inAnyOrder);
  return isAdded ? hasher.finish() : undefined;
}

/** Deeper content is refused: each level costs a client one byte and this process one call. */
const DEEPEST = 100;

function isVerbatim(cacheControl: string | undefined): boolean {
  return cacheControl !== undefined && parseCacheControl(cacheControl).noTransform;
}

/** The value of JSON content: parsed already, or text or bytes without a coding. Undefined: not JSON. */
function jsonOf(content: unknown, request: RequestRecord): { readonly value: unknown } | undefined {
  if (!isJson(request.header("content-type") ?? "")) return undefined;
  const isBytes = content instanceof Uint8Array;
  if (!isBytes && typeof content !== "string") return { value: content };
  if (request.header("content-encoding") !== undefined) return undefined;
  const text = isBytes ? decodedText(content) : content;
  return text === undefined ? undefined : parseExactJson(text);
}

function decodedText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    // Not UTF-8: digested as bytes.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

type Arrange = (members: readonly [string, unknown][]) => readonly [string, unknown][];

const inAnyOrder: Arrange = (members) => members.toSorted(([a], [b]) => (a < b ? -1 : 1));

const asGiven: Arrange = (members) => members;

/** Adds parsed content, each value after its type and length, so that different contents have different digests. */
function addContent(hasher: Hasher, content: unknown, arrange: Arrange = asGiven, depth = 0): boolean {
  if (depth > DEEPEST) return false;
  if (content instanceof Uint8Array) {
    hasher.update(`bytes ${content.byteLength}:`);
    hasher.update(content);
    return true;
  }
  if (typeof content === "string") {
    // JSON escapes lone surrogates; UTF-8 would turn each into the same replacement character.
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
    return Array.from(content).every((member) => addContent(hasher, member, arrange, depth + 1));
  }
  if (!isPlainObject(content)) return false;
  const members = arrange(Object.entries(content));
  hasher.update(`object ${members.length}:`);
  return members.every(
    ([name, member]) => addContent(hasher, name) && addContent(hasher, member, arrange, depth + 1),
  );
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === Object.prototype || prototype === null || isBare(prototype);
}

/** Whether what has this prototype inherits nothing, as the objects of fast-querystring, which parses forms for Fastify. */
function isBare(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Reflect.ownKeys(prototype).length === 0;
}
