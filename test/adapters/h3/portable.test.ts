import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { specifiersFrom } from "../../support/specifiers.ts";

const root = resolve(import.meta.dirname, "../../..");

describe("the h3 adapter in a runtime that is not Node", () => {
  it("imports nothing from Node, and no package but h3", () => {
    const imported = specifiersFrom(join(root, "src/adapters/h3.ts"));

    const foreign = [...imported].filter((specifier) => !specifier.startsWith("."));

    expect(foreign.toSorted()).toEqual(["h3"]);
  });
});
