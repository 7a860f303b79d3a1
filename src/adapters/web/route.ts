import type { Engine, MaybePromise, Policy } from "../../adapter.ts";
import type { Guard } from "./guards.ts";

/** A route of web requests; `Rest` is what its runtime gives a handler besides the request. */
export interface WebRoute<Rest extends readonly unknown[]> {
  readonly engine: Engine;
  readonly policy: Policy<Request>;
  /** The guards in front of it. */
  readonly before: readonly Guard<[request: Request, ...rest: Rest]>[];
  /** Answers the request that it should see. It can be called without a client. */
  readonly handler: (request: Request, ...rest: Rest) => MaybePromise<Response>;
}
