import { describe, expect, it } from "vitest";
import { answer, fillOf, kitOf, serveOf } from "../support/kit.ts";

const cookie = { headers: { "set-cookie": "id=1" } };

describe("a resource whose response could not be stored", () => {
  it("is run by everyone at once: nobody waits for a leader who has nothing for him", () => {
    const { now } = kitOf();
    answer(fillOf(now()), cookie);

    expect([now(), now()].map(({ kind }) => kind)).toEqual(["fill", "fill"]);
  });

  it("lets its handler answer conditions and ranges itself", () => {
    const { now } = kitOf();
    answer(fillOf(now()), cookie);

    expect(fillOf(now()).hidden).toEqual([]);
  });

  it("is tried again after two minutes", () => {
    const { now, begin, clock } = kitOf();
    answer(fillOf(now()), cookie);
    clock.advance(120);

    const leader = now();

    expect(fillOf(leader).hidden).not.toEqual([]);
    expect(begin()).toBeInstanceOf(Promise);
  });

  it("is tried again when the route says so", () => {
    const { now, clock } = kitOf({ route: { uncacheableTtl: 5 } });
    answer(fillOf(now()), cookie);
    clock.advance(4.9);
    const before = fillOf(now()).hidden;
    clock.advance(0.1);

    expect([before, fillOf(now()).hidden.length > 0]).toEqual([[], true]);
  });

  it("is forgotten as such once a response could be stored", () => {
    const { now } = kitOf();
    answer(fillOf(now()), cookie);

    answer(fillOf(now()));

    expect(serveOf(now()).outcome).toBe("hit");
  });

  it("is not remembered longer because its handler answers conditions", () => {
    const { now, clock } = kitOf();
    answer(fillOf(now()), cookie);
    clock.advance(119);
    answer(fillOf(now({ headers: { "if-none-match": '"a"' } })), { status: 304 });
    clock.advance(1);

    expect(fillOf(now()).hidden).not.toEqual([]);
  });

  it("is no concern of other variants", () => {
    const { now } = kitOf({ route: { vary: ["accept-language"] } });
    answer(fillOf(now({ headers: { "accept-language": "en" } })), cookie);

    expect(fillOf(now({ headers: { "accept-language": "fr" } })).hidden).not.toEqual([]);
  });
});
