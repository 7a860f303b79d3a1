import type { MaybePromise, Reply } from "../../adapter.ts";
import { sharedBody } from "./body.ts";
import { partsOf } from "./bytes.ts";
import { ClientSignal } from "./client-signal.ts";
import { fillFrom } from "./fill.ts";
import { WebRequest } from "./record.ts";
import { readContent } from "./request-content.ts";
import type { WithContent } from "./request-content.ts";
import { sentOf, toResponse, withFields } from "./response.ts";
import { chain } from "./route.ts";
import type { WebCall, WebRoute } from "./route.ts";
import { namesTwoHosts } from "./two-hosts.ts";

/** Responds to a request from the cache or by its handler. A hit is returned at once if the store is synchronous. */
export function respond<Native>(route: WebRoute<Native>, call: WebCall<Native>): MaybePromise<Response> {
  const { policy } = route;
  // The content is left to the handler, too.
  if (!policy.isEnabled || namesTwoHosts(call)) return chain(call.handle(call.request), sentOf);
  return chain(readContent(call, policy), (known) => decide(route, call, known));
}

function decide<Native>(
  route: WebRoute<Native>,
  call: WebCall<Native>,
  { request, content }: WithContent,
): MaybePromise<Response> {
  const { engine, policy } = route;
  const record = new WebRequest(route, call, content);
  return chain(engine.begin(record, policy), (decision) => {
    switch (decision.kind) {
      case "serve":
        return serve(decision.reply, call);
      case "follow": {
        const { content: coming, ...head } = decision;
        const body = sharedBody(coming, new ClientSignal(call.request));
        return toResponse({ ...head, body }, call);
      }
      case "bypass":
        return chain(call.handle(request), (made) =>
          withFields(sentOf(made), decision.fields, decision.unlessSet),
        );
      case "fill": {
        const { isWhole } = record;
        record.keepFields();
        return fillFrom(decision, request, { ...call, isWhole }, policy.maxBodyBytes);
      }
    }
  });
}

/** Larger bodies are sent in parts: a response that is made of bytes copies all of them at once, for each client. */
const LARGEST_COPY = 2 ** 20;

function serve(reply: Reply, call: Pick<WebCall<never>, "request" | "earlier" | "responseClass">): Response {
  const { body } = reply;
  if (body === undefined || body.byteLength <= LARGEST_COPY) return toResponse(reply, call);
  return toResponse({ ...reply, body: sharedBody(partsOf(body), new ClientSignal(call.request)) }, call);
}
