import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { adapterContract } from "../../../src/testing/index.ts";
import { polkaHarness } from "../harness/polka.ts";

describe("the adapter of the guide, on Node", () => {
  const checks = adapterContract(polkaHarness).map((check) => [check.name, check] as const);

  it.each(checks)("%s", async (_name, check) => {
    expect(await check.run()).toBeUndefined();
  });

  it("is the one that the page shows, line by line", () => {
    const page = readFileSync("docs/writing-an-adapter.md", "utf8");
    expect(page).toContain(readFileSync("test/adapters/strangers/polka.ts", "utf8"));
  });

  it("has 60 lines of code at most", () => {
    const lines = readFileSync("test/adapters/strangers/polka.ts", "utf8").split("\n");
    expect(lines.filter((line) => line.trim() !== "").length).toBeLessThanOrEqual(60);
  });
});
