import { describe, expect, it } from "vitest";
import type { RouteOptions } from "../../src/index.ts";
import type { Asked } from "../support/kit.ts";
import { nodeOn, nodesOn, SharedServer } from "../support/shared-store.ts";
import type { SharedNode } from "../support/shared-store.ts";

const ROUTE: RouteOptions<Asked> = { ttl: 3600, tags: ["todos"], namespace: "lists", key: () => "list" };

async function twoNodes(): Promise<readonly [SharedNode, SharedNode]> {
  return (await nodesOn(new SharedServer(), 2, ROUTE)) as [SharedNode, SharedNode];
}

describe("a response that is put by hand", () => {
  const where = { namespace: "lists", tags: ["todos"] };

  it("is stored by a process that has asked for nothing yet", async () => {
    const server = new SharedServer();
    const [one, other] = [nodeOn(server, ROUTE), nodeOn(server, ROUTE)];

    expect(await one.cache.set("list", { body: "[]" }, where)).toBe(true);
    expect(await other.ask()).toBe("hit");
  });

  it("is stored by a process that was idle while its tag was invalidated elsewhere", async () => {
    const [one, other] = await twoNodes();
    await one.cache.invalidate({ tag: "todos" });

    expect(await other.cache.set("list", { body: "[]" }, where)).toBe(true);
    expect([await one.ask(), await other.ask()]).toEqual(["hit", "hit"]);
  });

  it("is not stored where its tag is invalidated before its position is known", async () => {
    const [, other] = await twoNodes();
    const put = other.cache.set("list", { body: "[]" }, where);
    await other.cache.invalidate({ tag: "todos" });

    expect([await put, await other.ask()]).toEqual([false, "miss"]);
  });
});
