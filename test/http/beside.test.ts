import { describe, expect, it } from "vitest";
import { besideEarlier } from "../../src/http/beside.ts";

describe("a field that is set beside one of earlier middleware", () => {
  it("is set as it is where there was none", () => {
    expect(besideEarlier("vary", "accept", undefined)).toBe("accept");
    expect(besideEarlier("set-cookie", ["a=1"], undefined)).toEqual(["a=1"]);
  });

  it("replaces the earlier one", () => {
    expect(besideEarlier("x-a", "own", "earlier")).toBe("own");
  });

  it("is merged with it if it is Vary, each member once", () => {
    expect(besideEarlier("vary", "accept, Origin", ["origin", "accept-language"])).toBe(
      "origin, accept-language, accept",
    );
  });

  it("follows its lines if it is Set-Cookie", () => {
    expect(besideEarlier("set-cookie", "own=1", ["a=1", "b=1"])).toEqual(["a=1", "b=1", "own=1"]);
  });

  it("follows its lines if the handler has added to it, and to no other of that name", () => {
    expect(besideEarlier("link", ["</own>"], "</earlier>", true)).toEqual(["</earlier>", "</own>"]);
    expect(besideEarlier("link", ["</own>"], "</earlier>", false)).toEqual(["</own>"]);
  });
});
