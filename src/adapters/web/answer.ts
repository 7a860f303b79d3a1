import type { Engine, MaybePromise, Policy } from "../../adapter.ts";
import { chain } from "./chain.ts";
import { withContent } from "./content.ts";
import type { WithContent } from "./content.ts";
import { fillFrom } from "./fill.ts";
import { WebRequest } from "./request.ts";
import { toResponse, withFields } from "./response.ts";

/** Calls a route's handler with the request that it should see. It can be called without a client. */
export type Run = (request: Request) => MaybePromise<Response>;

/** Answers a request from the cache or by its handler: at once for a hit in a store that answers at once. */
export function answer(
  engine: Engine,
  policy: Policy<Request>,
  request: Request,
  run: Run,
): MaybePromise<Response> {
  return chain(withContent(request, policy), (known) => decide(engine, policy, request, known, run));
}

function decide(
  engine: Engine,
  policy: Policy<Request>,
  native: Request,
  { request, content }: WithContent,
  run: Run,
): MaybePromise<Response> {
  const record = new WebRequest(native, content);
  return chain(engine.begin(record, policy), (decision) => {
    switch (decision.kind) {
      case "serve":
        return toResponse(decision.reply);
      case "bypass":
        return chain(run(request), (response) => withFields(response, decision.fields));
      case "fill":
        record.keepFields();
        return fillFrom(decision, request, run, policy.maxBodyBytes);
    }
  });
}
