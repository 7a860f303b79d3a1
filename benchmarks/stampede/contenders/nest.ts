import "reflect-metadata";
import { CacheInterceptor, CacheModule } from "@nestjs/cache-manager";
import { Controller, Get, Param, UseInterceptors } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { NestExpressApplication } from "@nestjs/platform-express";
import type { Complete } from "../content.ts";
import { TTL } from "../contenders.ts";
import type { MakeContender } from "../contenders.ts";

/** Nest's decorators are called as functions: the compiler leaves out what is not JavaScript. */
export const makeNest: MakeContender = async (origin) => {
  class Responses {
    complete(burst: string): Promise<Complete> {
      return origin.complete(`/complete/${burst}`);
    }
  }
  const method = Object.getOwnPropertyDescriptor(Responses.prototype, "complete") ?? {};
  Controller("complete")(Responses);
  Get(":burst")(Responses.prototype, "complete", method);
  Param("burst")(Responses.prototype, "complete", 0);
  UseInterceptors(CacheInterceptor)(Responses.prototype, "complete", method);

  const root = { ...CacheModule.register({ ttl: TTL * 1000 }), controllers: [Responses] };
  const app = await NestFactory.create<NestExpressApplication>(root, { logger: ["error", "warn"] });
  await app.listen(0, "127.0.0.1");
  return app.getHttpServer();
};
