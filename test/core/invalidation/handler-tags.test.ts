import { describe, expect, it } from "vitest";
import { addTags, takeTags } from "../../../src/core/invalidation/handler-tags.ts";
import { MOST_TAGS } from "../../../src/http/cache-tag.ts";

const FIRST = "the reply: cacheTags(reply, tags)";

describe("the tags that a handler adds", () => {
  it("add up over calls, each once", () => {
    const reply = {};
    addTags(reply, ["a", "b"], FIRST);
    addTags(reply, ["b", "c"], FIRST);
    addTags(reply, [], FIRST);

    expect(takeTags(reply)).toEqual(["a", "b", "c"]);
  });

  it("belong to one response", () => {
    const [one, other] = [{}, {}];
    addTags(one, ["a"], FIRST);

    expect([takeTags(other), takeTags(one)]).toEqual([undefined, ["a"]]);
  });

  it("leave the object as it is, which may be frozen", () => {
    const reply = Object.freeze({});

    addTags(reply, ["a"], FIRST);

    expect([Reflect.ownKeys(reply), takeTags(reply)]).toEqual([[], ["a"]]);
  });

  it("are remembered one beyond the most of a response, so that it is not stored", () => {
    const reply = {};

    for (let index = 0; index < 2 * MOST_TAGS; index++) addTags(reply, [`t${index}`], FIRST);

    expect(takeTags(reply)?.length).toBe(MOST_TAGS + 1);
  });

  it("are taken by each cache that is filled by one response", () => {
    const reply = {};
    addTags(reply, ["a"], FIRST);

    expect([takeTags(reply), takeTags(reply)]).toEqual([["a"], ["a"]]);
  });

  it("are shared by two copies of the package", async () => {
    const reply = {};
    addTags(reply, ["a"], FIRST);

    // The query makes it another module.
    const again = "../../../src/core/invalidation/handler-tags.ts?copy";
    const copy = (await import(/* @vite-ignore */ again)) as { readonly takeTags: typeof takeTags };

    expect(copy.takeTags).not.toBe(takeTags);
    expect(copy.takeTags(reply)).toEqual(["a"]);
  });

  it.each([[undefined], ["users"], [["a", ""]], [[1]], [Array.from({ length: 1 })], [new Set(["a"])]])(
    "are a list of non-empty strings: %j",
    (tags) => {
      expect(() => addTags({}, tags as never, FIRST)).toThrow(
        expect.objectContaining({
          code: "ERR_CACHE_TAGS",
          message: expect.stringContaining('write a list of non-empty strings, such as ["users"]') as string,
        }),
      );
    },
  );

  it("are added to a response, and to nothing else", () => {
    expect(() => addTags(undefined, ["a"], FIRST)).toThrow(
      /the first argument is the reply: cacheTags\(reply, tags\)/,
    );
  });

  it("are added before the response begins", () => {
    const reply = {};
    takeTags(reply);

    expect(() => addTags(reply, ["a"], FIRST)).toThrow(/after the response had begun; call it before/);
  });
});
