import { describe, expect, it } from "vitest";
import type { Refusal, RouteOptions } from "../../../src/index.ts";
import { readHead } from "../../../src/core/storing/response-head.ts";
import { refusalOf } from "../../../src/core/storing/storable.ts";
import { toFields } from "../../../src/http/fields.ts";
import { answer, fillOf, kitOf, openWith, requestOf } from "../../support/kit.ts";
import type { Asked, Said } from "../../support/kit.ts";

function refusal(
  said: Said,
  route: RouteOptions<Asked> = {},
  asked: Readonly<Record<string, string>> = {},
): Refusal | undefined {
  const { status = 200, headers = {}, earlier = {} } = said;
  return refusalOf(
    readHead({ status, fields: toFields(headers), earlier: toFields(earlier) }),
    kitOf({ route }).policy,
    requestOf({ headers: asked }),
  );
}

const saying = (value: string): Said => ({ headers: { "cache-control": value } });

describe("a response is never stored", () => {
  it.each<[string, Said, Refusal]>([
    ["if its status is not accepted", { status: 404 }, "status"],
    ["if it is an error", { status: 500 }, "status"],
    ["if it says no-store", saying("no-store"), "no-store"],
    ["if it says no-store beside a lifetime", saying("max-age=60, no-store"), "no-store"],
    ["if it says private", saying("private"), "private"],
    ["if it says private of a field", saying('private="x-user"'), "private"],
    ["if it says private, malformed", saying("private="), "private"],
    ["if it says no-cache", saying("no-cache"), "no-cache"],
    ["if it says no-cache of a field", saying('no-cache="set-cookie"'), "no-cache"],
    [
      "if something before the lookup says no-store, and the handler nothing",
      { earlier: { "cache-control": "no-store" } },
      "no-store",
    ],
    [
      "if it says no-store, and a malformed field for shared caches",
      { headers: { "cache-control": "no-store", "cdn-cache-control": 'max-age="60"' } },
      "no-store",
    ],
    ["if it varies by everything", { headers: { vary: "accept, *" } }, "vary-any"],
    ["if what was there before varies by everything", { earlier: { vary: "*" } }, "vary-any"],
    ["if it sets a cookie", { headers: { "set-cookie": "id=1" } }, "set-cookie"],
    [
      "if it is an event stream",
      { headers: { "content-type": "Text/Event-Stream; charset=utf-8" } },
      "event-stream",
    ],
  ])("%s", (_, said, reason) => {
    expect(refusal(said)).toBe(reason);
  });

  it.each<[string, Said, Refusal, RouteOptions<Asked>]>([
    ["if its lifetime is over", saying("max-age=0"), "expired", {}],
    ["if a field has a line break", { headers: { "x-a": "1\r\nx-b: 2" } }, "malformed", {}],
    ["if a field has no name", { headers: { "": "1" } }, "malformed", {}],
    ["if it is too large", { body: "12345" }, "too-large", { maxBodyBytes: 4 }],
    ["if it is not as long as it says", { headers: { "content-length": "9" } }, "truncated", {}],
  ])("%s", (_, said, reason, route) => {
    const { now, cache } = kitOf({ route });

    answer(fillOf(now()), said);

    expect([cache.stats().refusals, cache.stats().store?.entries]).toEqual([{ [reason]: 1 }, 0]);
  });

  it("if its handler failed or its client went away", () => {
    const { now, cache } = kitOf();
    fillOf(now({ target: "/a" })).abandon("failed");
    openWith(fillOf(now({ target: "/b" }))).abandon("aborted");

    expect(cache.stats().refusals).toEqual({ failed: 1, aborted: 1 });
  });
});

describe("a response may be stored", () => {
  it.each<[string, Said, RouteOptions<Asked>]>([
    ["if nothing speaks against it", {}, {}],
    ["if its status is accepted", { status: 404 }, { statuses: [404] }],
    ["if the route stores cookies", { headers: { "set-cookie": "id=1" } }, { setCookie: "store" }],
    ["if the route strips cookies", { headers: { "set-cookie": "id=1" } }, { setCookie: "strip" }],
    ["if a cookie was set before the lookup", { earlier: { "set-cookie": "id=1" } }, {}],
    [
      "if the handler takes back what was said before",
      { headers: { "cache-control": "max-age=5" }, earlier: { "cache-control": "no-store" } },
      {},
    ],
    [
      "if it only must be revalidated once stale",
      saying("max-age=5, must-revalidate, no-transform, immutable"),
      {},
    ],
    ["if a name merely looks like a directive", saying("x-no-store, privately"), {}],
  ])("%s", (_, said, route) => {
    expect(refusal(said, route)).toBeUndefined();
  });
});
