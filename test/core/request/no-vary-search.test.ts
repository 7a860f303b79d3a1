import { describe, expect, it } from "vitest";
import { allowsKey, learnRule, offeredField } from "../../../src/core/request/no-vary-search.ts";
import { toFields } from "../../../src/http/fields.ts";
import { parseNoVarySearch } from "../../../src/http/no-vary-search.ts";
import type { SearchRule } from "../../../src/http/no-vary-search.ts";
import { kitOf, requestOf } from "../../support/kit.ts";
import type { Asked, KitOptions, Said } from "../../support/kit.ts";

const ORIGIN = "http://example.org";
const UTM = 'params=("utm")';

interface Learning {
  readonly route?: KitOptions["route"];
  readonly asked?: Asked;
  readonly rule?: SearchRule | undefined;
}

/** Whether the key of a response allows it to be stored, and which rule its path has then. */
function learn(
  said: Said["headers"],
  { route, asked, rule }: Learning = {},
): { readonly isAllowed: boolean; readonly learned: SearchRule | undefined } {
  const { policy } = kitOf({ route: { noVarySearch: true, ...route } });
  const request = requestOf({ target: "/q?utm=1", ...asked });
  const head = { status: 200, fields: toFields(said ?? {}) };
  const key = { origin: ORIGIN, rule };
  const isAllowed = allowsKey(request, policy, key, head);
  learnRule(request, policy, key, head);
  return { isAllowed, learned: policy.targets.of(ORIGIN, "/q").rule };
}

describe("a response", () => {
  it("sets the rule of its path, and may be stored under a key that was made without one", () => {
    const { isAllowed, learned } = learn({ "no-vary-search": UTM });

    expect([isAllowed, learned]).toEqual([true, { ...parseNoVarySearch(UTM), turn: 1 }]);
  });

  it.each([
    ["the same rule", UTM, true],
    ["another rule", 'params=("page")', false],
    ["an invalid rule", "params=utm", false],
  ])("with %s than the one its key was made by may be stored: %s, %s", (_, value, isAllowed) => {
    expect(learn({ "no-vary-search": value }, { rule: parseNoVarySearch(UTM) }).isAllowed).toBe(isAllowed);
  });

  it("without a rule may not be stored under a key that was made by one", () => {
    expect(learn({}, { rule: parseNoVarySearch(UTM) })).toEqual({ isAllowed: false, learned: undefined });
  });

  it.each<[string, Learning]>([
    ["the route does not heed the field", { route: { noVarySearch: false } }],
    ["the route has a key of its own", { route: { key: () => "k" } }],
    ["the method has content", { asked: { method: "POST" } }],
  ])("sets no rule where %s", (_, learning) => {
    expect(learn({ "no-vary-search": UTM }, learning)).toEqual({ isAllowed: true, learned: undefined });
  });

  it("sets no rule by the one that its route offers", () => {
    const route = { query: ["page"] };
    const offer = kitOf({ route: { noVarySearch: true, ...route } }).policy.searchOffer!;

    expect(learn({ "no-vary-search": offer }, { route }).learned).toBeUndefined();
  });
});

describe("the field that a route offers", () => {
  const { policy } = kitOf({ route: { noVarySearch: true, query: ["page"] } });
  const said = toFields({ "no-vary-search": UTM });

  it("names the declared parameters", () => {
    expect(offeredField({ status: 200, fields: [] }, policy)).toEqual([
      ["no-vary-search", 'key-order, params, except=("page")'],
    ]);
  });

  it("is absent where the handler or an earlier middleware has its own", () => {
    expect(offeredField({ status: 200, fields: said }, policy)).toEqual([]);
    expect(offeredField({ status: 200, fields: [], earlier: said }, policy)).toEqual([]);
  });

  it("is absent where the route declares nothing", () => {
    expect(
      offeredField({ status: 200, fields: [] }, kitOf({ route: { noVarySearch: true } }).policy),
    ).toEqual([]);
  });
});
