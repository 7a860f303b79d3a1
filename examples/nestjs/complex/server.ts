import { Readable } from "node:stream";
import { setTimeout as load } from "node:timers/promises";
import * as nest from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { CacheRoute, CachingRouteModule, NoCacheRoute } from "caching-route/nestjs";
import { z } from "zod";

/** Any non-empty key is a valid one. Guards stand before the cache, and run on hits as on misses. */
function canActivate(context: nest.ExecutionContext): boolean {
  const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
  if ((headers["x-key"] ?? "") === "") throw new nest.UnauthorizedException("X-Key is missing");
  return true;
}

// The cache reads the names and defaults of the query parameters from the schema.
const schema = z.object({ a: z.string(), b: z.string().default("b") });

@CacheRoute()
@nest.UseGuards({ canActivate })
@nest.Controller()
class GuardedController {
  @NoCacheRoute()
  @nest.Get("not-cached")
  loaded(): Promise<string> {
    return load(1000, "Hello, World!");
  }
  @nest.Header("content-type", "text/plain")
  @nest.Get("cached")
  cached(): Promise<string> {
    return this.loaded();
  }
  @nest.Get("stream-cached")
  async stream(): Promise<nest.StreamableFile> {
    const text = await this.loaded();
    return new nest.StreamableFile(Readable.from(text.split("")), {
      type: "text/plain",
      length: text.length,
    });
  }
}

@CacheRoute()
@nest.Controller()
class OpenController {
  @nest.HttpCode(404)
  @nest.Get("404")
  notFound(): void {}
  @nest.Get("query")
  query(@nest.Query({ schema }) query: z.infer<typeof schema>): object {
    return query;
  }
}
const caching = CachingRouteModule.forRoot({ defaults: { ttl: 60 } });
@nest.Module({ imports: [caching], controllers: [GuardedController, OpenController] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ["error"] });
app.useGlobalPipes(new nest.StandardSchemaValidationPipe());
await app.listen(Number(process.env["PORT"] ?? 8000), "127.0.0.1");
console.log(`listening on ${await app.getUrl()}`);
