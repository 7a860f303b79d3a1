import { Readable, Stream } from "node:stream";
import type { Context } from "koa";
import type { Fields, Making, Reply } from "../../adapter.ts";
import type { AnyStream } from "../node/source.ts";
import { asWritten } from "../node/write-arguments.ts";

/** What a handler has left as the body of its response, as Koa would send it. */
export type Captured =
  | {
      readonly kind: "whole";
      readonly content: string | Uint8Array | undefined;
      readonly textIn: Making["textIn"];
      /** Fields that Koa adds with the content. */
      readonly added: Fields;
    }
  | { readonly kind: "stream"; readonly stream: AnyStream };

/** The statuses without content: Koa also removes the fields that describe it. */
const EMPTY: ReadonlySet<number> = new Set([204, 205, 304]);

/** Reads the body of a response. Throws what `JSON.stringify` throws, as Koa does. */
export function capturedBody(ctx: Context): Captured {
  const { status, response } = ctx;
  const body: unknown = ctx.body;
  if (EMPTY.has(status)) return whole(undefined);
  if (body === undefined || body === null) {
    // Koa's mark of a body that was set to null.
    if (Reflect.get(response, "_explicitNullBody") === true) return whole(undefined);
    const isNamed = ctx.req.httpVersionMajor === 1;
    return whole((isNamed && ctx.message) || String(status), [["content-type", "text/plain; charset=utf-8"]]);
  }
  if (Buffer.isBuffer(body) || typeof body === "string") return whole(body);
  const stream = streamIn(body);
  if (stream === null) return whole(undefined);
  return stream === undefined ? whole(JSON.stringify(body)) : { kind: "stream", stream };
}

/** Whether a status has no content. */
export function isEmpty(status: number): boolean {
  return EMPTY.has(status);
}

function whole(content: string | Uint8Array | undefined, added: Fields = []): Captured {
  return { kind: "whole", content, textIn: typeof content === "string" ? "utf8" : undefined, added };
}

/** Returns the stream that a body is or has; null if it is a `Response` without content, undefined if it is something else. */
function streamIn(body: unknown): AnyStream | null | undefined {
  if (body instanceof Stream) return body as Readable;
  if (body instanceof Blob) return body.stream();
  if (body instanceof ReadableStream) return body;
  if (body instanceof Response) return body.body;
  return isStreamOfKoa(body as Partial<Readable>) ? (body as Readable) : undefined;
}

/** Whether Koa takes something for a stream that has another class. Others may have a method `pipe`, too. */
function isStreamOfKoa({ pipe, read, destroy, readableObjectMode }: Partial<Readable>): boolean {
  const isCallable = [pipe, read, destroy].every((method) => typeof method === "function");
  return isCallable && typeof readableObjectMode === "boolean";
}

/** Returns the content of a reply in the form in which the handler gave it, for middleware in front that changes it (hazard 41). */
export function bodyOf({ status, body, text, making }: Reply): string | Buffer | null {
  if (body === undefined) return null;
  if (status !== 206 && making?.textIn !== undefined) return text ?? asWritten(body, making)[0];
  return asWritten(body, undefined)[0];
}

/** Sets status and body of a response, without what Koa does to the fields that describe a body. */
export function setBody(ctx: Context, status: number, body: string | Buffer | Readable | null): void {
  const { res } = ctx;
  const type = res.getHeader("content-type");
  const length = res.getHeader("content-length");
  // Koa would make the text "null" of null that is typed as JSON.
  if (body === null) res.removeHeader("content-type");
  ctx.body = body;
  ctx.status = status;
  if (type === undefined) res.removeHeader("content-type");
  else res.setHeader("content-type", type);
  if (length !== undefined && body instanceof Readable) res.setHeader("content-length", length);
}
