import { Controller, createParamDecorator, DefaultValuePipe, Get, Query, Req } from "@nestjs/common";
import type { ExecutionContext } from "@nestjs/common";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { CacheRoute } from "../../../src/adapters/nestjs.ts";
import { platforms, start } from "./support.ts";

/** As class-validator, which keeps its metadata on the global object. */
function validate(type: object, names: readonly string[]): void {
  const storage = {
    getTargetValidationMetadatas: (target: object) =>
      target === type ? names.map((propertyName) => ({ propertyName })) : [],
  };
  Object.assign(globalThis, { classValidatorMetadataStorage: storage });
  onTestFinished(() => void Reflect.deleteProperty(globalThis, "classValidatorMetadataStorage"));
}

class ListQuery {
  page?: string;
  sort?: string;
}

class DescribedQuery {
  page?: string;
}
Reflect.defineMetadata("swagger/apiModelPropertiesArray", [":page"], DescribedQuery.prototype);

class ZodQuery {
  static readonly schema = z.object({ page: z.string().default("1") });
  page?: string;
}

class UnknownQuery {
  page?: string;
}

const Whole = createParamDecorator((_data, context: ExecutionContext) => {
  return context.switchToHttp().getRequest<{ query: object }>().query;
});

@Controller()
@CacheRoute({ ttl: 60 })
class ListsController {
  @Get("named")
  named(@Query("page") page: string, @Query("sort", new DefaultValuePipe("name")) sort: string): object {
    return { page, sort };
  }

  @Get("validated")
  validated(@Query() query: ListQuery): object {
    return query;
  }

  @Get("described")
  described(@Query() query: DescribedQuery): object {
    return query;
  }

  @Get("zod")
  zod(@Query() query: ZodQuery): object {
    return query;
  }

  @Get("unknown")
  unknown(@Query() query: UnknownQuery): object {
    return query;
  }

  @Get("request")
  request(@Query("page") page: string, @Req() request: { query: object }): object {
    return { page, ...request.query };
  }

  @Get("custom")
  custom(@Query("page") page: string, @Whole() query: object): object {
    return { page, ...query };
  }
}

describe.each(platforms)("on %s, the query", (platform) => {
  it.each([
    ["named", '{"page":"2","sort":"name"}'],
    ["validated", '{"page":"2"}'],
    ["described", '{"page":"2"}'],
    ["zod", '{"page":"2"}'],
  ])("is that which a method declares: %s", async (path, text) => {
    validate(ListQuery, ["page", "sort"]);
    const { client } = await start(platform, { controllers: [ListsController] });

    const answers = [
      await client.ask({ path: `/${path}?page=2&utm=1` }),
      await client.ask({ path: `/${path}?utm=2&page=2` }),
      await client.ask({ path: `/${path}?page=3` }),
    ];

    expect(answers.map((answer) => answer.header("x-cache"))).toEqual(["MISS", "HIT", "MISS"]);
    expect(answers[0]?.text).toBe(text);
  });

  it.each([
    ["unknown", '{"page":"2","more":"1"}'],
    ["request", '{"page":"2","more":"1"}'],
    ["custom", '{"page":"2","more":"1"}'],
  ])("is whole where a method may read all of it: %s", async (path, text) => {
    const { client } = await start(platform, { controllers: [ListsController] });

    const answers = [
      await client.ask({ path: `/${path}?page=2&more=1` }),
      await client.ask({ path: `/${path}?page=2&more=2` }),
    ];

    expect(answers.map((answer) => answer.header("x-cache"))).toEqual(["MISS", "MISS"]);
    expect(answers[0]?.text).toBe(text);
  });

  it.each([
    ["named", "sort=name"],
    ["zod", "page=1"],
  ])("has the defaults that are declared: %s", async (path, said) => {
    const { client } = await start(platform, { controllers: [ListsController] });

    const answers = [await client.ask({ path: `/${path}` }), await client.ask({ path: `/${path}?${said}` })];

    expect(answers.map((answer) => answer.header("x-cache"))).toEqual(["MISS", "HIT"]);
  });
});
