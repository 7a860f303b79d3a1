import "reflect-metadata";
import KeyvRedis from "@keyv/redis";
import { CacheInterceptor, CacheModule } from "@nestjs/cache-manager";
import { Controller, Get, Param, UseInterceptors } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { NestExpressApplication } from "@nestjs/platform-express";
import type { Payload } from "../../payload.ts";
import { TTL } from "../contenders.ts";
import type { Size } from "../contenders.ts";
import type { MakeContender } from "./contender.ts";

/** Nest's interceptor as its documents set it up for Redis: `cache-manager` over Keyv, which has a node-redis of its own. */
export const makeNest: MakeContender = async (order, origin) => {
  class Responses {
    found(size: Size): Payload {
      return origin.payload(size);
    }
  }
  const method = Object.getOwnPropertyDescriptor(Responses.prototype, "found") ?? {};
  Controller()(Responses);
  Get(":size")(Responses.prototype, "found", method);
  Param("size")(Responses.prototype, "found", 0);
  UseInterceptors(CacheInterceptor)(Responses.prototype, "found", method);

  const caching = CacheModule.register({ ttl: TTL * 1000, stores: [new KeyvRedis(order.redis)] });
  const app = await NestFactory.create<NestExpressApplication>(
    { ...caching, controllers: [Responses] },
    { logger: ["error", "warn"] },
  );
  app.getHttpServer().keepAliveTimeout = 600_000;
  await app.listen(0, "127.0.0.1");
  return app.getHttpServer();
};
