import { AssertionError } from "node:assert";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/index.ts";
import type { Store } from "../../src/index.ts";
import { bytesStore, storeContract } from "../../src/testing/index.ts";
import type { StoreCapability } from "../../src/testing/index.ts";
import { ofEntries } from "./slips/entries.ts";
import { ofDeletions, ofLookups, ofResources } from "./slips/resources.ts";
import { ofLeases, ofMarks } from "./slips/shared.ts";
import { wronged } from "./slips/wronged.ts";

const slips = [...ofResources, ...ofLookups, ...ofDeletions, ...ofEntries, ...ofMarks, ...ofLeases];
const capabilities: readonly StoreCapability[] = ["marks", "leases"];

describe("the store contract", () => {
  it.concurrent.each(slips)("catches a store that %s: %s", { timeout: 20_000 }, async (_slip, name, make) => {
    const check = storeContract(make, { capabilities }).find((one) => one.name === name);

    const failure: unknown = await check?.run().catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(AssertionError);
  });

  it("has a slip for each check, and no slip for another", () => {
    const names = storeContract(memoryStore, { capabilities }).map(({ name }) => name);

    const caught = new Set(slips.map(([, name]) => name));

    expect([...caught].toSorted()).toEqual(names.toSorted());
  });

  it.each([
    ["has marks and leases", () => bytesStore({ shared: true }), []],
    ["has leases, too,", () => bytesStore({ shared: true }), ["marks"]],
    ["has neither", () => bytesStore(), ["marks", "leases"]],
  ] as const)("fails where a store %s and declares %s", async (_has, make, declared) => {
    const check = storeContract(make, { capabilities: declared }).find(({ name }) =>
      name.includes("capabilities"),
    );

    await expect(check?.run()).rejects.toBeInstanceOf(AssertionError);
  });

  it("asks for no marks and no leases of a store that declares none", () => {
    const names = storeContract(memoryStore).map(({ name }) => name);

    expect(names.filter((name) => /\bmarks?\b|\blog\b|leases?\b/.test(name))).toEqual([]);
  });

  it("gives each check a store of its own, and closes it", async () => {
    const made: Store[] = [];
    const given: Store[] = [];
    const make = (): Store => (made.push(memoryStore()), made.at(-1) as Store);
    const [first, second] = storeContract(make, { dispose: (store) => void given.push(store) });

    await first?.run();
    await second?.run();

    expect(given).toEqual(made);
    expect(new Set(made).size).toBe(2);
  });

  it("keeps to its prefix where stores share a server", async () => {
    const keys: string[] = [];
    const make = wronged(({ store }) => ({ set: (entry) => (keys.push(entry.key), store.set(entry)) }));
    const check = storeContract(make, { prefix: "mine:" }).find(
      ({ name }) => name === "clear removes everything",
    );

    await check?.run();

    expect(keys).toEqual(["mine:a", "mine:b", "mine:a"]);
  });
});
