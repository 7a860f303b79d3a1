import * as nest from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { createCache } from "caching-route";
import { CacheBy, CacheRoute, CachingRouteModule, Invalidates } from "caching-route/nestjs";
import { z } from "zod";

interface User {
  readonly id: number;
  readonly name: string;
}

const users = new Map<number, User>();
const named = z.object({ name: z.string() });
type Named = z.infer<typeof named>;

@nest.Controller("users")
class UsersController {
  @nest.Post()
  add(@nest.Body({ schema: named }) { name }: Named): User {
    const user = { id: users.size + 1, name };
    users.set(user.id, user);
    return user;
  }

  @CacheRoute({ ttl: 600 })
  @CacheBy({ tags: (id: number) => [`user:${id}`] })
  @nest.Get(":id")
  find(@nest.Param("id", nest.ParseIntPipe) id: number): User {
    const user = users.get(id);
    if (user === undefined) throw new nest.NotFoundException("no such user");
    return user;
  }

  @Invalidates({
    tags: (context) => [`user:${context.switchToHttp().getRequest<{ params: { id: string } }>().params.id}`],
  })
  @nest.Patch(":id")
  rename(
    @nest.Param("id", nest.ParseIntPipe) id: number,
    @nest.Body({ schema: named }) { name }: Named,
  ): User {
    if (!users.has(id)) throw new nest.NotFoundException("no such user");
    const user = { id, name };
    users.set(id, user);
    return user;
  }
}

const caching = CachingRouteModule.forRoot({ cache: createCache() });

@nest.Module({ imports: [caching], controllers: [UsersController] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ["error"] });
app.useGlobalPipes(new nest.StandardSchemaValidationPipe());
await app.listen(Number(process.env["PORT"] ?? 8000), "127.0.0.1");
console.log(`listening on ${await app.getUrl()}`);
