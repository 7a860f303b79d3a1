import { describe, expect, it } from "vitest";
import { createCache } from "../../../src/index.ts";
import type { RouteOptions } from "../../../src/index.ts";
import { engineOf } from "../../../src/adapter.ts";
import { refused } from "../../support/refused.ts";

function declare(options: unknown): () => unknown {
  return () => engineOf(createCache()).policy(options as RouteOptions, { route: "GET /reports/:id" });
}

describe("a wrong option of a route", () => {
  it.each([
    ["ttl", -1, "seconds (0 or more"],
    ["ttl", "60", '"60"; write seconds as a number: "60" is 60'],
    ["ttl", Number.NaN, "NaN; write seconds"],
    ["scope", "private", '"anonymous", "shared", "everyone", or a function'],
    ["key", "user", "a function that returns a non-empty string"],
    ["namespace", 7, 'a string, such as "users"'],
    ["credentials", "x-api-key", "a list of request header names"],
    ["credentials", ["x api key"], "a list of request header names"],
    ["credentials", ["*"], "a list of request header names"],
    ["credentials", { "x-api-key": true }, "a list of request header names"],
    ["vary", "accept-language", "a list of header names"],
    ["vary", ["*"], "a list of header names"],
    ["vary", ["a b"], "a list of header names"],
    ["vary", [1], "a list of header names"],
    ["statuses", [], "final status codes other than 206 and 304"],
    ["statuses", [206], "other than 206 and 304"],
    ["statuses", [304], "other than 206 and 304"],
    ["statuses", [100], "final status codes other than 206 and 304"],
    ["statuses", [600], "final status codes other than 206 and 304"],
    ["statuses", [200.5], "final status codes other than 206 and 304"],
    ["statuses", 200, "final status codes other than 206 and 304"],
    ["statuses", {}, 'or "any"'],
    ["statuses", { 304: true }, "other than 206 and 304"],
    ["statuses", { 404: -1 }, "{ 200: true, 404: 10 }"],
    ["statuses", { 404: false }, "{ 200: true, 404: 10 }"],
    ["statuses", { 404: "10" }, "{ 200: true, 404: 10 }"],
    ["statuses", { ok: true }, "{ 200: true, 404: 10 }"],
    ["statuses", null, "{ 200: true, 404: 10 }"],
    ["statuses", "all", 'or "any"'],
    ["ttl", "handler", '"response", or a function'],
    ["heuristic", 1, "true or false"],
    ["requestDirectives", "yes", "true or false"],
    ["revalidate", null, "true or false"],
    ["invalidateOnUnsafe", 0, "true or false"],
    ["storeDate", {}, "true or false"],
    ["noVarySearch", "yes", "true or false"],
    ["query", "some", '"declared", "all", a list'],
    ["query", [""], '"declared", "all", a list'],
    ["query", { page: 1 }, "a Standard Schema"],
    ["query", { "~standard": {} }, "a Standard Schema"],
    ["query", { "~standard": { jsonSchema: {} } }, "a Standard Schema"],
    ["query", null, "a Standard Schema"],
    ["methods", [], "a list of methods"],
    ["methods", ["HEAD"], "HEAD is answered from GET"],
    ["methods", ["GET", "head"], "HEAD is answered from GET"],
    ["methods", ["GET /"], "a list of methods"],
    ["methods", [1], "a list of methods"],
    ["setCookie", true, '"refuse", "strip" or "store"'],
    ["tags", "reports", "a list of names"],
    ["tags", [""], "a list of names"],
    ["tags", [1], "a list of names"],
    ["maxBodyBytes", -1, "a whole number of bytes"],
    ["maxBodyBytes", 1.5, "a whole number of bytes"],
    ["maxWait", -1, "seconds, 0 or more and at most 2147483"],
    ["maxWait", 2_147_484, "seconds, 0 or more and at most 2147483"],
    ["maxWait", "ten", "seconds, 0 or more and at most 2147483"],
  ])("is refused where the route is declared: %s: %j", (name, value, remedy) => {
    expect(declare({ [name]: value })).toThrow(
      refused("ERR_CACHE_OPTION_INVALID", "GET /reports/:id", `"${name}"`, remedy),
    );
  });

  it.each([[null], ["60"], [[]], [60]])("is refused where the options are not an object: %j", (options) => {
    expect(declare(options)).toThrow(
      refused("ERR_CACHE_OPTION_INVALID", "write an object, such as { ttl: 60 }"),
    );
  });

  it("is shown in the message, shortened where it is long", () => {
    expect(declare({ scope: "x".repeat(100) })).toThrow(
      refused("ERR_CACHE_OPTION_INVALID", `is "${"x".repeat(56)}...; write`),
    );
  });

  it("is shown where it is a function, a big integer, a symbol or a circular list", () => {
    const circle: unknown[] = [];
    circle.push(circle);
    const named = (): number => 1;

    expect(declare({ statuses: named })).toThrow("is function named;");
    expect(
      declare({
        statuses: (
          () => () =>
            1
        )(),
      }),
    ).toThrow("is function (anonymous);");
    expect(declare({ statuses: 1n })).toThrow("is 1;");
    expect(declare({ statuses: Symbol("s") })).toThrow("is Symbol(s);");
    expect(declare({ statuses: circle })).toThrow("is [object Array];");
  });
});

describe("an unknown option", () => {
  it.each([
    ["TTL", "ttl"],
    ["tl", "ttl"],
    ["ttls", "ttl"],
    ["set_cookie", "setCookie"],
    ["nameSpace", "namespace"],
    ["maxBodyByte", "maxBodyBytes"],
    ["maxBodyBites", "maxBodyBytes"],
    ["querry", "query"],
    ["mthods", "methods"],
  ])("is refused with the name that was meant: %s, %s", (written, meant) => {
    expect(declare({ [written]: 1 })).toThrow(
      refused("ERR_CACHE_OPTION_UNKNOWN", `no option "${written}"; did you mean "${meant}"?`),
    );
  });

  it("is refused with its new unit where it was in milliseconds", () => {
    expect(declare({ waitMs: 500 })).toThrow(
      refused("ERR_CACHE_OPTION_UNKNOWN", 'no option "waitMs"; write maxWait: 0.5, in seconds'),
    );
  });

  it("is refused with all names where none is near", () => {
    expect(declare({ colour: 1 })).toThrow(
      refused("ERR_CACHE_OPTION_UNKNOWN", "the options are ttl, scope, credentials, key, namespace"),
    );
  });

  it.each([["__proto__"], ["constructor"], ["toString"]])(
    "may be a name that every object has: %s",
    (name) => {
      expect(declare(JSON.parse(`{"${name}": 1}`))).toThrow(refused("ERR_CACHE_OPTION_UNKNOWN", name));
    },
  );

  it.each([["encodings"]])("is refused as planned and not built yet: %s", (name) => {
    expect(declare({ [name]: 1 })).toThrow(
      refused("ERR_CACHE_OPTION_LATER", `"${name}" is planned and not built yet; leave it out`),
    );
  });

  it.each([["ttl"], ["encodings"], ["colour"]])("is ignored where its value is undefined: %s", (name) => {
    expect(declare({ [name]: undefined })).not.toThrow();
  });
});
