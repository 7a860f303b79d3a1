import { isAscii } from "node:buffer";
import type { Changes, HandlerHead, Making } from "../../adapter.ts";

/** How a handler handed its content over. */
export interface Form extends Pick<Making, "isParted" | "isHeadFirst" | "isUnsized"> {
  readonly textIn?: Making["textIn"] | undefined;
}

/** The head that a handler made. */
export type OwnHead = Pick<HandlerHead, "fields" | "making">;

/** Combines the form of a response with its changes to earlier fields; undefined if all of it is the default. */
export function makingOf(form: Form, { removed, added }: Changes): Making | undefined {
  const { textIn, isParted, isHeadFirst, isUnsized } = form;
  const making: { -readonly [Name in keyof Making]: Making[Name] } = {};
  if (textIn !== undefined) making.textIn = textIn;
  if (isParted === true) making.isParted = true;
  if (isHeadFirst === true) making.isHeadFirst = true;
  if (isUnsized === true) making.isUnsized = true;
  if (removed.length > 0) making.removed = removed;
  if (added.length > 0) making.added = added;
  return Object.keys(making).length === 0 ? undefined : making;
}

/** Returns the encoding of content that was given as text; undefined for bytes, and for text in hex or base64. */
export function textIn(chunk: unknown, encoding: BufferEncoding | undefined): Making["textIn"] {
  if (typeof chunk !== "string") return undefined;
  // With this spelling alone, Node writes the head in UTF-8, too.
  if (encoding === undefined || encoding === "utf8") return "utf8";
  if (/^utf-?8$/i.test(encoding)) return "utf-8";
  return /^(?:latin1|binary)$/i.test(encoding) ? "latin1" : undefined;
}

/**
 * Whether Node writes the head of a response in UTF-8, as it does together with such text, and not in latin1: fields
 * beyond ASCII have other bytes then (hazard 43).
 */
export function isHeadInUtf8(making: Making | undefined): boolean {
  if (making?.textIn !== "utf8") return false;
  // Chunked content begins with a line of its own.
  const isChunked = making.isUnsized === true && (making.isParted === true || making.isHeadFirst === true);
  return !isChunked;
}

/** The largest content, in bytes, that is sent as text. */
const LARGEST_TEXT = 8192;

/**
 * Returns content as text if it is small and ASCII: Node writes text together with the head. The core does the same once for
 * content that a store keeps; this is for content that a store reads again for each hit.
 */
export function smallText(body: Uint8Array | undefined): string | undefined {
  if (body === undefined || body.byteLength === 0 || body.byteLength > LARGEST_TEXT) return undefined;
  if (!isAscii(body)) return undefined;
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1");
}

/** Whether a field has a value beyond ASCII. */
export function areBeyondAscii(fields: Readonly<Record<string, unknown>>): boolean {
  for (const name in fields) {
    const value = fields[name];
    if (Array.isArray(value) ? value.some(isBeyondAscii) : isBeyondAscii(value)) return true;
  }
  return false;
}

function isBeyondAscii(value: unknown): boolean {
  return typeof value === "string" && /[\x80-\uFFFF]/.test(value);
}
