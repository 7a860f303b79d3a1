import { describe, expect, it } from "vitest";
import { adapterContract } from "../../src/testing/index.ts";
import { srvxHarness } from "./harness/srvx.ts";

describe("fetch handlers under srvx keep the adapter contract", () => {
  const checks = adapterContract(srvxHarness).map((check) => [check.name, check] as const);

  it.each(checks)("%s", async (_name, check) => {
    expect(await check.run()).toBeUndefined();
  });
});
