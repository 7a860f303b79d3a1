import "reflect-metadata";
import type { Server } from "node:http";
import { CacheInterceptor, CacheModule } from "@nestjs/cache-manager";
import { Controller, Get, Res, UseInterceptors } from "@nestjs/common";
import type { ModuleMetadata, Type } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import { createCache } from "caching-route";
import { CacheRoute, CachingRouteModule } from "caching-route/nestjs";
import type { Response } from "express";
import type { FastifyReply } from "fastify";
import type { Payload } from "../../payload.ts";
import { PATH, TTL } from "../contenders.ts";
import type { Makers, MakeServer, Origin } from "../contenders.ts";

type Platform = "express" | "fastify";

class Root {}

const of =
  (
    platform: Platform,
    controllerOf: (origin: Origin) => Type,
    imports: ModuleMetadata["imports"] = [],
  ): MakeServer =>
  async (origin) => {
    const root = { module: Root, imports, controllers: [controllerOf(origin)] };
    const adapter = platform === "fastify" ? new FastifyAdapter() : new ExpressAdapter();
    const app = await NestFactory.create(root, adapter, { logger: ["error", "warn"] });
    await app.listen(0, "127.0.0.1");
    return app.getHttpServer() as Server;
  };

function plain(origin: Origin): Type {
  @Controller()
  class Plain {
    @Get(PATH)
    items(): Payload {
      return origin.items();
    }
  }
  return Plain;
}

function cached(origin: Origin): Type {
  @Controller()
  class Cached {
    @CacheRoute({ ttl: TTL })
    @Get(PATH)
    items(): Payload {
      return origin.items();
    }
  }
  return Cached;
}

function intercepted(origin: Origin): Type {
  @Controller()
  class Intercepted {
    @UseInterceptors(CacheInterceptor)
    @Get(PATH)
    items(): Payload {
      return origin.items();
    }
  }
  return Intercepted;
}

function readyMade(origin: Origin): Type {
  @Controller()
  class ReadyMade {
    @Get(PATH)
    items(@Res() response: Response | FastifyReply): void {
      if ("hijack" in response) response.headers(origin.fields).send(origin.bytes());
      else response.set(origin.fields).send(origin.bytes());
    }
  }
  return ReadyMade;
}

const makersOn = (platform: Platform): Makers => ({
  ours: of(platform, cached, [CachingRouteModule.forRoot({ cache: createCache() })]),
  body: of(platform, readyMade),
  handler: of(platform, plain),
  peer: of(platform, intercepted, [CacheModule.register({ ttl: TTL * 1000 })]),
});

export const onExpress = makersOn("express");
export const onFastify = makersOn("fastify");
