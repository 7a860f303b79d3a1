import type { Fill, MaybePromise, OpenFill } from "../../adapter.ts";
import { bodyOf, brokenBody } from "./body.ts";
import { joined } from "./bytes.ts";
import { Client } from "./client.ts";
import { passOn } from "./pass-on.ts";
import { pump, stopReading } from "./pump.ts";
import { readAhead } from "./read-ahead.ts";
import { requestForHandler } from "./request.ts";
import { headOf, isSpent, outcomeOf, toResponse, unframed, withBody, withFields } from "./response.ts";

/** One run of a handler for a client. */
interface Run {
  readonly client: Client;
  /** Stops the handler, where it does not hear its client itself. */
  readonly handler: AbortController | undefined;
  readonly maxBodyBytes: number;
}

/**
 * Runs a handler for a fill and answers what to send.
 *
 * A client that goes away hands over to those who wait for the same response: its handler does not notice. Only where
 * nobody waits is the handler told; what it still says may be cut short, and is not stored. `isWhole` is whether the
 * request has all of its content, so that its handler can outlast its client.
 */
export async function fillFrom(
  fill: Fill,
  request: Request,
  isWhole: boolean,
  run: (request: Request) => MaybePromise<Response>,
  maxBodyBytes: number,
): Promise<Response> {
  const client = new Client(request);
  // A run that hides nothing is for its own client only: its handler is given the client's own request.
  const isShared = isWhole && client.isWatched && fill.hidden.length > 0;
  const handler = isShared ? new AbortController() : undefined;
  let isGivenUp = false;
  let current: Pick<Fill, "abandon"> = fill;
  let sent: Response;
  let isThrown = false;
  client.whenGone((reason) => {
    if (fill.leave()) return;
    isGivenUp = true;
    handler?.abort(reason);
  });
  try {
    if (isGivenUp) throw client.reason;
    const outcome = await outcomeOf(() => run(requestForHandler(request, fill, handler?.signal)));
    const { response } = outcome;
    client.forget();
    isThrown = outcome.isThrown;
    if (isGivenUp || isSpent(response)) {
      fill.abandon(isGivenUp ? "aborted" : "failed");
      sent = response;
    } else {
      const open = fill.open(headOf(response));
      current = open;
      sent = await send(open, response, { client, handler, maxBodyBytes });
    }
  } catch (error) {
    if (current === fill) fill.isAnswer(error);
    current.abandon("failed", error);
    client.forget();
    throw error;
  }
  // oxlint-disable-next-line typescript/only-throw-error -- a Response that the handler threw is still thrown
  if (isThrown) throw sent;
  return sent;
}

/** Sends a response on: whole where its body is at hand, else as it comes. */
async function send(open: OpenFill, response: Response, run: Run): Promise<Response> {
  const { client, handler, maxBodyBytes } = run;
  const { body } = response;
  if (!open.storable) {
    if (handler !== undefined && body !== null) client.whenGone((reason) => handler.abort(reason));
    return withFields(response, open.stream().fields);
  }
  const reader = body?.getReader();
  const ahead = reader && (await readAhead(reader, maxBodyBytes));
  if (client.isGone && handler === undefined) {
    // A handler that hears its client go may end early, and say nothing of it.
    open.abandon("aborted");
    if (reader !== undefined) stopReading(reader, client.reason);
    return withBody(response, brokenBody(client.reason), []);
  }
  if (reader === undefined || ahead === undefined) return toResponse(unframed(open.complete(undefined)));
  if (ahead.next === undefined) return toResponse(unframed(open.complete(joined(ahead.chunks))));
  if (ahead.isTooLarge) open.refuse("too-large");
  const stop = (): void => {
    handler?.abort();
    stopReading(reader);
  };
  const streamed = open.stream(stop);
  const { fields, sink } = streamed;
  if (sink === undefined) {
    client.whenGone((reason) => handler?.abort(reason));
    return withBody(
      response,
      passOn(reader, ahead, () => client.forget()),
      fields,
    );
  }
  // Begun before anything is written, so that nothing of it is missed.
  const content = client.isGone ? undefined : streamed.content;
  if (content !== undefined || sink.leave()) void pump(reader, ahead, sink);
  if (content === undefined) return withBody(response, brokenBody(client.reason), fields);
  const hearsItself = client.isWatched && handler === undefined;
  const giveUp = (): void => {
    sink.abandon("aborted");
    stop();
  };
  return withBody(response, bodyOf(content, client, hearsItself ? giveUp : undefined), fields);
}
