import type { Fill, MaybePromise, OpenFill } from "../../adapter.ts";
import { joined } from "./bytes.ts";
import { passOn } from "./pass-on.ts";
import { readAhead } from "./read-ahead.ts";
import { requestForHandler } from "./request.ts";
import { headOf, isSpent, toResponse, withBody, withFields } from "./response.ts";

/**
 * Runs a handler for a fill and answers what to send.
 *
 * A client that goes away hands over at once: what its handler still says may be cut short, and is not stored.
 */
export async function fillFrom(
  fill: Fill,
  request: Request,
  run: (request: Request) => MaybePromise<Response>,
  maxBodyBytes: number,
): Promise<Response> {
  let current: Pick<Fill, "abandon"> = fill;
  const client = watch(request, () => current.abandon("aborted"));
  try {
    client.signal?.throwIfAborted();
    const response = await run(requestForHandler(request, fill));
    const isGone = client.signal?.aborted === true;
    if (isGone || isSpent(response)) {
      fill.abandon(isGone ? "aborted" : "failed");
      client.forget();
      return response;
    }
    const open = fill.open(headOf(response));
    current = open;
    return await capture(open, response, maxBodyBytes, client);
  } catch (error) {
    current.abandon("failed");
    client.forget();
    throw error;
  }
}

/** Sends a response on: whole where its body is at hand, else as it comes. */
async function capture(
  open: OpenFill,
  response: Response,
  maxBodyBytes: number,
  client: Client,
): Promise<Response> {
  const { body } = response;
  if (!open.storable) {
    client.forget();
    return withFields(response, open.stream().fields);
  }
  if (body === null) {
    client.forget();
    return toResponse(open.complete(undefined));
  }
  const reader = body.getReader();
  const ahead = await readAhead(reader, maxBodyBytes);
  if (ahead.next === undefined && client.signal?.aborted !== true) {
    client.forget();
    return toResponse(open.complete(joined(ahead.chunks)));
  }
  if (ahead.isTooLarge) open.refuse("too-large");
  const { fields, sink } = open.stream();
  return withBody(response, passOn(reader, ahead, sink, client.forget), fields);
}

/** The client of a request, as far as its signal tells. */
interface Client {
  readonly signal: AbortSignal | undefined;
  /** It may go now. */
  forget(): void;
}

function watch(request: Request, onGone: () => void): Client {
  // Some runtimes' requests have none.
  const signal = request.signal as AbortSignal | undefined;
  if (signal?.aborted === true) onGone();
  signal?.addEventListener("abort", onGone, { once: true });
  return { signal, forget: () => signal?.removeEventListener("abort", onGone) };
}
