import { describe, expect, it } from "vitest";
import { bytesStore, storeContract } from "../../src/testing/index.ts";

const checks = storeContract(() => bytesStore()).map(({ name, run }) => [name, run] as const);

describe("a store of bytes that answers by promises", () => {
  it.each(checks)("%s", async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
