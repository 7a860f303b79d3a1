import type { ExecutionContext } from "@nestjs/common";
import type { Engine, Policy } from "../../adapter.ts";

/** A method of a controller that is cached. */
export interface CachedMethod {
  readonly engine: Engine;
  /** Whether its lookup is after its pipes, because its options are given its arguments. */
  readonly isByArguments: boolean;
  /** The names of the fields that `@Header` sets on it, before any interceptor, in lower case. */
  readonly headers: ReadonlySet<string>;
  /** Whether the handler sends the response itself: by `@Res()` without `passthrough`, or by `@Next()`. */
  readonly sendsItself: boolean;
  /** Returns the policy of the route by which a request has reached it. */
  policy(requestMethod: string, path: string): Policy<ExecutionContext>;
}
