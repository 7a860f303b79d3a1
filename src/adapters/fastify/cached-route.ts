import type {
  FastifyReply,
  FastifyRequest,
  HookHandlerDoneFunction,
  RouteOptions,
  preHandlerHookHandler,
} from "fastify";
import type { Engine, Policy } from "../../adapter.ts";
import { lookUp } from "./lookup.ts";
import { RouteHooks } from "./route-hooks.ts";

/** One cached route: its lookup is the last of its `preHandler` hooks. */
export class CachedRoute {
  #engine: Engine;
  #policy: Policy<FastifyRequest>;
  readonly #hooks: RouteHooks;

  constructor(
    route: RouteOptions,
    before: readonly preHandlerHookHandler[],
    engine: Engine,
    policy: Policy<FastifyRequest>,
  ) {
    this.#engine = engine;
    this.#policy = policy;
    // A route that is switched off is as without a cache.
    this.#hooks = new RouteHooks(route, () => this.#policy.isEnabled, {
      guards: before,
      last: [this.#lookUp],
    });
  }

  /** Replaces the cache by another one. */
  use(engine: Engine, policy: Policy<FastifyRequest>): void {
    this.#engine = engine;
    this.#policy = policy;
  }

  /** Replaces a policy by a more precise one, unless another cache has taken over. */
  refine(policy: Policy<FastifyRequest>, refined: Policy<FastifyRequest>): void {
    if (this.#policy === policy) this.#policy = refined;
  }

  readonly #lookUp = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void =>
    lookUp(
      {
        engine: this.#engine,
        policy: this.#policy,
        hooks: this.#hooks,
        request,
        reply,
        native: request,
      },
      {
        proceed: () => done(),
        answer: (send) => send(),
        fail: (error) => done(error as Error),
      },
    );
}
