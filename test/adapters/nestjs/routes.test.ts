import { All, Controller, Get, Module, Req, Version, VersioningType } from "@nestjs/common";
import type { VersioningOptions } from "@nestjs/common";
import { RouterModule } from "@nestjs/core";
import { describe, expect, it } from "vitest";
import { CacheRoute } from "../../../src/adapters/nestjs.ts";
import { platforms, start, twice } from "./support.ts";

let runs = 0;

@Controller({ path: "cats", version: "1" })
class FirstController {
  @CacheRoute({ ttl: 60 })
  @Get(":id")
  find(): string {
    return `first, run ${++runs}`;
  }
}

@Controller({ path: "cats", version: "2" })
class SecondController {
  @CacheRoute({ ttl: 60 })
  @Get(":id")
  find(): string {
    return `second, run ${++runs}`;
  }
}

@Controller("dogs")
class BothController {
  @CacheRoute({ ttl: 60 })
  @Version(["1", "2"])
  @Get()
  find(@Req() request: { headers: Record<string, string> }): string {
    return `${request.headers["x-version"]}, run ${++runs}`;
  }
}

/** Each kind, and how a request says a version. */
const kinds: readonly [string, VersioningOptions, (version: string) => [path: string, headers: object]][] = [
  ["URI", { type: VersioningType.URI }, (version) => [`/v${version}/cats/7`, {}]],
  [
    "header",
    { type: VersioningType.HEADER, header: "X-Version" },
    (version) => ["/cats/7", { "x-version": version }],
  ],
  [
    "media type",
    { type: VersioningType.MEDIA_TYPE, key: "v=" },
    (version) => ["/cats/7", { accept: `application/json;v=${version}` }],
  ],
  [
    "custom",
    {
      type: VersioningType.CUSTOM,
      extractor: (request) => (request as { headers: Record<string, string> }).headers["x-own"] ?? "",
    },
    (version) => ["/cats/7", { "x-own": version }],
  ],
];

describe.each(platforms)("on %s, versions", (platform) => {
  it.each(kinds)("have entries of their own: %s", async (_kind, versioning, ask) => {
    runs = 0;
    const { client, cache } = await start(platform, {
      controllers: [FirstController, SecondController],
      prepare: (app) => void app.enableVersioning(versioning),
    });
    const [first, second] = [ask("1"), ask("2")];

    const answers = [
      ...(await twice(client, first[0], { ...first[1] })),
      ...(await twice(client, second[0], { ...second[1] })),
      ...(await twice(client, first[0], { ...first[1] })),
    ];

    expect(answers.map(([, text, outcome]) => [text, outcome])).toEqual([
      ["first, run 1", "MISS"],
      ["first, run 1", "HIT"],
      ["second, run 2", "MISS"],
      ["second, run 2", "HIT"],
      ["first, run 1", "HIT"],
      ["first, run 1", "HIT"],
    ]);
    expect(cache.stats().stored).toBe(2);
  });

  it("are told to the caches behind by Vary", async () => {
    const { client } = await start(platform, {
      controllers: [FirstController],
      prepare: (app) => void app.enableVersioning({ type: VersioningType.HEADER, header: "X-Version" }),
    });

    const answer = await client.ask({ path: "/cats/7", headers: { "x-version": "1" } });

    expect(answer.header("vary")?.toLowerCase()).toContain("x-version");
  });

  it("of one method are kept apart", async () => {
    runs = 0;
    const { client } = await start(platform, {
      controllers: [BothController],
      prepare: (app) => void app.enableVersioning({ type: VersioningType.HEADER, header: "X-Version" }),
    });

    const answers = [
      ...(await twice(client, "/dogs", { "x-version": "1" })),
      ...(await twice(client, "/dogs", { "x-version": "2" })),
    ];

    expect(answers.map(([, text, outcome]) => [text, outcome])).toEqual([
      ["1, run 1", "MISS"],
      ["1, run 1", "HIT"],
      ["2, run 2", "MISS"],
      ["2, run 2", "HIT"],
    ]);
  });
});

@Controller("plain")
class PlainController {
  @CacheRoute({ ttl: 60 })
  @Get(":id")
  find(): string {
    return `run ${++runs}`;
  }

  @CacheRoute({ ttl: 60 })
  @Get(["a/one", "a/two"])
  several(): string {
    return `run ${++runs}`;
  }

  @CacheRoute({ ttl: 60, route: "named" })
  @Get(["b/one", "b/two"])
  named(): string {
    return `run ${++runs}`;
  }

  @CacheRoute({ ttl: 60, methods: ["GET", "POST"] })
  @All("c/all")
  all(): string {
    return `run ${++runs}`;
  }
}

@Module({ controllers: [PlainController] })
class PlainModule {}

describe.each(platforms)("on %s, a route", (platform) => {
  it("has the global prefix and the path of its module in its name, and is invalidated by them", async () => {
    const { client, cache } = await start(platform, {
      controllers: [],
      imports: [PlainModule, RouterModule.register([{ path: "inner", module: PlainModule }])],
      prepare: (app) => void app.setGlobalPrefix("api"),
    });
    await twice(client, "/api/inner/plain/7");
    await twice(client, "/api/inner/plain/8");

    const { route } = await cache.explain({ url: `http://127.0.0.1:${client.port}/api/inner/plain/7` });
    await cache.invalidate({ route: "/api/inner/plain/:id", params: { id: "7" } });
    const answers = [
      ...(await twice(client, "/api/inner/plain/7")),
      ...(await twice(client, "/api/inner/plain/8")),
    ];

    expect(route).toBe("GET /api/inner/plain/:id");
    expect(answers.map(([, , outcome]) => outcome)).toEqual(["MISS", "HIT", "HIT", "HIT"]);
  });

  it.each(["a", "b"])("of several paths has an entry for each: %s", async (name) => {
    const { client } = await start(platform, { controllers: [PlainController] });

    const answers = [
      ...(await twice(client, `/plain/${name}/one`)),
      ...(await twice(client, `/plain/${name}/two`)),
    ];

    expect(answers.map(([, , outcome]) => outcome)).toEqual(["MISS", "HIT", "MISS", "HIT"]);
  });

  it("of all methods has an entry for each", async () => {
    const { client } = await start(platform, { controllers: [PlainController] });
    const ask = async (method: string): Promise<string | undefined> =>
      (await client.ask({ method, path: "/plain/c/all" })).header("x-cache");

    expect([await ask("GET"), await ask("GET"), await ask("POST"), await ask("POST")]).toEqual([
      "MISS",
      "HIT",
      "MISS",
      "HIT",
    ]);
  });

  it("of a class that two controllers inherit from belongs to each of them", async () => {
    class Base {
      @CacheRoute({ ttl: 60 })
      @Get()
      find(): string {
        return `${this.constructor.name}, run ${++runs}`;
      }
    }
    @Controller("one")
    class OneController extends Base {}
    @Controller("two")
    class TwoController extends Base {}
    runs = 0;
    const { client } = await start(platform, { controllers: [OneController, TwoController] });

    const answers = [...(await twice(client, "/one")), ...(await twice(client, "/two"))];

    expect(answers.map(([, text, outcome]) => [text, outcome])).toEqual([
      ["OneController, run 1", "MISS"],
      ["OneController, run 1", "HIT"],
      ["TwoController, run 2", "MISS"],
      ["TwoController, run 2", "HIT"],
    ]);
  });
});

describe("on Express, a controller for one host", () => {
  @Controller({ host: "one.example" })
  class OneHostController {
    @CacheRoute({ ttl: 60 })
    @Get()
    find(): string {
      return `one, run ${++runs}`;
    }
  }
  @Controller({ host: "two.example" })
  class TwoHostController {
    @CacheRoute({ ttl: 60 })
    @Get()
    find(): string {
      return `two, run ${++runs}`;
    }
  }

  it("has entries of its own", async () => {
    runs = 0;
    const { client } = await start("Express", { controllers: [OneHostController, TwoHostController] });

    const answers = [
      ...(await twice(client, "/", { host: "one.example" })),
      ...(await twice(client, "/", { host: "two.example" })),
    ];

    expect(answers.map(([, text, outcome]) => [text, outcome])).toEqual([
      ["one, run 1", "MISS"],
      ["one, run 1", "HIT"],
      ["two, run 2", "MISS"],
      ["two, run 2", "HIT"],
    ]);
  });
});
