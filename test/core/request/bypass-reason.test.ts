import { describe, expect, it } from "vitest";
import { bypassReason, credentialsOf } from "../../../src/core/request/bypass-reason.ts";
import type { RequestRecord } from "../../../src/adapter.ts";
import type { Refusal, RouteOptions } from "../../../src/index.ts";
import { kitOf, requestOf } from "../../support/kit.ts";
import type { Asked } from "../../support/kit.ts";

function reason(
  asked: Asked,
  route: RouteOptions<Asked> = {},
  more: Partial<RequestRecord> = {},
): Refusal | undefined {
  return bypassReason({ ...requestOf(asked), ...more } as RequestRecord<Asked>, kitOf({ route }).policy);
}

describe("a request", () => {
  it.each(["GET", "HEAD"])("is looked up where its method is %s", (method) => {
    expect(reason({ method })).toBeUndefined();
  });

  it.each(["POST", "QUERY", "get", "FROBNICATE"])("is not looked up where its method is %s", (method) => {
    expect(reason({ method })).toBe("method");
  });

  it("is looked up with the methods of its route, and HEAD only beside GET", () => {
    const route = { methods: ["QUERY"] };

    expect(["QUERY", "GET", "HEAD"].map((method) => reason({ method }, route))).toEqual([
      undefined,
      "method",
      "method",
    ]);
  });

  it("is not looked up where it is upgraded (hazard 45)", () => {
    expect(reason({}, {}, { isUpgrade: true })).toBe("upgrade");
    expect(reason({}, {}, { isUpgrade: false })).toBeUndefined();
  });
});

describe("a GET with content", () => {
  it("is not looked up, since its key does not hold the content (hazard 38)", () => {
    expect([reason({ content: "a" }), reason({ method: "HEAD", content: "a" })]).toEqual([
      "content",
      "content",
    ]);
  });

  it.each<[Record<string, string>, Refusal | undefined]>([
    [{ "transfer-encoding": "chunked" }, "content"],
    [{ "content-length": "1" }, "content"],
    [{ "content-length": "x" }, "content"],
    [{ "content-length": "0" }, undefined],
    [{}, undefined],
  ])(
    "is known by its fields where the adapter does not tell (RFC 9112 §6.3): %j is %s",
    (headers, expected) => {
      expect(reason({ headers })).toBe(expected);
    },
  );

  it("is known by the adapter before its fields", () => {
    expect(reason({ headers: { "content-length": "1" } }, {}, { hasContent: false })).toBeUndefined();
  });

  it("is looked up where its method has its content in the key", () => {
    expect(reason({ method: "POST", content: "a" }, { methods: ["POST"] })).toBeUndefined();
  });
});

describe("a request with credentials", () => {
  it.each(["authorization", "cookie", "x-api-key"])("is not looked up: %s (hazards 1 and 36)", (name) => {
    expect(reason({ headers: { [name]: "a" } })).toBe("credentials");
  });

  it("is not looked up where its client has shown a certificate (hazard 36)", () => {
    expect(reason({}, { credentials: [] }, { hasCertificate: true })).toBe("credentials");
  });

  it("is recognized by the names of its route, beside Authorization and Cookie", () => {
    const route = { credentials: ["X-Who"] };

    expect(
      ["x-who", "cookie", "x-api-key"].map((name) => reason({ headers: { [name]: "a" } }, route)),
    ).toEqual(["credentials", "credentials", undefined]);
  });

  it("is recognized by the adapter where it can look for all names at once", () => {
    const asked: (readonly string[])[] = [];
    const hasAny = (names: ReadonlySet<string>): boolean => asked.push([...names]) > 0;

    expect(reason({}, { credentials: ["x-who"] }, { hasAny })).toBe("credentials");
    expect(asked).toEqual([["authorization", "cookie", "x-who"]]);
  });

  it.each<RouteOptions<Asked>["scope"]>(["shared", "everyone", () => "anna"])(
    "is looked up where the route has a scope: %s",
    (scope) => {
      expect(reason({ headers: { authorization: "a" } }, { scope: scope! })).toBeUndefined();
    },
  );

  it("has its credentials named in words, a certificate first", () => {
    const request = { ...requestOf({ headers: { cookie: "a=1", "x-who": "b" } }), hasCertificate: true };

    expect(credentialsOf(request, { credentials: new Set(["authorization", "cookie", "x-who"]) })).toEqual([
      "a client certificate",
      "cookie",
      "x-who",
    ]);
  });
});
