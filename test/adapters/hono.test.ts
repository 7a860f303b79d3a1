import { describe, expect, it } from "vitest";
import { adapterContract } from "../../src/testing/index.ts";
import { behindNodeServer, honoHarness } from "./harness/hono.ts";

describe.each([
  ["a fetch server", honoHarness],
  ["@hono/node-server", behindNodeServer],
])("the Hono adapter on %s keeps the adapter contract", (_server, harness) => {
  const checks = adapterContract(harness).map((check) => [check.name, check] as const);

  it.each(checks)("%s", async (_name, check) => {
    expect(await check.run()).toBeUndefined();
  });
});
