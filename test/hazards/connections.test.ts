import express from "express";
import express4 from "express4";
import { describe, expect, it } from "vitest";
import { connections } from "../../src/testing/adapter-contract/connections.ts";
import { notices } from "../../src/testing/adapter-contract/notices.ts";
import { adapterContract } from "../../src/testing/index.ts";
import { expressHarness } from "../adapters/harness/express.ts";
import { fastifyHarness } from "../adapters/harness/fastify.ts";

const harnesses = [fastifyHarness, expressHarness("express", express), expressHarness("express 4", express4)];
const checks = harnesses.flatMap((harness) =>
  adapterContract(harness).map((check) => [harness.name, check.name, check] as const),
);

describe("46: a handler hears of its client's disconnect only where nobody else reads", () => {
  it.each(checks.filter(([, name]) => name in notices))("%s: %s", async (_, _name, check) => {
    await expect(check.run()).resolves.toBeUndefined();
  });
});

describe("31: no order of requests and disconnects on one connection ends the process", () => {
  it.each(checks.filter(([, name]) => name in connections))("%s: %s", async (_, _name, check) => {
    await expect(check.run()).resolves.toBeUndefined();
  });
});
