import { describe, expect, it } from "vitest";
import { Ledger } from "../../../src/core/invalidation/ledger.ts";
import { invalidationOf, statusOfError } from "../../../src/core/invalidation/writes.ts";
import type { Invalidates, WriteEnd } from "../../../src/core/invalidation/writes.ts";
import type { OnError } from "../../../src/index.ts";

type Given = readonly [id: string];

/** What a write does to an entry with the tag `todos`, to one with another tag, and what is reported. */
function effectsOf(invalidates: Invalidates<Given>, end: WriteEnd): unknown {
  const ledger = new Ledger(() => 1000);
  const [todos, users] = ["todos", "users"].map((tag) => ({ names: [`t|${tag}`], began: ledger.position }));
  const reported: unknown[] = [];
  const onError: OnError = (error, failure) => reported.push([(error as Error).message, failure]);
  const context = { route: (id: string) => `POST /todos/${id}`, option: "invalidates" };
  const result = invalidationOf<Given>(invalidates, context, ledger, onError)(end, "7");
  const effectOn = (entry: typeof todos): string => {
    if (ledger.isDead(entry!)) return "gone";
    return ledger.staleSince(entry!) === undefined ? "fresh" : "stale";
  };
  return { todos: effectOn(todos), users: effectOn(users), reported, result };
}

describe("a write", () => {
  it.each<[string, WriteEnd, string]>([
    ["removes what it outdates, with 200", { status: 200 }, "gone"],
    ["removes it, with a redirect", { status: 303 }, "gone"],
    ["makes it stale, with 500", { status: 500 }, "stale"],
    ["makes it stale, without a response", { status: undefined }, "stale"],
    ["makes it stale if the handler threw, whatever was sent", { status: 302, hasThrown: true }, "stale"],
    ["leaves it, with 400", { status: 400 }, "fresh"],
    ["leaves it if the handler threw a 404", { status: 404, hasThrown: true }, "fresh"],
    ["leaves it, with another protocol", { status: 101 }, "fresh"],
  ])("%s", (_, end, effect) => {
    expect(effectsOf(["todos"], end)).toEqual({
      todos: effect,
      users: "fresh",
      reported: [],
      result: undefined,
    });
  });

  it("names what it outdates by a function, which is given what the handler is", () => {
    const byId = (id: string): readonly string[] => (id === "7" ? ["todos"] : []);

    expect(effectsOf(byId, { status: 200 })).toMatchObject({ todos: "gone", users: "fresh", reported: [] });
  });

  it("may outdate nothing", () => {
    expect(effectsOf(() => [], { status: 200 })).toMatchObject({ todos: "fresh", reported: [] });
  });

  it("does not ask the function where it changes nothing", () => {
    expect(
      effectsOf(
        () => {
          throw new Error("asked");
        },
        { status: 400 },
      ),
    ).toMatchObject({ todos: "fresh", reported: [] });
  });
});

describe("a function that names no tags", () => {
  const failure = { operation: "invalidate", route: "POST /todos/7" };
  const rejecting = (): never => Promise.reject(new Error("nobody sees this")) as never;
  const throwing = (): never => {
    throw new Error("no user");
  };

  it.each<[string, Invalidates<Given>, string]>([
    ["throws", throwing, "no user"],
    ["returns a promise", rejecting, "it returned a promise, and cannot be asynchronous"],
    ["returns a text", () => "todos" as never, 'it returned "todos"; it must return a list of tags'],
    ["returns an empty tag", () => ["todos", ""], 'it returned ["todos",""]'],
  ])("makes everything with a tag go, and is reported, if it %s", (_, invalidates, why) => {
    expect(effectsOf(invalidates, { status: 200 })).toEqual({
      todos: "gone",
      users: "gone",
      reported: [[expect.stringContaining(why), failure]],
      result: undefined,
    });
  });

  it("makes everything with a tag stale if the write has failed, too", () => {
    expect(effectsOf(throwing, { status: 500 })).toMatchObject({ todos: "stale", users: "stale" });
  });
});

describe("an option that names what a write outdates", () => {
  const refusal = (invalidates: unknown): (() => unknown) => {
    const ledger = new Ledger(() => 1000);
    const context = { route: "POST /todos", option: "invalidates" };
    return () => invalidationOf(invalidates as never, context, ledger, () => undefined);
  };

  it.each<[unknown, string]>([
    ["todos", 'the option "invalidates" is "todos"; write a list, such as ["todos"]'],
    [[], 'is []; write a list of tags, such as ["todos"]'],
    [[""], 'write a list of tags, such as ["todos"]'],
    [undefined, "is undefined; write a list of tags"],
    [[{ route: "/todos" }], "only tags can be named: give the routes that read a tag"],
    [{ url: "/todos" }, "only tags can be named"],
  ])("is refused if it is %j", (invalidates, message) => {
    expect(refusal(invalidates)).toThrow(
      expect.objectContaining({
        code: "ERR_CACHE_OPTION_INVALID",
        message: expect.stringContaining(message),
      }),
    );
  });

  it("is refused if it is an async function", () => {
    expect(refusal(async () => ["todos"])).toThrow("is an async function; write a function that returns");
  });
});

describe("the status of a thrown error", () => {
  it.each<[string, unknown, number | undefined, number]>([
    ["its own", { status: 404 }, 200, 404],
    ["its own, as Fastify calls it", { statusCode: 409 }, undefined, 409],
    ["that which the response was given before", new Error("no"), 403, 403],
    ["500, if the response was given none of an error", new Error("no"), 201, 500],
    ["500, if it is none", { status: "404" }, undefined, 500],
    ["500, if nothing was thrown", undefined, undefined, 500],
  ])("is %s", (_, error, given, status) => {
    expect(statusOfError(error, given)).toBe(status);
  });
});
