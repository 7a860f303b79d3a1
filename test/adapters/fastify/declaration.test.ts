import { Type } from "typebox";
import Fastify from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { cacheRoute } from "../../../src/adapters/fastify.ts";
import { site } from "./support.ts";

const cached = { cache: { ttl: 60 } };

describe("wrong options", () => {
  it("throw when the route is declared", async () => {
    const { app, register } = site();
    await register();

    expect(() => app.get("/a", { cache: { ttl: -1 } }, async () => "a")).toThrow(
      expect.objectContaining({ code: "ERR_CACHE_OPTION_INVALID" }),
    );
  });

  it("throw where the plugin is given no cache", async () => {
    const app = Fastify();
    onTestFinished(() => app.close());

    await expect(app.register(cacheRoute, { cache: {} as never })).rejects.toMatchObject({
      code: "ERR_CACHE_NOT_A_CACHE",
    });
  });
});

describe("a plugin", () => {
  it("caches the routes of a prefixed context, and of one in it", async () => {
    const { app, register, ask } = site();
    await register();
    await app.register(
      async (outer) => {
        outer.get("/", cached, async () => "root");
        await outer.register(async (inner) => void inner.get("/b", cached, async () => "b"), {
          prefix: "/in",
        });
      },
      { prefix: "/out" },
    );

    const answers = [
      await ask("/out"),
      await ask("/out"),
      await ask("/out/"),
      await ask("/out/in/b"),
      await ask("/out/in/b"),
    ];

    expect(answers.map((answer) => [answer.body, answer.cache])).toEqual([
      ["root", "MISS"],
      ["root", "HIT"],
      ["root", "MISS"],
      ["b", "MISS"],
      ["b", "HIT"],
    ]);
  });

  it("leaves the routes outside its context alone", async () => {
    const { app, cache, ask } = site();
    await app.register(async (inside) => {
      await inside.register(cacheRoute, { cache });
      inside.get("/in", cached, async () => "in");
    });
    app.get("/out", async () => "out");

    const answers = [await ask("/in"), await ask("/in"), await ask("/out")];

    expect(answers.map((answer) => answer.cache)).toEqual(["MISS", "HIT", null]);
  });
});

describe("the declared query", () => {
  const asked = ["/a?b=b&a=1&utm_source=x", "/a?a=1", "/a?a=1&b=b", "/a?a=1&b=c"];
  const expected = ["MISS", "HIT", "HIT", "MISS"];
  const schemas: readonly (readonly [string, unknown])[] = [
    [
      "JSON Schema",
      { type: "object", properties: { a: { type: "string" }, b: { type: "string", default: "b" } } },
    ],
    ["a reference", { $ref: "query#" }],
    ["TypeBox", Type.Object({ a: Type.String(), b: Type.String({ default: "b" }) })],
    [
      "a builder, as fluent-json-schema is one",
      {
        isFluentSchema: true,
        valueOf: () => ({
          type: "object",
          properties: { a: { type: "string" }, b: { type: "string", default: "b" } },
        }),
      },
    ],
  ];
  /** Fastify takes the second for the first. */
  const aliases = ["querystring", "query"].flatMap((alias) =>
    schemas.map(([kind, schema]) => [alias, kind, schema] as const),
  );

  it.each(aliases)("is read from %s, by %s, with its defaults", async (alias, _kind, schema) => {
    const { app, register, ask } = site();
    app.addSchema({
      $id: "query",
      type: "object",
      properties: { a: { type: "string" }, b: { type: "string", default: "b" } },
    });
    await register();
    app.get("/a", { schema: { [alias]: schema }, ...cached }, async (request) => ({
      query: request.query,
      url: request.url,
    }));

    const answers = [await ask(asked[0]!), await ask(asked[1]!), await ask(asked[2]!), await ask(asked[3]!)];

    expect(answers.map((answer) => answer.cache)).toEqual(expected);
    expect(JSON.parse(answers[0]!.body)).toEqual({ query: { a: "1", b: "b" }, url: "/a?b=b&a=1" });
  });

  it("is read from zod through Standard Schema", async () => {
    const { app, register, ask } = site();
    await register();
    const querystring = z.object({ a: z.string(), b: z.string().default("b") });
    app.setValidatorCompiler<z.ZodType>(({ schema }) => (data) => {
      const { success, data: value, error } = schema.safeParse(data);
      return success ? { value } : { error };
    });
    app.get("/a", { schema: { querystring }, ...cached }, async (request) => request.query);

    const answers = [await ask(asked[0]!), await ask(asked[1]!), await ask(asked[2]!), await ask(asked[3]!)];

    expect(answers.map((answer) => answer.cache)).toEqual(expected);
  });

  it.each([
    ["requires", { required: ["a", "b"] }],
    ["excludes where another is there", { not: { required: ["b", "c"] } }],
    ["admits by their form", { propertyNames: { pattern: "^[a-z]$" } }],
    ["names on a condition", { if: { required: ["z"] }, else: { properties: { b: { type: "string" } } } }],
  ])("leaves the handler the parameters that the schema %s", async (_how, part) => {
    const { app, register, ask } = site();
    await register();
    const querystring = { type: "object", properties: { a: { type: "string" } }, ...part };
    app.get("/a", { schema: { querystring }, ...cached }, async (request) => request.query);

    const [one, two] = [await ask("/a?a=1&b=2"), await ask("/a?a=1&b=3")];

    expect([one.body, two.body]).toEqual(['{"a":"1","b":"2"}', '{"a":"1","b":"3"}']);
  });

  it("does not count where the schema admits other names", async () => {
    const { app, register, ask } = site();
    await register();
    const querystring = { type: "object", properties: { a: { type: "string" } }, additionalProperties: true };
    app.get("/a", { schema: { querystring }, ...cached }, async (request) => request.query);

    const answers = [await ask("/a?a=1&x=1"), await ask("/a?a=1&x=2")];

    expect(answers.map((answer) => [answer.cache, answer.body])).toEqual([
      ["MISS", '{"a":"1","x":"1"}'],
      ["MISS", '{"a":"1","x":"2"}'],
    ]);
  });
});
