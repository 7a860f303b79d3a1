import { describe, expect, it } from "vitest";
import { adapterContract } from "../../src/testing/index.ts";
import { nest12, nestHarness } from "./harness/nestjs.ts";

describe.each([
  ["the Nest adapter, in Nest 12 on Express,", nestHarness(nest12, "Express")],
  ["the Nest adapter, in Nest 12 on Fastify,", nestHarness(nest12, "Fastify")],
])("%s keeps the adapter contract", (_adapter, harness) => {
  it.each(adapterContract(harness).map((check) => [check.name, check] as const))(
    "%s",
    async (_name, check) => {
      await expect(check.run()).resolves.toBeUndefined();
    },
  );
});
