import { describe, expect, it } from "vitest";
import { adapterContract } from "../../src/testing/index.ts";
import { fetchHarness } from "./harness/fetch.ts";

describe("the fetch adapter keeps the adapter contract", () => {
  const checks = adapterContract(fetchHarness).map((check) => [check.name, check] as const);

  it.each(checks)("%s", async (_name, check) => {
    expect(await check.run()).toBeUndefined();
  });
});
