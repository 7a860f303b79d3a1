import { describe, expect, it } from "vitest";
import { kitOf, namesOf, said, textOf } from "../../support/kit.ts";

describe("the client whose request ran the handler", () => {
  it("is sent the handler's date and cookies", () => {
    const { ask } = kitOf({ route: { setCookie: "strip" } });
    const headers = { "set-cookie": ["a=1", "b=2"], date: "Thu, 01 Jan 2026 00:00:00 GMT" };

    const [miss, hit] = [ask({}, { headers }), ask()];

    expect([said(miss, "set-cookie"), said(miss, "date")]).toEqual(["a=1, b=2", headers.date]);
    expect([said(hit, "set-cookie"), said(hit, "date")]).toEqual([undefined, undefined]);
  });

  it("is sent the cookies even with a 304", () => {
    const { ask } = kitOf({ route: { setCookie: "store" } });

    const miss = ask({ headers: { "if-none-match": "*" } }, { headers: { "set-cookie": "a=1" } });

    expect([miss.status, said(miss, "set-cookie")]).toEqual([304, "a=1"]);
  });

  it("is sent a response that may not be stored as it is, with the reason", () => {
    const { ask } = kitOf();

    const reply = ask(
      { headers: { "if-none-match": "*" } },
      { headers: { "cache-control": "no-store" }, body: "report" },
    );

    expect([reply.status, textOf(reply), said(reply, "etag")]).toEqual([200, "report", undefined]);
    expect(said(reply, "cache-status")).toBe("caching-route;fwd=uri-miss;fwd-status=200;detail=no-store");
  });

  it("is sent the handler's fields, and the tag that was made", () => {
    const reply = kitOf().ask({}, { headers: { "x-a": ["1", "2"], date: "Thu, 01 Jan 2026 00:00:00 GMT" } });

    expect(namesOf(reply)).toEqual(["cache-status", "content-length", "date", "etag", "x-a", "x-cache"]);
  });
});
