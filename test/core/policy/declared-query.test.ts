import { Type } from "typebox";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { declaredQuery } from "../../../src/core/policy/declared-query.ts";
import { kitOf } from "../../support/kit.ts";

function declared(schema: unknown, resolve?: (reference: string) => unknown): unknown {
  const query = declaredQuery(schema, resolve);
  return query && Object.fromEntries(query);
}

describe("the parameters that a JSON Schema declares", () => {
  it("are its properties, with their defaults as a query would spell them", () => {
    const properties = {
      text: { default: "b c" },
      page: { type: "integer", default: 1 },
      exact: { default: false },
      tags: { type: "array", default: ["x", 2] },
      none: { default: null },
      object: { default: {} },
      list: { default: [{}] },
      any: true,
    };

    expect(declared({ type: "object", properties })).toEqual({
      text: ["b c"],
      page: ["1"],
      exact: ["false"],
      tags: ["x", "2"],
      none: undefined,
      object: undefined,
      list: undefined,
      any: undefined,
    });
  });

  it("are those that it requires, too", () => {
    const schema = {
      properties: { a: {} },
      required: ["b"],
      anyOf: [{ required: ["c"] }, { required: ["d"] }],
    };

    expect(declared(schema)).toEqual({ a: undefined, b: undefined, c: undefined, d: undefined });
  });

  it("are none where it lists none", () => {
    expect(declared({ properties: {} })).toEqual({});
  });

  it("are found through a reference within it", () => {
    const schema = { $ref: "#/$defs/a~1b", $defs: { "a/b": { properties: { page: {} } } } };

    expect(declared(schema)).toEqual({ page: undefined });
  });

  it("are found through a reference that the framework resolves", () => {
    const shared = {
      $ref: "#/definitions/page",
      definitions: { page: { properties: { page: { default: 1 } } } },
    };

    expect(
      declared({ $ref: "shared" }, (reference) => (reference === "shared" ? shared : undefined)),
    ).toEqual({ page: ["1"] });
  });

  it("are all of those in allOf, with their defaults", () => {
    const schema = {
      properties: { a: {} },
      allOf: [{ properties: { b: { default: 1 } } }, { required: ["a"] }],
    };

    expect(declared(schema)).toEqual({ a: undefined, b: ["1"] });
  });

  it("are all of those in anyOf and oneOf, without defaults, which a validator may or may not fill in", () => {
    const schema = {
      properties: { a: { default: "own" } },
      anyOf: [{ properties: { a: { default: "other" }, b: { default: 1 } } }, { required: ["a"] }],
      oneOf: [{ properties: { c: {} } }],
    };

    expect(declared(schema)).toEqual({ a: ["own"], b: undefined, c: undefined });
  });
});

describe("a JSON Schema", () => {
  it.each([
    ["without names", {}],
    ["with the type object alone", { type: "object" }],
    ["that admits others", { properties: { a: {} }, additionalProperties: true }],
    ["that admits others of a kind", { properties: { a: {} }, additionalProperties: { type: "string" } }],
    ["that admits others by pattern", { properties: { a: {} }, patternProperties: { "^x-": {} } }],
    ["that lists some by condition", { properties: { a: {} }, if: {}, else: { properties: { b: {} } } }],
    [
      "with a part in allOf that admits others",
      { properties: { a: {} }, allOf: [{ additionalProperties: true }] },
    ],
    [
      "with a part in oneOf that admits others",
      { properties: { a: {} }, oneOf: [{ additionalProperties: true }] },
    ],
    ["with a rule for names", { properties: { a: {} }, propertyNames: { pattern: "^[a-z]$" } }],
    ["that mentions names which it does not want", { properties: { a: {} }, not: { required: ["b"] } }],
    ["that mentions them on a condition", { properties: { a: {} }, if: { required: ["b"] } }],
    ["that mentions them where another is", { properties: { a: {} }, dependentRequired: { a: ["b"] } }],
    ["that mentions them in its values", { properties: { a: {} }, enum: [{ b: "1" }] }],
    ["that mentions them by a keyword of Ajv's", { properties: { a: {} }, prohibited: ["b"] }],
    ["that only requires some", { type: "object", required: ["a"] }],
    ["with a reference that leads nowhere", { $ref: "#/$defs/none" }],
    ["with a reference that leads into what every object has", { $ref: "#/constructor" }],
    ["with a reference that nobody resolves", { $ref: "elsewhere" }],
    ["that refers to itself", { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/a" } } }],
    ["that is no schema", "page"],
    ["that is a list", []],
    ["that is null", null],
  ])("declares no closed list: one %s", (_, schema) => {
    expect(declared(schema)).toBeUndefined();
  });

  it("declares a closed list where it forbids other names", () => {
    expect(declared({ properties: { a: {} }, additionalProperties: false })).toEqual({ a: undefined });
  });
});

/** As `fluent-json-schema` builds it: `valueOf` returns the schema. */
function builder(schema: object): object {
  return { isFluentSchema: true, prop: () => schema, valueOf: () => schema };
}

describe("the schema of a library", () => {
  it("is read where it is built by valueOf, whole or in parts", () => {
    const page = builder({ type: "integer", default: 1 });
    const schema = builder({ properties: { page }, allOf: [builder({ properties: { lang: {} } })] });

    expect(declared(schema)).toEqual({ page: ["1"], lang: undefined });
    expect(declared({ $ref: "shared" }, () => schema)).toEqual({ page: ["1"], lang: undefined });
  });

  it("is read where it is JSON Schema itself, as TypeBox's is", () => {
    const schema = Type.Object({ page: Type.Integer({ default: 1 }), lang: Type.Optional(Type.String()) });

    expect(declared(schema)).toEqual({ page: ["1"], lang: undefined });
  });

  it("is read through the Standard Schema property, as zod offers it", () => {
    const schema = z.object({ page: z.coerce.number().default(1), lang: z.string().optional() });

    const { policy } = kitOf({ route: { query: schema } });

    expect(policy.query).toEqual(
      new Map([
        ["page", ["1"]],
        ["lang", undefined],
      ]),
    );
  });

  it("is refused where it admits any name, as zod's loose objects do", () => {
    const schema = z.looseObject({ page: z.string() });

    expect(() => kitOf({ route: { query: schema } })).toThrow(
      expect.objectContaining({ code: "ERR_CACHE_QUERY_UNDECLARED" }),
    );
  });
});
