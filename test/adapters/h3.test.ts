import { describe, expect, it } from "vitest";
import { adapterContract } from "../../src/testing/index.ts";
import { behindSrvx, h3Harness, h3Middleware } from "./harness/h3.ts";

describe.each([
  ["wrapped handlers on a fetch server", h3Harness],
  ["wrapped handlers on srvx", behindSrvx],
  ["middleware on srvx", h3Middleware],
])("the h3 adapter, %s, keeps the adapter contract", (_form, harness) => {
  const checks = adapterContract(harness).map((check) => [check.name, check] as const);

  it.each(checks)("%s", async (_name, check) => {
    expect(await check.run()).toBeUndefined();
  });
});
