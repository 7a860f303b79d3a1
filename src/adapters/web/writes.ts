import { isUnsafe, statusOfError } from "../../adapter.ts";
import type { Invalidation, MaybePromise, ResponseHead, WriteEnd } from "../../adapter.ts";
import { ClientSignal } from "./client-signal.ts";
import { isThrownResponse } from "./response.ts";
import { chain, isPromiseLike } from "./route.ts";

/** What a function that names tags is given: the request, the head of its response, and the handler's other arguments. */
export type GivenOfWrite<Rest extends readonly unknown[], Native extends Request = Request> = [
  request: Native,
  response: ResponseHead,
  ...rest: Rest,
];

/**
 * Runs the handler of a write, and invalidates what it has made outdated before its response is returned. A handler that
 * throws or rejects does so here, too.
 */
export function respondToWrite<Rest extends readonly unknown[], Native extends Request>(
  invalidate: Invalidation<GivenOfWrite<Rest, Native>>,
  handler: (request: Native, ...rest: Rest) => MaybePromise<Response>,
  request: Native,
  rest: Rest,
): MaybePromise<Response> {
  if (!isUnsafe(request.method)) return handler(request, ...rest);
  const client = new ClientSignal(request);
  const tell = (end: WriteEnd, head: ResponseHead = FAILED): MaybePromise<void> =>
    invalidate(end, request, head, ...rest);
  client.onGone(() => void tell({ status: undefined }));
  const respond = (response: Response): MaybePromise<Response> => {
    client.forget();
    return chain(tell({ status: response.status }, headIn(response)), () => response);
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
    const response = handler(request, ...rest);
    return isPromiseLike(response) ? Promise.resolve(response).then(respond, fail) : respond(response);
  } catch (thrown) {
    return fail(thrown);
  }
}

/** There is no response where a handler has thrown, or its client has disconnected. */
const FAILED: ResponseHead = Object.freeze({ status: 500, header: () => undefined });

function headIn({ status, headers }: Response): ResponseHead {
  return { status, header: (name) => headers.get(name) ?? undefined };
}
