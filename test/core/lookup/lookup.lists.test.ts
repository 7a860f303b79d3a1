import { describe, expect, it } from "vitest";
import { Lookup } from "../../../src/core/lookup/lookup.ts";
import type { ChooseVariant, Read } from "../../../src/index.ts";

describe("a list of what no field is called", () => {
  const headers = new Headers();
  const choose: ChooseVariant = (vary) => vary.map((name) => headers.get(name) ?? "").join();

  it.each([["bad name"], [""], ["a", "\0"]])(
    "is a corrupt entry, and no failure of the store: %j",
    (...vary) => {
      let told = 0;
      const get = (_: string, pick: ChooseVariant): Read => (pick(vary), { vary });

      expect(new Lookup({ get }, () => told++).find("k", choose, 0)).toEqual({ entry: undefined, vary: [] });
      expect(told).toBe(1);
    },
  );

  it("does not hide what a request throws for a field that may be", () => {
    const get = (_: string, pick: ChooseVariant): Read => (pick(["a"]), { vary: ["a"] });
    const failing: ChooseVariant = () => {
      throw new Error("unreadable");
    };

    expect(() => new Lookup({ get }).find("k", failing, 0)).toThrow("unreadable");
  });
});
