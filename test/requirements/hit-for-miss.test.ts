import { describe, expect, it } from "vitest";
import { answer, fillOf, kitOf, serveOf } from "../support/kit.ts";

const cookie = { headers: { "set-cookie": "id=1" } };

describe("a resource whose response could not be stored", () => {
  it("is run by all requests at once: no request waits for a response that it would not get", () => {
    const { now } = kitOf();
    answer(fillOf(now()), cookie);

    expect([now(), now()].map(({ kind }) => kind)).toEqual(["fill", "fill"]);
  });

  it("leaves conditions and ranges to its handler", () => {
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

  it("is forgotten once a response is stored", () => {
    const { now } = kitOf();
    answer(fillOf(now()), cookie);

    answer(fillOf(now()));

    expect(serveOf(now()).outcome).toBe("hit");
  });

  it("is not remembered longer because its handler sends 304", () => {
    const { now, clock } = kitOf();
    answer(fillOf(now()), cookie);
    clock.advance(119);
    answer(fillOf(now({ headers: { "if-none-match": '"a"' } })), { status: 304 });
    clock.advance(1);

    expect(fillOf(now()).hidden).not.toEqual([]);
  });

  it("does not affect other variants", () => {
    const { now } = kitOf({ route: { vary: ["accept-language"] } });
    answer(fillOf(now({ headers: { "accept-language": "en" } })), cookie);

    expect(fillOf(now({ headers: { "accept-language": "fr" } })).hidden).not.toEqual([]);
  });
});
