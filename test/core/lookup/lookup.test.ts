import { describe, expect, it } from "vitest";
import { Lookup } from "../../../src/core/lookup/lookup.ts";
import type { StoredFields } from "../../../src/http/fields.ts";
import { memoryStore } from "../../../src/index.ts";
import type { ChooseVariant, Entry } from "../../../src/index.ts";
import { chaosStore } from "../../../src/testing/chaos-store.ts";
import { entryOf } from "../../support/entry.ts";
import { fillOf, kitOf, openWith, said, serveOf } from "../../support/kit.ts";

const entry = entryOf({
  key: "k",
  variant: "v",
  vary: ["a"],
  fields: [
    ["content-type", "text/plain"],
    ["link", ["<a>", "<b>"]],
  ],
  body: new Uint8Array(3),
  staleAt: 1000,
  deleteAt: 1000,
});

const choose: ChooseVariant = () => "v";

function find(answered: unknown, now = 0): unknown {
  const store = {
    get: (_: string, pick: ChooseVariant): never => {
      pick(["a"]);
      return answered as never;
    },
  };
  return new Lookup(store).find("k", choose, now);
}

describe("a lookup", () => {
  it("finds an entry and what its resource varies by", () => {
    expect(find(entry)).toEqual({ entry, vary: ["a"] });
  });

  it("finds an entry by a promise where the store returns one", async () => {
    expect(await find(Promise.resolve(entry))).toEqual({ entry, vary: ["a"] });
  });

  it("finds what the resource varies by, even if it has not this variant", () => {
    expect(find(undefined)).toEqual({ entry: undefined, vary: ["a"] });
  });

  it("finds nothing of a resource that the store does not know", () => {
    expect(new Lookup({ get: () => undefined }).find("k", choose, 0)).toEqual({ entry: undefined, vary: [] });
  });

  it("does not read an entry whose time is over", () => {
    expect([find(entry, 999), find(entry, 1000)]).toEqual([
      { entry, vary: ["a"] },
      { entry: undefined, vary: ["a"] },
    ]);
  });

  it("checks an entry that a store holds by reference once", () => {
    let reads = 0;
    const counted = Object.defineProperty({ ...entry }, "status", { get: () => (reads++, 200) });
    const lookup = new Lookup({ get: (_, pick) => (pick(["a"]), counted) });
    void lookup.find("k", choose, 0);
    const afterFirst = reads;

    void lookup.find("k", choose, 0);

    expect(reads).toBe(afterFirst);
  });
});

describe("an entry from a store", () => {
  it.each<[string, unknown]>([
    ["if it is null", null],
    ["if it is text", "entry"],
    ["if it is an empty object", {}],
    ["if it belongs to another key", { ...entry, key: "K" }],
    ["if it is another variant", { ...entry, variant: "w" }],
    ["if its status is text", { ...entry, status: "200" }],
    ["if its status is not final", { ...entry, status: 101 }],
    ["if its status is none", { ...entry, status: 600 }],
    ["if it is a part", { ...entry, status: 206 }],
    ["if it is a 304", { ...entry, status: 304 }],
    ["if its instants are text", { ...entry, storedAt: "0" }],
    ["if its instants are no numbers", { ...entry, staleAt: Number.NaN }],
    ["if its body is text", { ...entry, body: "abc" }],
    ["if its body is a list", { ...entry, body: [1, 2] }],
    ["if its fields are an object", { ...entry, fields: { a: "b" } }],
    ["if a field is text", { ...entry, fields: ["a"] }],
    ["if a field's name is no token", { ...entry, fields: [["a b", "c"]] }],
    ["if a field's name is a number", { ...entry, fields: [[1, "c"]] }],
    ["if a field's value splits the response", { ...entry, fields: [["a", "b\r\nset-cookie: c"]] }],
    ["if one line of a field splits the response", { ...entry, fields: [["a", ["b", "c\nd"]]] }],
    ["if a field's value is a number", { ...entry, fields: [["a", 1]] }],
    ["if a field belongs to a connection", { ...entry, fields: [["transfer-encoding", "chunked"]] }],
    [
      "if a field is named by Connection",
      {
        ...entry,
        fields: [
          ["connection", "x"],
          ["x", "1"],
        ],
      },
    ],
  ])("is a miss %s", (_, answered) => {
    expect(find(answered)).toMatchObject({ entry: undefined });
  });
});

describe("an entry that a store holds by reference", () => {
  const heldBy = (held: Entry): ((rule?: StoredFields) => unknown) => {
    const lookup = new Lookup({ get: (_, pick) => (pick(held.vary), held) });
    return (rule) => lookup.find("k", choose, 0, rule);
  };

  it("is served as it was first read, whatever has changed it since", () => {
    const held = { ...entry, fields: [["content-type", "text/plain"]] as [string, string][] };
    const read = heldBy(held);
    const first = read();
    held.fields[0]![1] = "text/html";
    held.fields.push(["transfer-encoding", "chunked"]);
    held.status = 500;

    expect(read()).toEqual(first);
  });

  it("is a miss once its bytes are detached", () => {
    const held = { ...entry, body: new Uint8Array(3) };
    const read = heldBy(held);
    void read();
    structuredClone(held.body.buffer, { transfer: [held.body.buffer] });

    expect(read()).toMatchObject({ entry: undefined });
  });

  it("has each member read once, so that no second read can differ", () => {
    const reads: PropertyKey[] = [];
    const counted = new Proxy(entry, { get: (from, name) => (reads.push(name), Reflect.get(from, name)) });
    const read = heldBy(counted);
    void read();
    void read();

    const members = Object.keys(entry).filter((name) => name !== "vary");
    expect(members.map((name) => reads.filter((one) => one === name).length)).toEqual(members.map(() => 1));
  });

  const cookie: Entry = { ...entry, fields: [["set-cookie", "a=1"]] };
  const dated: Entry = { ...entry, fields: [["date", "Thu, 01 Jan 2015 00:00:00 GMT"]] };
  const marked: Entry = { ...entry, fields: [["x-cache", "MISS"]] };
  const plain = { storeDate: false, setCookie: "refuse", statusHeader: { name: "x-cache" } } as const;

  it.each<[string, Entry, Partial<StoredFields>]>([
    ["a cookie", cookie, { setCookie: "store" }],
    ["a Date", dated, { storeDate: true }],
    ["the status field", marked, { statusHeader: undefined }],
  ])("is found with %s by the routes that store it, and by no others", (_, held, more) => {
    const read = heldBy(held);
    const rule = { ...plain, ...more };

    expect([read(rule), read(plain), read(rule)]).toMatchObject([
      { entry: held },
      { entry: undefined },
      { entry: held },
    ]);
  });
});

describe("a name in the vary list of a store", () => {
  it.each([["Accept"], ["a b"], ["*"], [1], [null]])(
    "is ignored where it is not a field name: %s",
    (name) => {
      let told = 0;
      const store = { get: (_: string, pick: ChooseVariant): undefined => void pick([name] as never) };

      expect(new Lookup(store, () => told++).find("k", choose, 0)).toEqual({ entry: undefined, vary: [] });
      expect(told).toBe(1);
    },
  );
});

describe("a HEAD request for a stored response", () => {
  it("trusts the store no more than a GET does", () => {
    const errors: unknown[] = [];
    const store = chaosStore(memoryStore());
    const { ask, now, clock } = kitOf({
      cache: { store, onError: (error) => errors.push(error) },
      route: { ttl: 10, revalidate: true },
    });
    ask({}, { headers: { etag: '"v1"' } });
    clock.advance(10);
    const head = fillOf(now({ method: "HEAD" }));
    store.mode = "corrupt";
    store.corruption = () => 7 as never;

    openWith(head, { headers: { etag: '"v1"' } });

    expect(errors).toHaveLength(1);
  });
});

describe("a store with a list of fields that throws", () => {
  it("counts as failed, and fails no request", () => {
    const errors: unknown[] = [];
    const store = {
      name: "odd",
      shared: false,
      get: (_: string, pick: ChooseVariant): undefined => void pick(7 as never),
      set: () => undefined,
      delete: () => 0,
      clear: () => undefined,
    };
    const { now } = kitOf({ cache: { store, onError: (error) => errors.push(error) } });

    expect([now().kind, errors.length]).toEqual(["fill", 1]);
  });
});

describe("a store that keeps entries beyond their freshness", () => {
  it("is not served from, and the next response has fwd=stale in Cache-Status", () => {
    const { now, ask, clock } = kitOf({
      cache: {
        store: {
          name: "one",
          shared: false,
          get: (key, pick) => ({
            ...entry,
            key,
            variant: pick([]),
            began: Number.MAX_VALUE,
            staleAt: clock0 + 1000,
            deleteAt: Infinity,
          }),
          set: () => undefined,
          delete: () => 0,
          clear: () => undefined,
        },
      },
    });
    const fresh = serveOf(now()).outcome;
    clock.advance(1);

    fillOf(now({ target: "/other" })).abandon("failed");

    expect([fresh, said(ask(), "cache-status")]).toEqual([
      "hit",
      "caching-route;fwd=stale;fwd-status=200;stored",
    ]);
  });
});

const clock0 = Date.UTC(2026, 0, 1);
