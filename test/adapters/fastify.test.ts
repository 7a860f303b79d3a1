import { describe, expect, it } from "vitest";
import { adapterContract } from "../../src/testing/index.ts";
import { fastifyHarness } from "./harness/fastify.ts";

describe("the Fastify adapter keeps the adapter contract", () => {
  it.each(adapterContract(fastifyHarness).map((check) => [check.name, check] as const))(
    "%s",
    async (_name, check) => {
      await expect(check.run()).resolves.toBeUndefined();
    },
  );
});
