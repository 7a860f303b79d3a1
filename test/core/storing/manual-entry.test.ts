import { describe, expect, it } from "vitest";
import { createCache } from "../../../src/index.ts";
import type { ManualOptions, ManualResponse } from "../../../src/index.ts";
import { kitOf, said, textOf } from "../../support/kit.ts";
import type { Kit, KitOptions } from "../../support/kit.ts";

/** A cache with a route whose key is `k`. */
function keyed(options: KitOptions = {}): Kit {
  return kitOf({ ...options, route: { key: () => "k", ...options.route } });
}

async function put(kit: Kit, headers: ManualResponse["headers"], where?: ManualOptions): Promise<boolean> {
  return kit.cache.set("k", { headers: headers!, body: "put" }, where);
}

describe("the headers of a response that is put by hand", () => {
  const lines = [
    ["content-type", "text/plain"],
    ["link", "<a>"],
    ["Link", "<b>"],
  ] as const;

  it.each<[string, ManualResponse["headers"], unknown]>([
    ["an object", { "Content-Type": "text/plain", link: ["<a>", "<b>"] }, "<a>, <b>"],
    ["Headers", new Headers(lines.map(([name, value]) => [name, value])), "<a>, <b>"],
    [
      "a Map",
      new Map<string, string | string[]>([
        ["Content-Type", "text/plain"],
        ["Link", ["<a>", "<b>"]],
      ]),
      "<a>, <b>",
    ],
    ["pairs", lines, "<a>, <b>"],
  ])("may be %s", async (_, headers, link) => {
    const kit = keyed();
    await put(kit, headers);

    const hit = kit.ask();

    expect([textOf(hit), said(hit, "content-type"), said(hit, "link")]).toEqual(["put", "text/plain", link]);
  });

  it.each([
    ["content-type: text/plain"],
    [[1]],
    [[["a", { b: 1 }]]],
    [{ a: Symbol("s") }],
    [new Map([[1, "a"]])],
  ])("may be nothing else: %j", async (headers) => {
    await expect(put(keyed(), headers as never)).rejects.toThrow("ERR_CACHE_RESPONSE");
  });
});

describe("a response that is put by hand", () => {
  it("is removed with its tags", async () => {
    const kit = keyed();
    await put(kit, {}, { tags: ["users"] });
    const before = kit.now().kind;
    await kit.cache.invalidate({ tag: "users" });

    expect([before, kit.now().kind]).toEqual(["serve", "fill"]);
  });

  it.each([["users"], [[""]], [[1]], [() => ["users"]]])("has tags that are names: %s", async (tags) => {
    await expect(put(keyed(), {}, { tags: tags as never })).rejects.toThrow('"tags"');
  });

  it("is refused where it has a member that does not exist", async () => {
    const cache = createCache();
    const response = { body: "x", header: { a: "b" } };

    await expect(cache.set("k", response)).rejects.toThrow('did you mean "headers"?');
    await expect(cache.set("k", { body: "x" }, { tag: "a" } as never)).rejects.toThrow(
      "ERR_CACHE_OPTION_UNKNOWN",
    );
  });
});
