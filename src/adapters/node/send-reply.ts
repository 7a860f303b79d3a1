import { isUtf8 } from "node:buffer";
import type { ServerResponse } from "node:http";
import type { Making, Reply } from "../../adapter.ts";
import { guardCompression } from "./compression-guard.ts";
import { isWrapped } from "./method-override.ts";
import { areBeyondAscii, isHeadInUtf8 } from "./response-form.ts";
import { setFields } from "./reply-fields.ts";

/** Sends a reply that is at hand as a whole. */
export function sendReply(res: ServerResponse, reply: Reply): void {
  res.statusCode = reply.status;
  if (isWrapped(res)) return sendThrough(res, reply);
  const { fields, body, text, making } = reply;
  setFields(res, fields, making);
  // Where Node knows the length as it writes the head, it breaks this field's bytes beyond ASCII.
  if (body !== undefined && res.hasHeader("content-disposition")) res.writeHead(reply.status);
  const isUtf8 = body !== undefined && reply.status !== 206 && isHeadInUtf8(making);
  // Node then writes head and content together; in latin1 unless the handler's went out in UTF-8.
  if (text !== undefined) res.end(text, isUtf8 ? "utf8" : "latin1");
  else if (isUtf8 && areBeyondAscii(res.getHeaders())) Reflect.apply(res.end, res, asWritten(body, making));
  else res.end(body);
}

/**
 * Sends it through middleware in front, which is given what the handler would have given to it, and may change it: text
 * or a `Buffer`, in one call or in two, with a length or without.
 */
function sendThrough(res: ServerResponse, reply: Reply): void {
  const { status, fields, body, making } = reply;
  const isWhole = body !== undefined && status !== 206;
  const isUnsized = isWhole && making?.isUnsized === true;
  setFields(res, isUnsized ? fields.filter(([name]) => name !== "content-length") : fields, making);
  guardCompression(res, reply);
  if (making?.isHeadFirst === true) res.writeHead(status);
  if (body === undefined) return void res.end();
  if (!isWhole || making?.isParted !== true) {
    const content = asWritten(body, isWhole ? making : undefined);
    return void Reflect.apply(
      res.end,
      res,
      body.byteLength === 0 && making?.textIn === undefined ? [] : content,
    );
  }
  const { endBytes = 0 } = making;
  const at = body.byteLength - endBytes;
  Reflect.apply(res.write, res, asWritten(body.subarray(0, at), making));
  Reflect.apply(res.end, res, endBytes === 0 ? [] : asWritten(body.subarray(at), making));
}

/** Content as middleware in front would be given it by the handler: its arguments to `write` or `end`. */
export function asWritten(
  bytes: Uint8Array,
  making: Making | undefined,
): [string, BufferEncoding] | [Buffer] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const encoding = making?.textIn;
  // What began as text need not go on as text.
  if (encoding === undefined || (encoding !== "latin1" && !isUtf8(buffer))) return [buffer];
  return [buffer.toString(encoding), encoding];
}
