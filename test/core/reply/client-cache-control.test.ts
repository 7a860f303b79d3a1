import { describe, expect, it } from "vitest";
import type { Policy } from "../../../src/core/contract/request-and-policy.ts";
import {
  statedAge,
  telling,
  toldOfRefused,
  toldToClient,
} from "../../../src/core/reply/client-cache-control.ts";
import type { Fields } from "../../../src/http/fields.ts";

type Own = Policy["clientCacheControl"];

function told(own: Own, { scope = "anonymous", fields = [], age = 0 }: Partial<Given> = {}): unknown {
  const policy = { route: "GET /a", scope, clientCacheControl: own } as unknown as Policy;
  return toldToClient(policy, { status: 200, fields }, age)?.[0]?.[1];
}

interface Given {
  readonly scope: Policy["scope"];
  readonly fields: Fields;
  readonly age: number;
}

const perUser = { scope: () => "ann" };

describe("what a client is told of its response", () => {
  it("is nothing by default, and private where each principal has an entry", () => {
    expect(told(undefined)).toBeUndefined();
    expect(told(undefined, perUser)).toBe("private");
  });

  it("is the route's own text, with private beside it under a scope function", () => {
    expect(told("max-age=60")).toBe("max-age=60");
    expect(told("max-age=60", perUser)).toMatch(/private/);
  });

  it("counts lifetimes from now on, whatever the age of the response", () => {
    expect(told("max-age=60", { age: 50 })).toBe("max-age=110");
  });

  it("is what a function returns for the response", () => {
    expect(told(({ status }) => `max-age=${status}`)).toBe("max-age=200");
  });

  it("is left to the handler where that sets Cache-Control or Expires", () => {
    expect(told("max-age=60", { fields: [["cache-control", "no-cache"]] })).toBeUndefined();
    expect(told("max-age=60", { fields: [["expires", "0"]] })).toBeUndefined();
    expect(told("max-age=60", { fields: [["expires", "0"]], ...perUser })).toBe("private");
  });

  it.each([() => 60, () => "max-age=x", () => "public"])(
    "is refused where %s returns no right one",
    (own) => {
      expect(() => told(own as never, perUser)).toThrow(
        expect.objectContaining({ code: "ERR_CACHE_CLIENT_CACHE_CONTROL" }),
      );
    },
  );

  it("is private at most for what is not stored", () => {
    expect(toldOfRefused({ scope: () => "ann" }, { fields: [] })).toEqual([["cache-control", "private"]]);
    expect(toldOfRefused({ scope: "everyone" }, { fields: [] })).toBeUndefined();
    expect(
      toldOfRefused({ scope: () => "ann" }, { fields: [["cache-control", "no-store"]] }),
    ).toBeUndefined();
  });

  it("is not put on a 416", () => {
    const fields: Fields = [["cache-control", "private"]];
    const reply = { status: 416, fields: [], body: undefined };

    expect(telling(reply, fields)).toBe(reply);
    expect(telling({ ...reply, status: 200 }, fields)).toMatchObject({ unlessSet: fields });
    expect(telling(reply, undefined)).toBe(reply);
  });
});

describe("the age that a response came with", () => {
  it("is its Age in seconds, and 0 where it has none or a wrong one", () => {
    expect(statedAge({ fields: [["age", "7"]] })).toBe(7);
    expect(statedAge({ fields: [["age", "old"]] })).toBe(0);
    expect(statedAge({ fields: [] })).toBe(0);
  });
});
