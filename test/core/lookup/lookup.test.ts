import { describe, expect, it } from "vitest";
import { Lookup } from "../../../src/core/lookup/lookup.ts";
import type { StoredFields } from "../../../src/http/fields.ts";
import { memoryStore } from "../../../src/index.ts";
import type { Policy } from "../../../src/core/contract/request-and-policy.ts";
import type { ChooseVariant, Entry, EntryHead, Look, Read } from "../../../src/index.ts";
import { chaosStore } from "../../../src/testing/chaos-store.ts";
import { entryOf, readOf } from "../../support/entry.ts";
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

/** Looks up in a store that chooses by `["a"]` and returns `read`. */
function find(read: unknown, now = 0): unknown {
  const store = {
    get: (_: string, pick: ChooseVariant): never => {
      pick(["a"]);
      return read as never;
    },
  };
  return new Lookup(store).find("k", choose, now);
}

const found = { entry, vary: ["a"] };

describe("a lookup", () => {
  it("finds an entry and what its resource varies by", () => {
    expect(find(readOf(entry))).toEqual(found);
  });

  it("finds an entry by a promise where the store returns one", async () => {
    expect(await find(Promise.resolve(readOf(entry)))).toEqual(found);
  });

  it("finds what the resource varies by, even if it has not this variant", () => {
    expect(find({ vary: ["a"] })).toEqual({ ...found, entry: undefined });
  });

  it("finds nothing of a resource that the store does not know", () => {
    expect([find(undefined), new Lookup({ get: () => undefined }).find("k", choose, 0)]).toEqual([
      { entry: undefined, vary: [] },
      { entry: undefined, vary: [] },
    ]);
  });

  it("does not read an entry whose time is over", () => {
    expect([find(readOf(entry), 999), find(readOf(entry), 1000)]).toEqual([
      found,
      { ...found, entry: undefined },
    ]);
  });

  it("checks a head that a store returns again once, with its content and without", () => {
    let reads = 0;
    const { head } = readOf(entry);
    const counted = Object.defineProperty({ ...head } as EntryHead, "status", { get: () => (reads++, 200) });
    const bodies = [entry.body, new Uint8Array(3), undefined];
    const lookup = new Lookup({
      get: (_, pick) => {
        pick(["a"]);
        const body = bodies.shift();
        return { vary: ["a"], head: counted, ...(body !== undefined && { body }) };
      },
    });

    const all = [true, true, false].map((needsBody) => lookup.find("k", choose, 0, undefined, needsBody));

    const again = { ...found, remembered: bare };
    expect(all).toEqual([found, again, { ...found, entry: bare, isBare: true }]);
    expect(reads).toBe(1);
  });

  it("chooses by the list that the store returns, where the store guessed another", () => {
    const picked: (readonly string[])[] = [];
    const byList: ChooseVariant = (vary) => {
      picked.push(vary);
      return vary.join() === "a" ? "v" : "w";
    };
    const get = (_: string, pick: ChooseVariant): Read => (pick(["b"]), readOf(entry));

    expect([new Lookup({ get }).find("k", byList, 0), picked]).toEqual([found, [["b"], ["a"]]]);
  });
});

const bare = { ...entry, body: new Uint8Array(), length: 3 };

describe("what a lookup asks for", () => {
  const looks: Look[] = [];
  const answers: (Read | undefined)[] = [];
  const store = {
    get: (_: string, pick: ChooseVariant, look: Look): Read | undefined => {
      looks.push(look);
      const read = answers.shift();
      if (read !== undefined) pick(read.vary);
      return read;
    },
  };
  const lookup = new Lookup(store);
  const rule = { storeDate: true, setCookie: "store", scope: "shared", statusHeader: undefined } as const;
  const ask = (given: Partial<Policy>, read?: Read, needsBody?: boolean): Look | undefined => {
    answers.push(read);
    void lookup.find("k", choose, 0, { ...given } as never, needsBody);
    return looks.at(-1);
  };

  it("is the route's own list at first, then that of the resource read last", () => {
    const route = { ...rule, vary: ["accept"] } as Partial<Policy>;
    const find = (read?: Read): readonly string[] | undefined => {
      answers.push(read);
      void lookup.find("k", choose, 0, route as never);
      return looks.at(-1)?.likely;
    };

    expect([find(readOf(entry)), find({ vary: ["a", "b"] }), find(), find()]).toEqual([
      ["accept"],
      ["a"],
      ["a", "b"],
      ["a", "b"],
    ]);
  });

  it("is the content, unless the head is enough", () => {
    expect([ask(rule), ask(rule, undefined, false)]).toEqual([
      { likely: [], body: true },
      { likely: [], body: false },
    ]);
  });
});

describe("an entry of which only the head was read", () => {
  it("is a miss where its content was asked for, and is reported", () => {
    let told = 0;
    const { vary, head } = readOf(entry);
    const get = (_: string, pick: ChooseVariant): Read => (pick(vary), { vary, head: head as EntryHead });

    expect(new Lookup({ get }, () => told++).find("k", choose, 0)).toEqual({ ...found, entry: undefined });
    expect(told).toBe(1);
  });
});

describe("an entry from a store", () => {
  it.each<[string, unknown]>([
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
  ])("is a miss %s", (_, corrupt) => {
    expect(find(readOf(corrupt as Entry))).toMatchObject({ entry: undefined });
  });

  const { head } = readOf(entry);

  it.each<[string, unknown]>([
    ["that is null", null],
    ["that is text", "entry"],
    ["that is an empty object", {}],
    ["whose head is null", { vary: ["a"], head: null, body: entry.body }],
    ["whose head is text", { vary: ["a"], head: "entry", body: entry.body }],
    ["whose head is an empty object", { vary: ["a"], head: {}, body: entry.body }],
    ["whose length is another", { vary: ["a"], head: { ...head, length: 2 }, body: entry.body }],
    ["whose length is negative", { vary: ["a"], head: { ...head, length: -1 }, body: entry.body }],
    ["whose length is text", { vary: ["a"], head: { ...head, length: "3" }, body: entry.body }],
    ["without a length", { vary: ["a"], head: { ...head, length: undefined }, body: entry.body }],
    ["whose content is null", { vary: ["a"], head, body: null }],
    ["whose list is of another variant", { vary: ["Accept"], head, body: entry.body }],
    [
      "that throws",
      new Proxy(
        {},
        {
          get: () => {
            throw new Error("unreadable");
          },
        },
      ),
    ],
    [
      "of a list that throws",
      {
        vary: new Proxy([], {
          get: () => {
            throw new Error("unreadable");
          },
        }),
        head,
        body: entry.body,
      },
    ],
  ])("is a miss in a result %s", (_, read) => {
    expect(find(read)).toMatchObject({ entry: undefined });
  });
});

it("is told of a store that returns the entry itself, as an earlier contract had it", () => {
  let told = 0;
  const store = { get: (_: string, pick: ChooseVariant) => (pick(["a"]), entry as unknown as Read) };
  const read = new Lookup(store, () => void told++).find("k", choose, 0);

  expect([read, told]).toEqual([{ entry: undefined, vary: [] }, 1]);
});

describe("an entry that a store holds by reference", () => {
  const heldBy = (held: Entry): ((rule?: StoredFields) => unknown) => heldAs(readOf(held));
  const heldAs = (read: Read): ((rule?: StoredFields) => unknown) => {
    const lookup = new Lookup({ get: (_, pick) => (pick(read.vary), read) });
    return (rule) => lookup.find("k", choose, 0, rule);
  };

  it("is served as it was first read, whatever has changed it since", () => {
    const fields = [["content-type", "text/plain"]] as [string, string][];
    const held = readOf({ ...entry, fields });
    const read = heldAs(held);
    const first = read();
    fields[0]![1] = "text/html";
    fields.push(["transfer-encoding", "chunked"]);
    (held.head as { status: number }).status = 500;

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
    const { vary, head, body } = readOf(entry) as Required<Read>;
    const counted = new Proxy(head, { get: (from, name) => (reads.push(name), Reflect.get(from, name)) });
    const read = heldAs({ vary, head: counted, body });
    void read();
    void read();

    const members = Object.keys(head);
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
      const vary = [name] as never;
      const store = { get: (_: string, pick: ChooseVariant): Read => (pick(vary), { vary }) };

      expect(new Lookup(store, () => told++).find("k", choose, 0)).toMatchObject({
        entry: undefined,
        vary: [],
      });
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
          get: (key, pick) =>
            readOf({
              ...entry,
              vary: [],
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
