import { describe, expect, it } from "vitest";
import { toFields } from "../../../src/adapter.ts";
import { answer, fillOf, kitOf, openWith, serveOf } from "../../support/kit.ts";
import { stale } from "../../support/staged.ts";

describe("a fill", () => {
  it("tells beforehand why a head would not be stored, and changes nothing by that", () => {
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
});

describe("the handler of a refresh", () => {
  it("is shown none of the client's conditions", () => {
    const kit = stale({ staleWhileRevalidate: 600 }, 70);

    kit.now({
      ...kit.asked,
      headers: { "if-match": '"nope"', "if-unmodified-since": "Thu, 01 Jan 2015 00:00:00 GMT" },
    });

    expect(kit.fills[0]!.hidden).toEqual(expect.arrayContaining(["if-match", "if-unmodified-since"]));
  });
});
