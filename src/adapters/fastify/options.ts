import type {
  ContextConfigDefault,
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifySchema,
  FastifyTypeProvider,
  FastifyTypeProviderDefault,
  HookHandlerDoneFunction,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerBase,
  RawServerDefault,
  RouteGenericInterface,
} from "fastify";
import type { Invalidates, RouteOptions } from "../../adapter.ts";

/**
 * A guard: a `preHandler` hook that may refuse a request by sending a reply. `Request`, `Reply` and `App` are those of the
 * route.
 */
export type FastifyGuard<Request = FastifyRequest, Reply = FastifyReply, App = FastifyInstance> = (
  this: App,
  request: Request,
  reply: Reply,
  done: HookHandlerDoneFunction,
) => void | Promise<unknown>;

/**
 * The options of a cached Fastify route: those of every route, and guards. `Request`, `Reply` and `App` are those of the
 * route, which Fastify infers; written apart from a route, the options are for any request.
 *
 * @example
 * const options: FastifyCacheOptions = { ttl: 60, scope: (request) => String(request.headers["x-user"]) };
 * app.get("/items", { cache: options }, async () => listItems());
 */
export interface FastifyCacheOptions<
  Request = FastifyRequest,
  Reply = FastifyReply,
  App = FastifyInstance,
> extends RouteOptions<Request> {
  /**
   * `preHandler` hooks that run before the lookup, on hits as on misses: checks that may refuse a request.
   *
   * @example
   * app.get("/report", { cache: { ttl: 60, before: [requireKey] } }, handler);
   */
  before?: FastifyGuard<Request, Reply, App> | readonly FastifyGuard<Request, Reply, App>[];
  /**
   * The tags that a write makes outdated, or a function of request and reply that returns them. They are invalidated after
   * the handler, before the first byte of its reply is sent. With a status from 200 to 399 what has them is gone. With 500
   * and above, or if the handler throws or the client disconnects, it becomes stale and may stand in for errors. With 400
   * to 499, and for safe methods, nothing happens.
   *
   * A route with this option alone is not cached. Default: none.
   *
   * @example
   * app.post("/todos", { cache: { invalidates: ["todos"] } }, addTodo);
   */
  invalidates?: Invalidates<[request: Request, reply: Reply]>;
}

declare module "fastify" {
  interface RouteShorthandOptions<
    RawServer extends RawServerBase = RawServerDefault,
    RawRequest extends RawRequestDefaultExpression<RawServer> = RawRequestDefaultExpression<RawServer>,
    RawReply extends RawReplyDefaultExpression<RawServer> = RawReplyDefaultExpression<RawServer>,
    RouteGeneric extends RouteGenericInterface = RouteGenericInterface,
    ContextConfig = ContextConfigDefault,
    SchemaCompiler extends FastifySchema = FastifySchema,
    TypeProvider extends FastifyTypeProvider = FastifyTypeProviderDefault,
    Logger extends FastifyBaseLogger = FastifyBaseLogger,
  > {
    /**
     * Caches the route's responses. `false`: does not, where a default of the application would.
     *
     * @example
     * app.get("/items", { cache: { ttl: 60 } }, async () => listItems());
     */
    cache?:
      | FastifyCacheOptions<
          FastifyRequest<
            RouteGeneric,
            RawServer,
            RawRequest,
            NoInfer<SchemaCompiler>,
            TypeProvider,
            ContextConfig,
            Logger
          >,
          FastifyReply<
            RouteGeneric,
            RawServer,
            RawRequest,
            RawReply,
            ContextConfig,
            NoInfer<SchemaCompiler>,
            TypeProvider
          >,
          FastifyInstance<RawServer, RawRequest, RawReply, Logger, TypeProvider>
        >
      | false;
  }

  interface FastifyContextConfig {
    /** The cache options of a route are written beside `config`, not in it. */
    cache?: never;
  }
}
