import { Controller, Get, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { createCache } from "caching-route";
import { CacheRoute, CachingRouteModule } from "caching-route/nestjs";

@Controller()
class HelloController {
  @CacheRoute({ ttl: 60 })
  @Get()
  hello(): string {
    return "Hello, World!";
  }
}

@Module({ imports: [CachingRouteModule.forRoot({ cache: createCache() })], controllers: [HelloController] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ["error"] });
await app.listen(Number(process.env["PORT"] ?? 8000), "127.0.0.1");
console.log(`listening on ${await app.getUrl()}`);
