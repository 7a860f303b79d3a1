import { describe, expect, it } from "vitest";
import { kitOf, textOf } from "../../support/kit.ts";

describe("variants of a resource", () => {
  it("are told apart by what an earlier middleware negotiates, but not by CORS and compression", () => {
    const { ask } = kitOf();
    const earlier = { vary: "Origin, Accept-Encoding, X-Tenant" };
    ask({ headers: { "x-tenant": "a", origin: "http://a" } }, { earlier, body: "a" });

    const sameTenant = ask({ headers: { "x-tenant": "a", origin: "http://b" } }, { earlier, body: "anew" });
    const otherTenant = ask({ headers: { "x-tenant": "b" } }, { earlier, body: "b" });

    expect([sameTenant, otherTenant].map(textOf)).toEqual(["a", "b"]);
  });
});
