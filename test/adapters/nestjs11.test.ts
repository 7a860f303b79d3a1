import { describe, expect, it } from "vitest";
import { adapterContract } from "../../src/testing/index.ts";
import { nestHarness } from "./harness/nestjs.ts";
import { nest11 } from "./nestjs/nest11.ts";

const nest = await nest11();

describe.each([
  ["the Nest adapter, in Nest 11 on Express,", nestHarness(nest, "Express")],
  ["the Nest adapter, in Nest 11 on Fastify,", nestHarness(nest, "Fastify")],
])("%s keeps the adapter contract", (_adapter, harness) => {
  it.each(adapterContract(harness).map((check) => [check.name, check] as const))(
    "%s",
    async (_name, check) => {
      await expect(check.run()).resolves.toBeUndefined();
    },
  );
});
