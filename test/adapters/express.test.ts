import { describe, expect, it } from "vitest";
import { adapterContract } from "../../src/testing/index.ts";
import { expressHarness, versions } from "./harness/express.ts";

describe.each(versions)("the %s adapter keeps the adapter contract", (name, express) => {
  it.each(adapterContract(expressHarness(name, express)).map((check) => [check.name, check] as const))(
    "%s",
    async (_name, check) => {
      await expect(check.run()).resolves.toBeUndefined();
    },
  );
});
