import { describe, expect, it } from "vitest";
import { bytesServer, bytesStore, storeContract } from "../../src/testing/index.ts";
import type { Look, Read } from "../../src/index.ts";
import { entryOf } from "../stores/support.ts";

const checks = [
  ...storeContract(() => bytesStore()).map(({ name, run }) => ["alone", name, run] as const),
  ...storeContract(() => bytesStore({ shared: true }), { capabilities: ["marks", "leases"] }).map(
    ({ name, run }) => ["shared", name, run] as const,
  ),
];

const whole: Look = { likely: [], body: true };

describe("an asynchronous store of bytes", () => {
  it.concurrent.each(checks)("passes the store contract, %s: %s", async (_how, _name, run) => {
    await expect(run()).resolves.toBeUndefined();
  });

  it("finds no variant where its bytes are corrupt", async () => {
    const server = bytesServer();
    const store = bytesStore({ server });
    await store.set({ ...entryOf("a"), variant: "v" });

    server.resources.get("a")?.variants.set("v", { head: new Uint8Array([1]), body: new Uint8Array() });

    expect(await store.get("a", () => "v", whole)).toEqual({ vary: [] });
  });

  it("returns the same head for the same bytes, and other bytes of a body each time", async () => {
    const store = bytesStore();
    await store.set({ ...entryOf("a"), variant: "v" });

    const reads = [await store.get("a", () => "v", whole), await store.get("a", () => "v", whole)];
    const [first, second] = reads as [Read, Read];

    expect(first.head).toBe(second.head);
    expect(first.body).not.toBe(second.body);
  });

  it("remembers no more than a thousand heads", async () => {
    const store = bytesStore();
    const keys = Array.from({ length: 1001 }, (_, at) => `k${at}`);
    await Promise.all(keys.map(async (key) => store.set({ ...entryOf(key), variant: "v" })));
    const read = async (key: string): Promise<Read | undefined> => store.get(key, () => "v", whole);
    const first = await read("k0");

    await Promise.all(keys.map(read));

    expect((await read("k0"))?.head).not.toBe(first?.head);
  });

  it("has the content of its server, as another store of the server has", async () => {
    const server = bytesServer();
    const [one, other] = [bytesStore({ server, shared: true }), bytesStore({ server, shared: true })];
    await one.set({ ...entryOf("a"), variant: "v" });
    await one.marks?.add(["t|a"], 0);

    expect(await other.get("a", () => "v", whole)).toMatchObject({ head: { key: "a" } });
    expect(await other.marks?.read(0)).toMatchObject([{ name: "*" }, { name: "t|a" }]);
  });
});
