import { describe, expect, it } from "vitest";
import { bytesStore, storeContract } from "../../src/testing/index.ts";

const checks = storeContract(() => bytesStore()).map(({ name, run }) => [name, run] as const);

describe("an asynchronous store of bytes", () => {
  it.each(checks)("passes the store contract: %s", async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
