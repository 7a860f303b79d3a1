import type { MaybePromise, Reply } from "../../adapter.ts";
import { sharedBody } from "./body.ts";
import { partsOf } from "./bytes.ts";
import { ClientSignal } from "./client-signal.ts";
import { fillFrom } from "./fill.ts";
import { WebRequest } from "./record.ts";
import { readContent } from "./request-content.ts";
import type { WithContent } from "./request-content.ts";
import { toResponse, withFields } from "./response.ts";
import { chain, firstRefusal } from "./route.ts";
import type { WebRoute } from "./route.ts";

/** Responds to a request from the cache or by its handler. A hit is returned at once if the store is synchronous. */
export function respond<Rest extends readonly unknown[]>(
  route: WebRoute<Rest>,
  request: Request,
  rest: Rest,
): MaybePromise<Response> {
  const { before, policy } = route;
  const arrivedAt = policy.isEnabled && before.length > 0 ? route.engine.arrival() : undefined;
  const proceed = (): MaybePromise<Response> =>
    // The content is left to the handler, too.
    !policy.isEnabled
      ? route.handler(request, ...rest)
      : chain(readContent(request, policy), (known) => decide(route, request, known, rest, arrivedAt));
  if (before.length === 0) return proceed();
  return chain(firstRefusal(before, [request, ...rest]), (refusal) => refusal ?? proceed());
}

function decide<Rest extends readonly unknown[]>(
  route: WebRoute<Rest>,
  native: Request,
  { request, content }: WithContent,
  rest: Rest,
  arrivedAt: number | undefined,
): MaybePromise<Response> {
  const { engine, policy, handler } = route;
  const record = new WebRequest(native, content, route, rest, arrivedAt);
  return chain(engine.begin(record, policy), (decision) => {
    switch (decision.kind) {
      case "serve":
        return serve(decision.reply, native);
      case "follow": {
        const { content: coming, ...head } = decision;
        return toResponse({ ...head, body: sharedBody(coming, new ClientSignal(native)) });
      }
      case "bypass":
        return chain(handler(request, ...rest), (response) =>
          withFields(response, decision.fields, decision.unlessSet),
        );
      case "fill": {
        const { isWhole } = record;
        record.keepFields();
        const run = (shown: Request): MaybePromise<Response> => handler(shown, ...rest);
        return fillFrom(decision, request, isWhole, run, policy.maxBodyBytes);
      }
    }
  });
}

/** Larger bodies are sent in parts: a response that is made of bytes copies all of them at once, for each client. */
const LARGEST_COPY = 2 ** 20;

function serve(reply: Reply, native: Request): Response {
  const { body } = reply;
  if (body === undefined || body.byteLength <= LARGEST_COPY) return toResponse(reply);
  return toResponse({ ...reply, body: sharedBody(partsOf(body), new ClientSignal(native)) });
}
