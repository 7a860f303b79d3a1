import express from "express";
import express4 from "express4";
import { describe, expect, it } from "vitest";
import { adapterContract } from "../../src/testing/index.ts";
import { expressHarness } from "../adapters/harness/express.ts";
import { fastifyHarness } from "../adapters/harness/fastify.ts";

const harnesses = [fastifyHarness, expressHarness("express", express), expressHarness("express 4", express4)];
const checks = harnesses.flatMap((harness) =>
  adapterContract(harness).map((check) => [harness.name, check.name, check] as const),
);

describe("46: whatever a handler listens to, it hears of its client's leaving only when nobody needs it", () => {
  it.each(
    checks.filter(([, name]) => name.includes("is not told by") || name.includes("nobody needs any more")),
  )("%s: %s", async (_, _name, check) => {
    await expect(check.run()).resolves.toBeUndefined();
  });
});

describe("31: any order of requests, leaving and finishing on one connection leaves the process alive", () => {
  it.each(checks.filter(([, name]) => name.includes("the process lives")))(
    "%s: %s",
    async (_, _name, check) => {
      await expect(check.run()).resolves.toBeUndefined();
    },
  );
});
