import type { Readable } from "node:stream";
import type { Context } from "koa";
import type { FieldValue, Reply } from "../../adapter.ts";
import { guardCompression } from "../node/compression-guard.ts";
import { setFields, setUnlessSet } from "../node/reply-fields.ts";
import { bodyOf, setBody } from "./body.ts";

/** Sends a whole reply. */
export function sendReply(ctx: Context, reply: Reply): void {
  setHead(ctx, reply, bodyOf(reply));
}

/** Sets status, fields and body of a response that the cache sends, beside the fields of earlier middleware. */
export function setHead(
  ctx: Context,
  { status, fields, unlessSet, making }: Omit<Reply, "body">,
  body: string | Buffer | Readable | null,
): void {
  const { res } = ctx;
  const vary = res.getHeader("vary");
  setBody(ctx, status, body);
  setFields(res, fields, making);
  setUnlessSet(res, unlessSet);
  guard(ctx, status, vary);
}

type VaryValue = FieldValue | number | undefined;

/**
 * Keeps entity tags and ranges of plain bytes from being applied to compressed ones. `vary` is the value of earlier
 * middleware: `koa-compress` sets it before all else. Without it, only what is compressed in the end is guarded.
 */
export function guard({ method, res }: Context, status: number, vary: VaryValue): void {
  const mayCompress = /\baccept-encoding\b/i.test([vary ?? ""].flat().join());
  if (mayCompress || (status !== 206 && status !== 304 && method !== "HEAD"))
    guardCompression(res, { status }, mayCompress);
}
