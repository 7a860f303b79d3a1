import { describe, expect, it } from "vitest";
import { toFields } from "../../../src/adapter.ts";
import { answer, fillOf, kitOf, namesOf, openWith, said, serveOf, textOf } from "../../support/kit.ts";

describe("variants of a resource", () => {
  it("are told apart by the fields that the route declares", () => {
    const { ask } = kitOf({ route: { vary: ["Accept-Language"] } });
    const english = ask({ headers: { "accept-language": "en" } }, { body: "hello" });
    const french = ask({ headers: { "accept-language": "fr" } }, { body: "bonjour" });

    const again = ask({ headers: { "accept-language": "en" } }, { body: "made anew" });

    expect([english, french, again].map(textOf)).toEqual(["hello", "bonjour", "hello"]);
    expect([said(english, "vary"), said(again, "vary")]).toEqual(["accept-language", "accept-language"]);
  });

  it("are told apart by the fields that a handler says, once it has said them", () => {
    const { ask } = kitOf();
    ask({ headers: { "x-tenant": "a" } }, { headers: { vary: "X-Tenant" }, body: "a" });

    const other = ask({ headers: { "x-tenant": "b" } }, { headers: { vary: "X-Tenant" }, body: "b" });

    expect([textOf(other), said(other, "cache-status")]).toEqual([
      "b",
      "caching-route;fwd=vary-miss;fwd-status=200;stored",
    ]);
    expect(textOf(ask({ headers: { "x-tenant": "a" } }))).toBe("a");
  });

  it("are told apart by what an earlier middleware negotiates, but not by CORS and compression", () => {
    const { ask } = kitOf();
    const earlier = { vary: "Origin, Accept-Encoding, X-Tenant" };
    ask({ headers: { "x-tenant": "a", origin: "http://a" } }, { earlier, body: "a" });

    const sameTenant = ask({ headers: { "x-tenant": "a", origin: "http://b" } }, { earlier, body: "anew" });
    const otherTenant = ask({ headers: { "x-tenant": "b" } }, { earlier, body: "b" });

    expect([sameTenant, otherTenant].map(textOf)).toEqual(["a", "b"]);
  });
});

describe("a fill", () => {
  it("says beforehand why a head would not be stored, and changes nothing by it", () => {
    const { now, cache } = kitOf();
    const fill = fillOf(now());
    const { refusals } = cache.stats();

    const said = [{ "cache-control": "private" }, { "set-cookie": "id=1" }, { vary: "*" }, {}].map(
      (headers) => fill.refusal({ status: 200, fields: toFields(headers) }),
    );
    const untold = cache.stats().refusals;
    answer(fill);

    expect(said).toEqual(["private", "set-cookie", "vary-any", undefined]);
    expect(untold).toEqual(refusals);
    expect(serveOf(now()).outcome).toBe("hit");
  });

  it("for a request of which nothing is stored says so of every head", () => {
    const { now } = kitOf({ route: { invalidateOnUnsafe: true } });
    const ok = { status: 200, fields: [] };

    expect(fillOf(now({ method: "DELETE" })).refusal(ok)).toBe("method");
  });

  it("is opened or abandoned once", () => {
    const fill = fillOf(kitOf().now());
    openWith(fill);

    expect(() => openWith(fill)).toThrow(expect.objectContaining({ code: "ERR_CACHE_FILL_TWICE" }));
  });

  it("is not opened after it was abandoned", () => {
    const fill = fillOf(kitOf().now());
    fill.abandon("aborted");

    expect(() => openWith(fill)).toThrow(expect.objectContaining({ code: "ERR_CACHE_FILL_TWICE" }));
  });

  it("is over after its first end, whatever follows", () => {
    const { now, cache } = kitOf();
    const fill = fillOf(now());
    const open = openWith(fill);
    open.complete("first");

    open.abandon("failed");
    open.refuse("malformed");
    fill.abandon("failed");
    const again = open.complete("second");

    expect([textOf(serveOf(now()).reply), textOf(again), cache.stats().stored]).toEqual([
      "first",
      "second",
      1,
    ]);
    expect(cache.stats().refusals).toEqual({});
  });

  it("that was abandoned stores nothing, even if it is completed later", () => {
    const { now, cache } = kitOf();
    const open = openWith(fillOf(now()));
    open.abandon("aborted");
    open.abandon("failed");

    const reply = open.complete("late");

    expect([textOf(reply), cache.stats().store?.entries, cache.stats().refusals]).toEqual([
      "late",
      0,
      { aborted: 1 },
    ]);
  });

  it("answers an empty content where the handler sent none", () => {
    const { now } = kitOf();

    const reply = openWith(fillOf(now())).complete(undefined);

    expect([reply.body?.byteLength, said(reply, "content-length")]).toEqual([0, "0"]);
  });

  it("sends its own client the fields that a handler said, and the tag that was made", () => {
    const reply = kitOf().ask({}, { headers: { "x-a": ["1", "2"], date: "Thu, 01 Jan 2026 00:00:00 GMT" } });

    expect(namesOf(reply)).toEqual(["cache-status", "content-length", "date", "etag", "x-a", "x-cache"]);
  });
});
