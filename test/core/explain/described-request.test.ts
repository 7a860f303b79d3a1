import { describe, expect, it } from "vitest";
import type { ExplainRequest, RouteOptions } from "../../../src/index.ts";
import { kitOf } from "../../support/kit.ts";
import type { Asked } from "../../support/kit.ts";

describe("the content of a request in plain words", () => {
  const JSON_TYPE = { "content-type": "application/json" };
  const FORM_TYPE = { "content-type": "application/x-www-form-urlencoded" };
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  it.each<[string, Asked["content"], string | Uint8Array | object, Record<string, string>]>([
    ["text that a parser has parsed as JSON", { a: [1] }, '{"a":[1]}', JSON_TYPE],
    ["bytes that a parser has parsed as JSON", { a: [1] }, bytes('{"a":[1]}'), JSON_TYPE],
    ["text that a parser has parsed as a form", { a: ["1", "2"], b: "" }, "a=1&b=&a=2", FORM_TYPE],
    ["text of JSON that a parser has left as it is", '{"a":1}', '{"a":1}', JSON_TYPE],
    ["text that a parser has left as bytes", bytes("a"), "a", { "content-type": "text/plain" }],
    ["bytes that a parser has made text", "a", bytes("a"), { "content-type": "text/plain" }],
    ["what a parser leaves", { a: 1 }, { a: 1 }, JSON_TYPE],
  ])("is found where it is %s", async (_, content, described, headers) => {
    const { ask, cache } = kitOf({ route: { methods: ["POST"] } });
    ask({ method: "POST", content, headers });

    const asked = { url: "http://example.org/reports", method: "POST", headers };

    expect((await cache.explain({ ...asked, content: described })).outcome).toBe("hit");
    expect((await cache.explain({ ...asked, content: "else" })).outcome).toBe("miss");
  });
});

describe("a request in plain words", () => {
  const route: RouteOptions<Asked> = { vary: ["x-a"] };

  it("may give its headers as a Node request has them", async () => {
    const { cache } = kitOf({ route });

    const { key } = await cache.explain({
      url: "http://example.org/reports",
      headers: { "X-A": ["1", "2"], "x-b": undefined },
    });

    expect(key?.vary).toEqual({ "x-a": "1, 2" });
  });

  it("that gives a path only is of the origin that the route was asked on", async () => {
    const { cache, ask } = kitOf({ route });
    ask();

    const { outcome, text } = await cache.explain({ url: "/reports#top" });

    expect(outcome).toBe("hit");
    expect(text).not.toContain("taken to be");
  });

  it("that gives a path and a Host is of that host, with the scheme that the route was asked on", async () => {
    const { cache, ask } = kitOf({ route });
    ask();
    ask({ origin: "https://b.example" });

    const { key, text } = await cache.explain({ url: "/reports", headers: { Host: "b.example" } });

    expect(key?.uri).toBe("https://b.example/reports");
    expect(text).not.toContain("taken to be");
  });

  it("that gives a path only says so where several origins are known, or none", async () => {
    const { cache, ask } = kitOf({ route });

    const unknown = await cache.explain({ url: "/reports" });
    ask();
    ask({ origin: "https://b.example" });
    const several = await cache.explain({ url: "/reports" });

    expect(unknown.text).toContain(
      "The origin is taken to be http://localhost, and it is a part of the key.",
    );
    expect(several.text).toContain("the route was asked on it, and 1 more, such as https://b.example.");
  });

  it("may have a query and no path", async () => {
    const { key } = await kitOf().cache.explain(
      { url: "http://example.org?b=1&a=2" },
      { route: "GET /reports" },
    );

    expect(key?.uri).toBe("http://example.org/?a=2&b=1");
  });

  it.each<[unknown]>([[undefined], [null], [{}], [{ url: "reports" }], [{ url: "" }], [{ url: 7 }]])(
    "is refused where it has no URL: %j",
    async (asked) => {
      await expect(kitOf().cache.explain(asked as ExplainRequest)).rejects.toMatchObject({
        code: "ERR_CACHE_EXPLAIN",
        message: expect.stringContaining('{ url: "/reports/7?page=2" }'),
      });
    },
  );
});
