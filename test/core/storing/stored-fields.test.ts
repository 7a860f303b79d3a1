import { describe, expect, it } from "vitest";
import { kitOf, said, textOf } from "../../support/kit.ts";

describe("what is stored", () => {
  it("has the handler's fields, without those of one message or one connection", () => {
    const { ask } = kitOf();
    const headers = {
      "content-type": "text/plain",
      "content-length": "6",
      connection: "keep-alive, x-hop",
      "keep-alive": "timeout=5",
      "transfer-encoding": "chunked",
      "x-hop": "1",
      "content-range": "bytes 0-5/6",
      "x-cache": "HIT",
      age: "1",
      date: "Thu, 01 Jan 2026 00:00:00 GMT",
      etag: '"v1"',
    };
    ask({}, { headers, earlier: { "x-request-id": "7" }, body: "report" });

    expect(ask().fields).toEqual([
      ["content-type", "text/plain"],
      ["content-range", "bytes 0-5/6"],
      ["etag", '"v1"'],
      ["content-length", "6"],
      ["age", "1"],
      ["x-cache", "HIT"],
      ["cache-status", "caching-route;hit;ttl=60"],
    ]);
  });

  it("has the two cookies in order, where the route stores them", () => {
    const { ask } = kitOf({ route: { setCookie: "store" } });
    ask({}, { headers: { "set-cookie": ["a=1", "b=2"] } });

    expect(ask().fields.filter(([name]) => name === "set-cookie")).toEqual([["set-cookie", ["a=1", "b=2"]]]);
  });

  it("has the handler's Vary with what the route declares", () => {
    const { ask } = kitOf({ route: { vary: ["x-tenant"] } });
    ask({}, { headers: { vary: "Accept-Language" } });

    expect(ask().fields).toContainEqual(["vary", "Accept-Language, x-tenant"]);
  });

  it("varies by the coding where it is coded, even if its handler sent no Vary", () => {
    const { ask, now } = kitOf();
    ask({ headers: { "accept-encoding": "br" } }, { headers: { "content-encoding": "br" } });

    expect(now({ headers: { "accept-encoding": "gzip" } }).kind).toBe("fill");
    expect(ask({ headers: { "accept-encoding": "br" } }).fields).toContainEqual(["vary", "accept-encoding"]);
  });

  it("keeps the tag that its handler made, weak as it is", () => {
    const { ask } = kitOf();
    ask({}, { headers: { etag: 'W/"v1"' } });

    expect(ask().fields).toContainEqual(["etag", 'W/"v1"']);
  });

  it("has a tag made from the content, the same in every process", () => {
    const tags = [kitOf(), kitOf({ cache: { secret: "other" } })].map(({ ask }) =>
      ask({}, { body: "report" }).fields.find(([name]) => name === "etag"),
    );

    expect(tags).toEqual([
      ["etag", '"hF6RgxMZ6JxNZWvbgMJ4rA"'],
      ["etag", '"hF6RgxMZ6JxNZWvbgMJ4rA"'],
    ]);
  });
});

describe("variants of a resource", () => {
  it("are told apart by the fields that the route declares", () => {
    const { ask } = kitOf({ route: { vary: ["Accept-Language"] } });
    const english = ask({ headers: { "accept-language": "en" } }, { body: "hello" });
    const french = ask({ headers: { "accept-language": "fr" } }, { body: "bonjour" });

    const again = ask({ headers: { "accept-language": "en" } }, { body: "made anew" });

    expect([english, french, again].map(textOf)).toEqual(["hello", "bonjour", "hello"]);
    expect([said(english, "vary"), said(again, "vary")]).toEqual(["accept-language", "accept-language"]);
  });

  it("are told apart by the fields in a handler's Vary, once it has sent it", () => {
    const { ask } = kitOf();
    ask({ headers: { "x-tenant": "a" } }, { headers: { vary: "X-Tenant" }, body: "a" });

    const other = ask({ headers: { "x-tenant": "b" } }, { headers: { vary: "X-Tenant" }, body: "b" });

    expect([textOf(other), said(other, "cache-status")]).toEqual([
      "b",
      "caching-route;fwd=vary-miss;fwd-status=200;stored",
    ]);
    expect(textOf(ask({ headers: { "x-tenant": "a" } }))).toBe("a");
  });
});
