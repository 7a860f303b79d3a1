import { describe, expect, it } from "vitest";
import { bytesStore, storeContract } from "../../src/testing/index.ts";
import type { StoredResource } from "../../src/testing/index.ts";
import { entryOf } from "../stores/support.ts";

const checks = storeContract(() => bytesStore()).map(({ name, run }) => [name, run] as const);

describe("an asynchronous store of bytes", () => {
  it.each(checks)("passes the store contract: %s", async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });

  it("finds nothing where its bytes are corrupt", async () => {
    const resources = new Map<string, StoredResource>();
    const store = bytesStore(resources);
    await store.set({ ...entryOf("a"), variant: "v" });

    resources.get("a")?.variants.set("v", new Uint8Array([0, 0, 0, 9, 1]));

    expect(await store.get("a", () => "v")).toBeUndefined();
  });
});
