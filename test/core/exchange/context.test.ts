import { describe, expect, it } from "vitest";
import {
  contextOf,
  flightKeyOf,
  forwardOf,
  knownVary,
  planOf,
  validatedEntry,
} from "../../../src/core/exchange/context.ts";
import type { Context } from "../../../src/core/exchange/context.ts";
import type { Entry } from "../../../src/core/contract/store.ts";
import { entryOf } from "../../support/entry.ts";
import { kitOf, requestOf } from "../../support/kit.ts";
import type { Asked, KitOptions } from "../../support/kit.ts";

const ENTRY = entryOf({ variant: "v|", fields: [["etag", '"a"']], staleAt: 10, deleteAt: 20 });

function contextFor(asked: Asked = {}, options: KitOptions = {}): Context<Asked> {
  const names = { target: undefined, received: undefined, origin: "", rule: undefined };
  return contextOf(requestOf(asked), kitOf(options).policy, { resource: "a", selector: "v|", ...names }, 0, {
    leftMs: 200,
  });
}

describe("why a request goes on to the handler", () => {
  it.each([
    ["uri-miss", { entry: undefined, vary: [] }, 0],
    ["vary-miss", { entry: undefined, vary: ["x"] }, 0],
    ["request", { entry: ENTRY, vary: [] }, 9],
    ["stale", { entry: ENTRY, vary: [] }, 10],
  ] as const)("is %s", (forward, found, now) => {
    expect(forwardOf(found, now)).toBe(forward);
  });
});

describe("the fields that tell variants apart", () => {
  it("are those that the route declares, until the resource has its own", () => {
    const { policy } = contextFor({}, { route: { vary: ["x-a"] } });

    expect(knownVary({ entry: undefined, vary: [] }, policy)).toEqual(["x-a"]);
    expect(knownVary({ entry: undefined, vary: ["x-b"] }, policy)).toEqual(["x-b"]);
  });

  it("make the name of a flight, so that variants never wait for each other", () => {
    const found = { entry: undefined, vary: ["x-a"] };

    const keys = ["1", "2"].map((value) => flightKeyOf(contextFor({ headers: { "x-a": value } }), found));

    expect(keys).toEqual(["a\nv|x-a=1&", "a\nv|x-a=2&"]);
  });
});

describe("the stored response whose validators a handler is shown", () => {
  it.each<[string, Asked, KitOptions["route"], Entry | undefined]>([
    ["is the stale one, where the route revalidates", {}, { revalidate: true }, ENTRY],
    ["is the stale one for HEAD, too", { method: "HEAD" }, { revalidate: true }, ENTRY],
    ["is none where the route does not", {}, {}, undefined],
    [
      "is none for an unsafe method, to which it would be a 412",
      { method: "POST" },
      { revalidate: true },
      undefined,
    ],
  ])("%s", (_, asked, route, expected) => {
    const { request, policy } = contextFor(asked, { route: { methods: ["GET", "POST"], ...route } });

    expect(validatedEntry(request, policy, ENTRY)).toBe(expected);
  });

  it("is in the plan of the run, with the reason for it", () => {
    const context = contextFor({}, { route: { revalidate: true } });

    const plan = planOf(context, { entry: ENTRY, vary: [] }, 15);

    expect(plan).toMatchObject({
      forward: "stale",
      stale: ENTRY,
      noStore: false,
      askedAt: 15,
      flightKey: "a\nv|",
    });
  });
});
