import { isUnsafe, statusOfError } from "../../adapter.ts";
import type { MaybePromise, ResponseHead, WriteEnd } from "../../adapter.ts";
import { unsharedBody } from "./body.ts";
import { joined } from "./bytes.ts";
import { ClientSignal } from "./client-signal.ts";
import { readAhead } from "./handler-body.ts";
import { copyHeaders } from "./request.ts";
import { ErrorPage, isSpent, isThrownResponse, sentOf } from "./response.ts";
import { chain, isPromiseLike } from "./route.ts";

/** What a function that names tags is given: the request, the head of its response, and the handler's other arguments. */
export type GivenOfWrite<Rest extends readonly unknown[], Native extends Request = Request> = [
  request: Native,
  response: ResponseHead,
  ...rest: Rest,
];

/** One request to a route that writes. */
export interface WriteCall {
  readonly request: Request;
  /** Runs the handler. */
  handle(): MaybePromise<Response | ErrorPage>;
  /** Invalidates what the write has made outdated, as its end requires. */
  tell(end: WriteEnd, head: ResponseHead): MaybePromise<void>;
}

/**
 * Runs the handler of a write, and invalidates what it has made outdated before its response is returned. A handler that
 * throws or rejects does so here, too.
 */
export function respondToWrite(call: WriteCall): MaybePromise<Response> {
  if (!isUnsafe(call.request.method)) return chain(call.handle(), sentOf);
  const client = new ClientSignal(call.request);
  const tell = (end: WriteEnd, head: ResponseHead = FAILED): MaybePromise<void> => call.tell(end, head);
  client.onGone(() => void tell({ status: undefined }));
  const respond = (made: Response | ErrorPage): MaybePromise<Response> => {
    client.forget();
    const response = sentOf(made);
    const end = { status: response.status, hasThrown: made instanceof ErrorPage };
    return chain(tell(end, headIn(response)), () => response);
  };
  const fail = (thrown: unknown): MaybePromise<never> => {
    client.forget();
    // A handler may throw its response.
    const told = isThrownResponse(thrown)
      ? tell({ status: thrown.status }, headIn(thrown))
      : tell({ status: statusOfError(thrown), hasThrown: true });
    return chain(told, () => {
      throw thrown;
    });
  };
  try {
    const made = call.handle();
    return isPromiseLike(made) ? Promise.resolve(made).then(respond, fail) : respond(made);
  } catch (thrown) {
    return fail(thrown);
  }
}

/** Content that is larger counts as one that comes in parts, in bytes. */
const MOST_AT_HAND = 2 ** 20;

/**
 * Returns a response to a write that calls `onEnd` once its content has ended, in whatever way, if that comes in parts: the
 * write may go on until then.
 */
export async function tellingEnd(response: Response, onEnd: () => void): Promise<Response> {
  if (response.status < 200 || response.body === null || isSpent(response)) return response;
  const reader = response.body.getReader();
  const ahead = await readAhead(reader, MOST_AT_HAND);
  const { status, statusText } = response;
  const body = ahead.next === undefined ? joined(ahead.chunks) : unsharedBody(reader, ahead, onEnd);
  return new Response(body, { status, statusText, headers: copyHeaders(response.headers) });
}

/** There is no response where a handler has thrown, or its client has disconnected. */
const FAILED: ResponseHead = Object.freeze({ status: 500, header: () => undefined });

function headIn({ status, headers }: Response): ResponseHead {
  return { status, header: (name) => headers.get(name) ?? undefined };
}
