import { isUtf8 } from "node:buffer";
import type { OutgoingHttpHeader, ServerResponse } from "node:http";
import { types } from "node:util";
import type { Making } from "../../adapter.ts";

/** The arguments of `res.write` and `res.end`, in any of their forms. */
export interface WriteArguments {
  readonly chunk: unknown;
  readonly encoding: BufferEncoding | undefined;
  readonly callback: (() => void) | undefined;
}

/** Reads the arguments of `write(chunk, encoding?, callback?)` and `end(chunk?, encoding?, callback?)`. */
export function readWrite(args: readonly unknown[]): WriteArguments {
  const callback = args.find((argument) => typeof argument === "function") as (() => void) | undefined;
  const [chunk, encoding] = args.map((argument) => (typeof argument === "function" ? undefined : argument));
  return {
    chunk: chunk ?? undefined,
    encoding: typeof encoding === "string" ? (encoding as BufferEncoding) : undefined,
    callback,
  };
}

/** Whether Node accepts a chunk as content. It throws a `TypeError` for anything else. */
export function isContent(chunk: unknown): chunk is string | Uint8Array | undefined {
  return chunk === undefined || typeof chunk === "string" || types.isUint8Array(chunk);
}

/** Returns content as the socket sends it: text only if its encoding is UTF-8, else bytes of this realm. */
export function sentContent(
  chunk: string | Uint8Array,
  encoding: BufferEncoding | undefined,
): string | Uint8Array {
  if (typeof chunk !== "string") return chunk instanceof Uint8Array ? chunk : Buffer.from(chunk);
  if (encoding === undefined || /^utf-?8$/i.test(encoding)) return chunk;
  return Buffer.from(chunk, encoding);
}

/** Returns content as its handler gave it to `write` or `end`, for middleware that changes it (hazard 41). */
export function asWritten(
  bytes: Uint8Array,
  making: Making | undefined,
): [string, BufferEncoding] | [Buffer] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const encoding = making?.textIn;
  // Content that began as text need not go on as text.
  if (encoding === undefined || (encoding !== "latin1" && !isUtf8(buffer))) return [buffer];
  return [buffer.toString(encoding), encoding];
}

/**
 * Sets the status, reason and fields of `res.writeHead(status, reason?, fields?)` on the response, so that they can be
 * read.
 *
 * Node 20 keeps only the last line of a name that a flat list repeats, so lines of one name are set together.
 */
export function applyHead(res: ServerResponse, args: readonly unknown[]): void {
  const [status, reason, last] = args;
  res.statusCode = Number(status);
  if (typeof reason === "string") res.statusMessage = reason;
  const fields = typeof reason === "string" ? last : (reason ?? last);
  if (typeof fields !== "object" || fields === null) return;
  const pairs = Array.isArray(fields) ? pairsOf(fields) : Object.entries(fields);
  const grouped = new Map<string, [name: string, values: OutgoingHttpHeader[]]>();
  for (const [name, value] of pairs as [string, OutgoingHttpHeader][]) {
    const known = grouped.get(name.toLowerCase());
    if (known === undefined) grouped.set(name.toLowerCase(), [name, [value]]);
    else known[1].push(value);
  }
  for (const [name, values] of grouped.values()) {
    const [only] = values;
    res.setHeader(name, values.length === 1 && only !== undefined ? only : values.flat().map(String));
  }
}

/** Reads a list of fields for `writeHead`: pairs, or names and values in turn. */
export function pairsOf(list: readonly unknown[]): unknown[][] {
  if (Array.isArray(list[0])) return [...(list as unknown[][])];
  return list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1]]] : []));
}
