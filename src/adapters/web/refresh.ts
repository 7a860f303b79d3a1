import type { Fill, OpenFill } from "../../adapter.ts";
import { joined } from "./bytes.ts";
import { firstRefusal } from "./guards.ts";
import { pump, stopReading } from "./pump.ts";
import { readAhead } from "./read-ahead.ts";
import { copyOf, remade, requestForHandler } from "./request.ts";
import { headOf, isSpent, outcomeOf } from "./response.ts";
import type { WebRoute } from "./route.ts";
import { laterTurn } from "./turn.ts";

/** What a runtime gives its handlers to be kept alive with, as workers' `ctx`. */
interface KeepsAlive {
  waitUntil(promise: Promise<unknown>): void;
}

/**
 * Runs a route for a fill without a client, in a later turn: its guards, then its handler with the request made anew.
 *
 * What fails abandons the fill. A runtime that ends with its answers is asked to wait for the run.
 */
export function refreshBehind<Rest extends readonly unknown[]>(
  fill: Fill,
  route: WebRoute<Rest>,
  request: Request,
  content: Uint8Array | undefined,
  rest: Rest,
): void {
  const refreshed = refresh(fill, route, request, content, rest);
  for (const given of rest) if (keepsAlive(given)) given.waitUntil(refreshed);
}

async function refresh<Rest extends readonly unknown[]>(
  fill: Fill,
  { before, handler, policy }: WebRoute<Rest>,
  native: Request,
  content: Uint8Array | undefined,
  rest: Rest,
): Promise<void> {
  let current: Pick<Fill, "abandon"> = fill;
  let isPastGuards = false;
  try {
    const stopper = new AbortController();
    // Made at once: when its answer is sent, a runtime may take back the request that it is made from.
    const request = withoutClient(native, content, stopper.signal);
    await laterTurn();
    const refusal = await firstRefusal(before, [request, ...rest]);
    if (refusal !== undefined) return fill.abandon("failed");
    isPastGuards = true;
    const { response } = await outcomeOf(() => handler(requestForHandler(request, fill), ...rest));
    if (isSpent(response)) return fill.abandon("failed");
    const open = fill.open(headOf(response));
    current = open;
    await take(open, response, stopper, policy.maxBodyBytes);
  } catch (error) {
    // What a guard throws is not the handler's answer.
    if (isPastGuards && current === fill) fill.isAnswer(error);
    current.abandon("failed", error);
  }
}

/** Takes a response in that nobody is sent. */
async function take(
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

/** The same request without its client; a HEAD asks for what a GET would be answered. */
function withoutClient(request: Request, content: Uint8Array | undefined, signal: AbortSignal): Request {
  const { method } = request;
  const isBare = method === "GET" || method === "HEAD";
  if (!isBare) return remade(request, { content: new Uint8Array(content ?? []), signal });
  const headers = copyOf(request.headers);
  // It has no content, not even one of a length.
  headers.delete("content-length");
  return remade(request, { method: "GET", headers, content: null, signal });
}

function keepsAlive(given: unknown): given is KeepsAlive {
  return typeof given === "object" && given !== null && typeof (given as KeepsAlive).waitUntil === "function";
}
