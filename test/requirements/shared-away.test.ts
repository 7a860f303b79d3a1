import { describe, expect, it } from "vitest";
import type { Serve } from "../../src/adapter.ts";
import { answer, fillOf, settle } from "../support/kit.ts";
import { nodeOn, nodesOn, SharedServer } from "../support/shared-store.ts";
import type { SharedNode } from "../support/shared-store.ts";

/** Sends three requests at once, and the response to the first. Returns how the others are served. */
async function threeAtOnce(node: SharedNode, meanwhile?: () => unknown): Promise<readonly unknown[]> {
  const leader = fillOf(await node.begin());
  const others = [node.begin(), node.begin()];
  await settle();
  void meanwhile?.();
  answer(leader);
  return Promise.all(
    others.map(async (other) => {
      const decision = await Promise.race([other, settle().then(() => undefined)]);
      return (decision as Serve | undefined)?.outcome ?? decision?.kind;
    }),
  );
}

describe("while the store is away, the handler runs once for all who ask at the same time", () => {
  it("in a process that was started then", async () => {
    const node = nodeOn(new SharedServer());
    node.store.link = "cut";

    expect(await threeAtOnce(node)).toEqual(["collapsed", "collapsed"]);
  });

  it.each(["hard", "soft"])("after an invalidation that is not in the log yet: %s", async (how) => {
    const [node] = (await nodesOn(new SharedServer(), 1)) as [SharedNode];
    node.store.link = "cut";
    await node.cache.invalidate({ tag: "todos" }, { soft: how === "soft" });

    expect(await threeAtOnce(node)).toEqual(["collapsed", "collapsed"]);
  });

  it("but not with who asks more than 5 seconds after it began, when others may have invalidated it", async () => {
    const [node] = (await nodesOn(new SharedServer(), 1)) as [SharedNode];
    const leader = fillOf(await node.begin());
    await node.pass(60);
    node.store.link = "cut";
    const late = await node.begin();
    const later = node.begin();
    answer(fillOf(late));

    expect([late.kind, await later]).toMatchObject(["fill", { outcome: "collapsed" }]);
    leader.abandon("aborted");
  });

  it("but not for those who ask after it, by what was read before", async () => {
    const [node] = (await nodesOn(new SharedServer(), 1)) as [SharedNode];
    node.store.link = "cut";

    const served = await threeAtOnce(node, () => node.cache.invalidate({ tag: "todos" }));

    expect(served).not.toContain("collapsed");
  });
});

it("what was made while the store was away is not served from it after an invalidation of that time", async () => {
  const [node, other] = (await nodesOn(new SharedServer(), 2)) as [SharedNode, SharedNode];
  node.store.link = "marks-cut";
  await node.cache.invalidate({ tag: "todos" });
  const before = [await node.ask(), await node.ask()];
  node.store.link = "up";
  await node.pass(1);

  expect([before, await node.ask(), await other.ask()]).toEqual([["miss", "miss"], "miss", "hit"]);
});
