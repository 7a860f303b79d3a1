import { createRequire } from "node:module";
import { join } from "node:path";

/**
 * Starts an application of Nest 11, which has CommonJS, and returns its server. `place` is the folder that it is found from,
 * `decorators` and `module` are the entries of two copies, and `handlers` are by path.
 */
export async function startNest(place, platform, cache, decorators, module, handlers) {
  const require = createRequire(join(place, "load.cjs"));
  const { Controller, Get, Module } = require("@nestjs/common");
  const { NestFactory } = require("@nestjs/core");
  const { [`${platform}Adapter`]: Adapter } = require(`@nestjs/platform-${platform.toLowerCase()}`);
  function AnyController() {}
  for (const [path, handler] of Object.entries(handlers)) {
    const descriptor = { value: () => handler(), configurable: true, writable: true };
    for (const decorate of [decorators.CacheRoute({ ttl: 60 }), Get(path)])
      decorate(AnyController.prototype, path, descriptor);
    Object.defineProperty(AnyController.prototype, path, descriptor);
  }
  Controller()(AnyController);
  function AppModule() {}
  Module({ imports: [module.CachingRouteModule.forRoot({ cache })], controllers: [AnyController] })(
    AppModule,
  );
  const app = await NestFactory.create(AppModule, new Adapter(), { logger: false });
  await app.listen(0, "127.0.0.1");
  return app.getHttpServer();
}
