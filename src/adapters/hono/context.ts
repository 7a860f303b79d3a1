import type { Context, Next } from "hono";
import type { Fill } from "../../adapter.ts";
import { processWide } from "../node/process-wide.ts";
import { ErrorPage } from "../web/response.ts";
import { splitUrl } from "../web/request.ts";

/** The caches that are being filled by the handlers of a request. */
const FILLING = processWide("hono.filling.1", () => new WeakMap<Context, Set<object>>());

/** With this field, @hono/node-server takes a response for sent: the handler has written to the connection itself. */
const ALREADY_SENT = "x-hono-already-sent";

/** Whether this request fills a cache already. A second lookup in it would make the request wait for itself. */
export function isFilling(c: Context, cache: object): boolean {
  return FILLING.get(c)?.has(cache) === true;
}

/**
 * Runs what is behind a middleware, with the request that it is shown. It is not put back: what reads late must not see
 * what was hidden. Where a handler fails, Hono has its error handler respond, and goes on.
 */
export async function runNext(
  c: Context,
  next: Next,
  shown: Request,
  run?: { readonly fill: Fill; readonly cache: object },
): Promise<Response | ErrorPage> {
  if (run !== undefined) {
    FILLING.set(c, new Set([...(FILLING.get(c) ?? []), run.cache]));
    narrowValidated(c, run.fill);
  }
  c.req.raw = shown;
  await next();
  // Hono reports it in these words, but would take the response that the cache makes of it for one.
  if (!c.finalized)
    throw new Error(
      "Context is not finalized. Did you forget to return a Response object or `await next()`?",
    );
  if (c.error !== undefined) return new ErrorPage(c.error, c.res);
  const isSentAlready = run !== undefined && c.res.headers.has(ALREADY_SENT);
  return isSentAlready ? new ErrorPage(undefined, c.res, "unheard") : c.res;
}

/** Sends a response, with its fields as they are: Hono would merge those of another one into it. */
export function sendResponse(c: Context, response: Response): void {
  if (c.finalized && c.res === response) return;
  c.res = undefined;
  c.res = response;
}

/** Returns the fields that were set before the lookup. To read `c.res` would create a response, and change precedence. */
export function earlierFields(c: Context): Headers {
  return new Headers(c.body(null).headers);
}

/** The forms in which Hono keeps content that it has read, from which the bytes can be made again. */
const KEPT_FORMS: ReadonlySet<string> = new Set(["text", "json", "arrayBuffer", "blob"]);

/** Returns the content that a guard has read by Hono's own means. Undefined: it was read in another way. */
export async function contentRead(c: Context): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const [form = ""] = Object.keys(c.req.bodyCache);
  return KEPT_FORMS.has(form) ? new Uint8Array(await c.req.arrayBuffer()) : undefined;
}

/** Whether a request came over HTTP/1, as far as @hono/node-server tells. */
export function isHttp1(c: Context): boolean {
  const { incoming } = (c.env ?? {}) as { readonly incoming?: { readonly httpVersionMajor?: number } };
  return incoming?.httpVersionMajor === 1;
}

/** Returns the context of execution. Some runtimes have none, and Hono throws. */
export function executionOf(c: Context): Context["executionCtx"] | undefined {
  try {
    return c.executionCtx;
  } catch {
    return undefined;
  }
}

/** Takes parameters that are not in the key from what a validator in front has made of the query (hazard 39). */
function narrowValidated(c: Context, { target, keepsParameter }: Fill): void {
  const validated: unknown = c.req.valid("query" as never);
  if (target === undefined || keepsParameter === undefined || typeof validated !== "object") return;
  const [, before] = splitUrl(c.req.raw.url);
  const names = new Set(new URLSearchParams(before.split("?").slice(1).join("?")).keys());
  const kept = Object.entries(validated ?? {}).filter(([name]) => !names.has(name) || keepsParameter(name));
  c.req.addValidatedData("query", Object.fromEntries(kept));
}
