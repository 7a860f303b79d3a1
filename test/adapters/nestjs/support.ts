import { Module } from "@nestjs/common";
import type { DynamicModule, INestApplication, ModuleMetadata, Type } from "@nestjs/common";
import { onTestFinished } from "vitest";
import { CachingRouteModule } from "../../../src/adapters/nestjs.ts";
import { createCache } from "../../../src/index.ts";
import type { Cache, CacheOptions } from "../../../src/index.ts";
import { Client } from "../express/client.ts";
import { create, nest12 } from "../harness/nestjs.ts";
import type { Nest, Platform } from "../harness/nestjs.ts";

/** What Nest runs on. */
export const platforms: readonly Platform[] = ["Express", "Fastify"];

/** A cache without reports. */
export function quietCache(options: CacheOptions = {}): Cache {
  return createCache({ reporter: false, ...options });
}

/** What an application is made of. */
export interface Made extends Omit<ModuleMetadata, "controllers"> {
  readonly controllers: Type[];
  readonly cache?: Cache;
  /** The module of the cache. Default: that of `cache`. */
  readonly caching?: DynamicModule;
  /** Called before the application listens. */
  readonly prepare?: (app: INestApplication) => unknown;
}

/** A started application. */
export interface Site {
  readonly app: INestApplication;
  readonly cache: Cache;
  readonly client: Client;
}

/** Starts an application, and stops it at the end of the test. */
export async function start(platform: Platform, made: Made, nest: Nest = nest12): Promise<Site> {
  const { cache = quietCache(), caching, prepare, ...metadata } = made;
  const imports = [caching ?? CachingRouteModule.forRoot({ cache }), ...(metadata.imports ?? [])];
  @Module({ ...metadata, imports })
  class AppModule {}
  const app = await create(nest, platform, AppModule);
  onTestFinished(() => app.close());
  await prepare?.(app);
  await app.listen(0, "127.0.0.1");
  return { app, cache, client: new Client(await app.getUrl()) };
}

/** What the answers of two equal requests show: status, text and whether the second is a hit. */
export async function twice(
  client: Client,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<readonly [status: number, text: string, cache: string | undefined][]> {
  const answers = [await client.ask({ path, headers }), await client.ask({ path, headers })];
  return answers.map((answer) => [answer.status, answer.text, answer.header("x-cache")]);
}
