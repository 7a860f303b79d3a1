import type { ServerResponse } from "node:http";
import type { Reply } from "../../adapter.ts";
import { guardCompression } from "./compression-guard.ts";
import { isWrapped } from "./method-override.ts";
import { setFields, setUnlessSet } from "./reply-fields.ts";
import { areBeyondAscii, isHeadInUtf8, smallText } from "./response-form.ts";
import { asWritten } from "./write-arguments.ts";

/** Sends a whole reply. */
export function sendReply(res: ServerResponse, reply: Reply): void {
  res.statusCode = reply.status;
  if (isWrapped(res)) return sendThroughMiddleware(res, reply);
  const { fields, unlessSet, body, text, making } = reply;
  setFields(res, fields, making);
  setUnlessSet(res, unlessSet);
  // If Node knows the length when it writes the head, it breaks this field's bytes beyond ASCII.
  if (body !== undefined && res.hasHeader("content-disposition")) res.writeHead(reply.status);
  const isUtf8 = body !== undefined && reply.status !== 206 && isHeadInUtf8(making);
  // Node writes head and content of a text together, and so in latin1 unless the handler's head was in UTF-8.
  if (text !== undefined) res.end(text, isUtf8 ? "utf8" : "latin1");
  else if (isUtf8 && areBeyondAscii(res.getHeaders())) Reflect.apply(res.end, res, asWritten(body, making));
  else {
    const small = smallText(body);
    if (small === undefined) res.end(body);
    else res.end(small, "latin1");
  }
}

/**
 * Sends a reply through middleware, which may change it, and is given it as the handler would have: as text or as a
 * `Buffer`, in one call or in two, with a length or without (hazard 41).
 */
function sendThroughMiddleware(res: ServerResponse, reply: Reply): void {
  const { status, fields, unlessSet, body, making } = reply;
  const isWhole = body !== undefined && status !== 206;
  const isUnsized = isWhole && making?.isUnsized === true;
  setFields(res, isUnsized ? fields.filter(([name]) => name !== "content-length") : fields, making);
  setUnlessSet(res, unlessSet);
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
