import { describe, expect, it } from "vitest";
import { adapterContract } from "../../src/testing/index.ts";
import { reference } from "./reference-adapter.ts";

const checks = adapterContract(reference).map(({ name, run }) => [name, run] as const);

describe("the smallest adapter", () => {
  it.each(checks)("passes the adapter contract: %s", async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
