import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { specifiersFrom } from "../../support/specifiers.ts";

const root = resolve(import.meta.dirname, "../../..");

describe("the Hono adapter in a runtime that is not Node", () => {
  it("imports nothing from Node, and no package but Hono", () => {
    const imported = specifiersFrom(join(root, "src/adapters/hono.ts"));

    const foreign = [...imported].filter((specifier) => !specifier.startsWith("."));

    expect(foreign.toSorted()).toEqual(["hono", "hono/route"]);
  });
});
