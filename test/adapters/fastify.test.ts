import { describe, expect, it } from "vitest";
import { adapterContract } from "../../src/testing/index.ts";
import { fastifyHarness, fastifyHttp2Harness } from "./harness/fastify.ts";

describe.each([
  ["the Fastify adapter", fastifyHarness],
  ["the Fastify adapter, over HTTP/2,", fastifyHttp2Harness],
])("%s keeps the adapter contract", (_adapter, harness) => {
  it.each(adapterContract(harness).map((check) => [check.name, check] as const))(
    "%s",
    async (_name, check) => {
      await expect(check.run()).resolves.toBeUndefined();
    },
  );
});
