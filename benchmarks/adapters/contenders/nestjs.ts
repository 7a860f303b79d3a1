import "reflect-metadata";
import type { Server } from "node:http";
import { CacheInterceptor, CacheModule } from "@nestjs/cache-manager";
import { Controller, Get, Header, Module, UseInterceptors } from "@nestjs/common";
import type { Type } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import { CacheRoute, CachingRouteModule } from "caching-route/nestjs";
import type { Payload } from "../../payload.ts";
import { PATH, TTL } from "../contenders.ts";
import type { Makers, MakeServer, Origin } from "../contenders.ts";

type Platform = "express" | "fastify";

/** Makes the controller and the modules that it needs. */
type MakeApplication = (origin: Origin) => {
  controller: Type;
  imports?: NonNullable<Parameters<typeof Module>[0]["imports"]>;
};

const of =
  (platform: Platform, make: MakeApplication): MakeServer =>
  async (origin) => {
    const { controller, imports = [] } = make(origin);
    @Module({ controllers: [controller], imports })
    class AppModule {}
    const adapter = platform === "express" ? new ExpressAdapter() : new FastifyAdapter();
    const app = await NestFactory.create(AppModule, adapter, { logger: ["error", "warn"] });
    await app.listen(0, "127.0.0.1");
    return app.getHttpServer() as Server;
  };

const ours: MakeApplication = (origin) => {
  @Controller()
  class Items {
    @CacheRoute({ ttl: TTL })
    @Get(PATH)
    items(): Payload {
      return origin.items();
    }
  }
  return { controller: Items, imports: [CachingRouteModule.forRoot()] };
};

const handler: MakeApplication = (origin) => {
  @Controller()
  class Items {
    @Get(PATH)
    items(): Payload {
      return origin.items();
    }
  }
  return { controller: Items };
};

const interceptor: MakeApplication = (origin) => {
  @Controller()
  class Items {
    @UseInterceptors(CacheInterceptor)
    @Get(PATH)
    items(): Payload {
      return origin.items();
    }
  }
  return { controller: Items, imports: [CacheModule.register({ ttl: TTL * 1000 })] };
};

const body: MakeApplication = (origin) => {
  @Controller()
  class Items {
    @Get(PATH)
    items(): string {
      return origin.text();
    }
  }
  const method = Object.getOwnPropertyDescriptor(Items.prototype, "items") ?? {};
  for (const [name, value] of Object.entries(origin.fields))
    Header(name, value)(Items.prototype, "items", method);
  return { controller: Items };
};

export function makersOn(platform: Platform): Makers {
  return {
    ours: of(platform, ours),
    body: of(platform, body),
    handler: of(platform, handler),
    peer: of(platform, interceptor),
  };
}
