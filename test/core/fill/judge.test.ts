import { describe, expect, it } from "vitest";
import { answer, asking, serveOf, settle } from "../../support/kit.ts";
import { refreshing, stale, thrown } from "../../support/staged.ts";

describe("an error that the handler throws", () => {
  it.each<[string, unknown, number | undefined]>([
    ["a status", thrown({ status: 403 }), undefined],
    ["a statusCode", thrown({ statusCode: 404 }), undefined],
    ["a status of the server that is no error status of the route", thrown({ status: 501 }), undefined],
    ["a status that is none, and a statusCode", thrown({ status: "gone", statusCode: 410 }), undefined],
    ["none, where the response was given one before", thrown({}), 404],
    ["a status, and is no Error", { status: 403 }, undefined],
  ])("is an answer with %s", (_, error, before) => {
    const { fill } = refreshing();

    expect(fill.isAnswer(error, before)).toBe(true);
  });

  it.each<[string, unknown, number | undefined]>([
    ["none", thrown({}), undefined],
    ["none, and a response that is a success so far", thrown({}), 200],
    ["one of errorStatuses", thrown({ status: 503 }), undefined],
    ["one of errorStatuses, whatever was set before", thrown({ status: 503 }), 404],
    ["one of a success", thrown({ status: 204 }), undefined],
    ["one that no response has", thrown({ status: 1000 }), undefined],
    ["one that is no number", thrown({ status: "404" }), undefined],
    ["nothing at all", undefined, 404],
    ["a text in its place", "gone", 404],
  ])("is a failure with %s", (_, error, before) => {
    const { fill } = refreshing();

    expect(fill.isAnswer(error, before)).toBe(false);
  });

  it("is one or the other by the route's errorStatuses", () => {
    const { fill } = refreshing({ errorStatuses: [404] });

    expect([404, 500].map((status) => fill.isAnswer(thrown({ status })))).toEqual([false, true]);
  });
});

describe("the response to a refresh", () => {
  it("is a failure where it is a network error", async () => {
    const kit = stale({ staleIfError: 600 }, 70);
    const decided = asking(kit, kit.asked);
    await settle();

    answer(kit.fills[0]!, { status: 0 });
    await settle();

    expect(serveOf(decided()!).outcome).toBe("stale");
  });
});
