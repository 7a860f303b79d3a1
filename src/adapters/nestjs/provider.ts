import type { IncomingMessage } from "node:http";
import type { HttpServer, InjectionToken, Provider } from "@nestjs/common";
import { ApplicationConfig, HttpAdapterHost, ModulesContainer } from "@nestjs/core";
import type { FastifyInstance } from "fastify";
import type { Cache } from "../../adapter.ts";
import { noteArrival } from "../node/arrivals.ts";
import { observeRequests } from "../node/original-url.ts";
import { addHooksToRoutes } from "./fastify-hooks.ts";
import { ROUTES } from "./interceptors.ts";
import { CachedRoutes } from "./routes.ts";
import { watchExceptions, watchSending } from "./seams.ts";

/** Provides the cached routes of an application, and makes its HTTP adapter ready for them before it has routes. */
export function routesProvider(cache: InjectionToken): Provider {
  return {
    provide: ROUTES,
    inject: [cache, ApplicationConfig, ModulesContainer, HttpAdapterHost],
    useFactory(own: Cache, config: ApplicationConfig, modules: ModulesContainer, host: HttpAdapterHost) {
      const adapter = host.httpAdapter as HttpServer | undefined;
      const kind = adapter?.getType();
      const isKnown = kind === "express" || kind === "fastify";
      const routes = new CachedRoutes(own, config, modules, isKnown ? undefined : kind);
      if (adapter === undefined || !isKnown) return routes;
      watchExceptions();
      watchSending(adapter);
      const note = (req: IncomingMessage): void => {
        for (const engine of routes.engines) {
          observeRequests(req, engine);
          noteArrival(req, engine);
        }
      };
      if (kind === "fastify") prepareFastify(adapter.getInstance() as FastifyInstance, note);
      else {
        adapter.use?.((req: IncomingMessage, _res: unknown, next: () => void) => {
          note(req);
          next();
        });
      }
      return routes;
    },
  };
}

function prepareFastify(app: FastifyInstance, note: (req: IncomingMessage) => void): void {
  addHooksToRoutes(app);
  app.addHook("onRequest", (request, _reply, done) => {
    note(request.raw);
    done();
  });
}
