import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/fetch.ts";
import { specifiersFrom } from "../../support/specifiers.ts";
import { quietCache } from "../harness/fetch-site.ts";

const root = resolve(import.meta.dirname, "../../..");

describe("the fetch adapter in a runtime that is not Node", () => {
  it("imports nothing from Node, and no package", () => {
    const imported = specifiersFrom(join(root, "src/adapters/fetch.ts"));

    const foreign = [...imported].filter((specifier) => !specifier.startsWith("."));

    expect(foreign).toEqual([]);
  });

  it("caches without process, Buffer and require, with the entity tag that Node's crypto returns", async () => {
    const handler = cacheRoute(quietCache(), {}, () => new Response("run 1"));
    const etag = (await handler(new Request("http://a.test/"))).headers.get("etag");
    const runtime = join(import.meta.dirname, "../harness/bare-runtime.mjs");

    const { stdout } = await promisify(execFile)(process.execPath, [
      "--experimental-vm-modules",
      runtime,
      join(root, "dist"),
    ]);

    expect(JSON.parse(stdout)).toEqual([
      [200, "MISS", etag, "run 1"],
      [200, "HIT", etag, "run 1"],
      [304, "HIT", etag, ""],
    ]);
  });
});
