import { describe, expect, it } from "vitest";
import { answer, fillOf, kitOf, serveOf } from "../../support/kit.ts";

describe("an unsafe request", () => {
  it("has nothing of its response stored, whatever its head", () => {
    const { now } = kitOf({ route: { invalidateOnUnsafe: true } });
    const ok = { status: 200, fields: [] };

    expect(fillOf(now({ method: "DELETE" })).refusal(ok)).toBe("method");
  });

  it("removes what is stored once its handler has succeeded, though its client has left before the head", () => {
    const { ask, now } = kitOf({ route: { invalidateOnUnsafe: true } });
    ask({}, { body: "old" });
    const fill = fillOf(now({ method: "PUT" }));

    const goesOn = fill.leave();
    const before = serveOf(now()).outcome;
    answer(fill, { status: 204 });

    expect([goesOn, before, now().kind]).toEqual([true, "hit", "fill"]);
  });
});
