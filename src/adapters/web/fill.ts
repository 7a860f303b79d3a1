import type { Fill, OpenFill } from "../../adapter.ts";
import { brokenBody, sharedBody, unsharedBody } from "./body.ts";
import { joined } from "./bytes.ts";
import { ClientSignal } from "./client-signal.ts";
import { pump, readAhead, stopReading } from "./handler-body.ts";
import { requestForHandler } from "./request.ts";
import {
  allFields,
  headOf,
  isSpent,
  outcomeOf,
  toResponse,
  unframed,
  withBody,
  withFields,
  withHead,
} from "./response.ts";
import type { HandlerOutcome } from "./response.ts";
import type { WebCall } from "./route.ts";

/** A call, as far as a fill needs it. */
interface FilledCall extends Pick<WebCall<never>, "handle" | "earlier" | "responseClass" | "tagged"> {
  /** Whether all content of the request is here, so that the handler can go on without the client. */
  readonly isWhole: boolean;
}

/** The run of a handler for a client. */
interface ClientRun extends Pick<FilledCall, "earlier" | "responseClass"> {
  readonly client: ClientSignal;
  /** Aborts the handler, where it does not have the client's own signal. */
  readonly handler: AbortController | undefined;
  readonly maxBodyBytes: number;
}

/**
 * Runs a handler for a fill and returns the response to send.
 *
 * If the client disconnects while others wait for the same response, the handler goes on and does not notice. Only if
 * nobody waits is its signal aborted; its response may then be incomplete, and is not stored.
 */
export async function fillFrom(
  fill: Fill,
  request: Request,
  call: FilledCall,
  maxBodyBytes: number,
): Promise<Response> {
  const { earlier, responseClass } = call;
  const client = new ClientSignal(request);
  // A run that hides nothing is for its own client only: its handler is given the client's own request.
  const isShared = call.isWhole && client.isWatched && fill.hidden.length > 0;
  const handler = isShared ? new AbortController() : undefined;
  let isGivenUp = false;
  let open: OpenFill | undefined;
  let outcome: HandlerOutcome;
  client.onGone((reason) => {
    if (fill.leave()) return;
    isGivenUp = true;
    handler?.abort(reason);
  });
  try {
    if (isGivenUp) throw client.reason;
    const shown = requestForHandler(request, fill, handler?.signal);
    outcome = await outcomeOf(() => call.handle(shown, fill));
    const { response, page } = outcome;
    client.forget();
    if (isGivenUp) fill.abandon("aborted", page?.error);
    else if (page !== undefined && !fill.isAnswer(page.error)) {
      fill.abandon(page.reason, page.error);
      // What was sent already is left alone.
      if (page.reason !== "unheard")
        outcome = { ...outcome, response: withFields(response, fill.passed(page.reason)) };
    } else if (isSpent(response)) fill.abandon("failed");
    else {
      open = fill.open(headOf(response, call.tagged ?? shown, earlier));
      const sent = await send(open, response, { client, handler, maxBodyBytes, earlier, responseClass });
      outcome = { ...outcome, response: sent };
    }
  } catch (error) {
    if (open === undefined) fill.isAnswer(error);
    const abandoned: Pick<Fill, "abandon"> = open ?? fill;
    abandoned.abandon("failed", error);
    client.forget();
    throw error;
  }
  // Some frameworks let a handler throw a Response, to redirect for example, and catch it themselves: they must get it
  // as without a cache.
  // oxlint-disable-next-line typescript/only-throw-error -- the framework expects a Response, not an Error around it
  if (outcome.isThrown) throw outcome.response;
  return outcome.response;
}

/** Sends a response: whole if its body is at hand, else as it comes. */
async function send(open: OpenFill, response: Response, run: ClientRun): Promise<Response> {
  const { client, handler, maxBodyBytes, earlier } = run;
  const { body } = response;
  if (!open.storable) {
    if (handler !== undefined && body !== null) client.onGone((reason) => handler.abort(reason));
    return withHead(response, allFields(open.stream(), earlier));
  }
  const reader = body?.getReader();
  const ahead = reader && (await readAhead(reader, maxBodyBytes));
  if (client.isGone && handler === undefined) {
    // A handler with the client's own signal may end its content early, and cleanly.
    open.abandon("aborted");
    if (reader !== undefined) stopReading(reader, client.reason);
    return withBody(response, brokenBody(client.reason), []);
  }
  if (reader === undefined || ahead === undefined) return toResponse(unframed(open.complete(undefined)), run);
  if (ahead.next === undefined) return toResponse(unframed(open.complete(joined(ahead.chunks))), run);
  if (ahead.isTooLarge) open.refuse("too-large");
  const stop = (): void => {
    handler?.abort();
    stopReading(reader);
  };
  const streamed = open.stream(stop);
  const { sink } = streamed;
  const fields = allFields(streamed, earlier);
  if (sink === undefined) {
    client.onGone((reason) => handler?.abort(reason));
    return withBody(
      response,
      unsharedBody(reader, ahead, () => client.forget()),
      fields,
    );
  }
  // Read before anything is written, so that it misses nothing.
  const content = client.isGone ? undefined : streamed.content;
  if (content !== undefined || sink.leave()) void pump(reader, ahead, sink);
  if (content === undefined) return withBody(response, brokenBody(client.reason), fields);
  const hasClientSignal = client.isWatched && handler === undefined;
  const giveUp = (): void => {
    sink.abandon("aborted");
    stop();
  };
  return withBody(response, sharedBody(content, client, hasClientSignal ? giveUp : undefined), fields);
}
