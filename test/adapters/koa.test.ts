import { describe, expect, it } from "vitest";
import { adapterContract } from "../../src/testing/index.ts";
import { koa2Harness, koaHarness, koaHttp2Harness } from "./harness/koa.ts";

describe.each([
  ["the Koa adapter", koaHarness],
  ["the Koa adapter, in Koa 2,", koa2Harness],
  ["the Koa adapter, over HTTP/2,", koaHttp2Harness],
])("%s keeps the adapter contract", (_adapter, harness) => {
  it.each(adapterContract(harness).map((check) => [check.name, check] as const))(
    "%s",
    async (_name, check) => {
      await expect(check.run()).resolves.toBeUndefined();
    },
  );
});
