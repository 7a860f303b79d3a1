import type { Fill, OpenFill, Policy } from "../../adapter.ts";
import { joined } from "./bytes.ts";
import { laterTurn, pump, readAhead, stopReading } from "./handler-body.ts";
import { copyHeaders, copyRequest, requestForHandler } from "./request.ts";
import { headOf, isSpent, outcomeOf } from "./response.ts";
import type { RefreshCall, WebCall } from "./route.ts";

/**
 * Runs a call again for a fill, without a client, in a later turn: its guards, then its handler, with a copy of the request.
 *
 * A failure abandons the fill. A runtime that stops after its responses is asked to wait for the run.
 */
export function refreshInBackground<Native>(
  fill: Fill,
  { maxBodyBytes }: Pick<Policy, "maxBodyBytes">,
  call: WebCall<Native>,
  content: Uint8Array | undefined,
): void {
  const refreshed = refresh(fill, maxBodyBytes, call, content);
  call.waitUntil?.(refreshed);
}

async function refresh<Native>(
  fill: Fill,
  maxBodyBytes: number,
  call: WebCall<Native>,
  content: Uint8Array | undefined,
): Promise<void> {
  const stopper = new AbortController();
  let isPastGuards = false;
  try {
    // Copied now: a runtime may reuse the request once its response is sent.
    const request = withoutClient(call, content, stopper.signal);
    await laterTurn();
    await call.refresh?.(request, (refreshed) => {
      isPastGuards = true;
      return refill(fill, request, refreshed, stopper, maxBodyBytes);
    });
    if (!isPastGuards) fill.abandon("failed");
  } catch (error) {
    // What the handler throws was told. An error that a guard throws is not the handler's (hazard 52).
    if (!isPastGuards) fill.abandon("failed", error);
  }
}

/** Runs a handler for a fill, and stores what it returns. */
async function refill(
  fill: Fill,
  request: Request,
  { handle, tagged, earlier }: RefreshCall,
  stopper: AbortController,
  maxBodyBytes: number,
): Promise<void> {
  let open: OpenFill | undefined;
  try {
    const shown = requestForHandler(request, fill);
    const { response, page } = await outcomeOf(() => handle(shown, fill));
    if (page !== undefined && !fill.isAnswer(page.error)) throw page.error;
    if (isSpent(response)) return fill.abandon("failed");
    open = fill.open(headOf(response, tagged ?? shown, earlier));
    await store(open, response, stopper, maxBodyBytes);
  } catch (error) {
    if (open === undefined) fill.isAnswer(error);
    const abandoned: Pick<Fill, "abandon"> = open ?? fill;
    abandoned.abandon("failed", error);
    throw error;
  }
}

/** Stores a response that no client is sent. */
async function store(
  open: OpenFill,
  { body }: Response,
  stopper: AbortController,
  maxBodyBytes: number,
): Promise<void> {
  if (body === null) return void open.complete(undefined);
  const reader = body.getReader();
  const stop = (): void => {
    stopper.abort();
    stopReading(reader);
  };
  if (!open.storable) {
    open.stream();
    return stop();
  }
  const ahead = await readAhead(reader, maxBodyBytes);
  if (ahead.next === undefined) return void open.complete(joined(ahead.chunks));
  if (ahead.isTooLarge) open.refuse("too-large");
  const { sink } = open.stream(stop);
  if (sink === undefined) stop();
  else await pump(reader, ahead, sink);
}

/** Copies the request of a call, as it was received, without its client. A HEAD becomes a GET. */
function withoutClient(
  { request, url = request.url }: Pick<WebCall<never>, "request" | "url">,
  content: Uint8Array | undefined,
  signal: AbortSignal,
): Request {
  const { method } = request;
  const isBare = method === "GET" || method === "HEAD";
  if (!isBare) return copyRequest(request, { url, content: new Uint8Array(content ?? []), signal });
  const headers = copyHeaders(request.headers);
  // The copy has no content.
  headers.delete("content-length");
  return copyRequest(request, { url, method: "GET", headers, content: null, signal });
}
