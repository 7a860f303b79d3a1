import type { MaybePromise, Reply } from "../../adapter.ts";
import { bodyOf } from "./body.ts";
import { partsOf } from "./bytes.ts";
import { chain } from "./chain.ts";
import { Client } from "./client.ts";
import { withContent } from "./content.ts";
import type { WithContent } from "./content.ts";
import { fillFrom } from "./fill.ts";
import { firstRefusal } from "./guards.ts";
import { WebRequest } from "./record.ts";
import { toResponse, withFields } from "./response.ts";
import type { WebRoute } from "./route.ts";

/** Answers a request from the cache or by its handler: at once for a hit in a store that answers at once. */
export function answer<Rest extends readonly unknown[]>(
  route: WebRoute<Rest>,
  request: Request,
  rest: Rest,
): MaybePromise<Response> {
  const { before, policy } = route;
  const proceed = (): MaybePromise<Response> =>
    chain(withContent(request, policy), (known) => decide(route, request, known, rest));
  if (before.length === 0) return proceed();
  return chain(firstRefusal(before, [request, ...rest]), (refusal) => refusal ?? proceed());
}

function decide<Rest extends readonly unknown[]>(
  route: WebRoute<Rest>,
  native: Request,
  { request, content }: WithContent,
  rest: Rest,
): MaybePromise<Response> {
  const { engine, policy, handler } = route;
  const record = new WebRequest(native, content, route, rest);
  return chain(engine.begin(record, policy), (decision) => {
    switch (decision.kind) {
      case "serve":
        return serve(decision.reply, native);
      case "follow": {
        const { status, fields, content: coming } = decision;
        return toResponse({ status, fields, body: bodyOf(coming, new Client(native)) });
      }
      case "bypass":
        return chain(handler(request, ...rest), (response) => withFields(response, decision.fields));
      case "fill": {
        const { isWhole } = record;
        record.keepFields();
        const run = (seen: Request): MaybePromise<Response> => handler(seen, ...rest);
        return fillFrom(decision, request, isWhole, run, policy.maxBodyBytes);
      }
    }
  });
}

/** What is larger is sent part by part: a response made of bytes copies all of them at once, for each client. */
const LARGEST_COPY = 2 ** 20;

function serve(reply: Reply, native: Request): Response {
  const { status, fields, body } = reply;
  if (body === undefined || body.byteLength <= LARGEST_COPY) return toResponse(reply);
  return toResponse({ status, fields, body: bodyOf(partsOf(body), new Client(native)) });
}
