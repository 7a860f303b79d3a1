import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isOrigin, normalizeOrigin } from "../../src/http/origin.ts";

describe("an origin", () => {
  it.each([
    ["HTTP://EXAMPLE.com", "http://example.com"],
    ["http://example.com:80", "http://example.com"],
    ["https://example.com:443", "https://example.com"],
    ["http://example.com:", "http://example.com"],
    ["http://[::1]:80", "http://[::1]"],
    ["http://[::80]", "http://[::80]"],
    ["http://example.com:443", "http://example.com:443"],
    ["https://example.com:80", "https://example.com:80"],
    ["http://example.com:8080", "http://example.com:8080"],
    ["http://example.com:80:80", "http://example.com:80:80"],
    ["http://EXÄMPLE.com", "http://exÄmple.com"],
    ["http://", "http://"],
    ["http", "http"],
    ["HTTP://:80", "http://:80"],
    ["ws://example.com:80", "ws://example.com:80"],
  ])("is normalized: %s counts as %s", (written, counts) => {
    expect(normalizeOrigin(written)).toBe(counts);
  });

  it("is left alone where it is normalized already", () => {
    const part = fc.constantFrom("a", "B", ":", "80", "443", "[", "]", "/", "http://", "https://", "Ä");
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const once = normalizeOrigin(parts.join(""));
        // One port is taken off and not two.
        fc.pre(!once.endsWith(":80") && !once.endsWith(":443") && !once.endsWith(":"));
        expect(normalizeOrigin(once)).toBe(once);
      }),
    );
  });
});

describe("a text", () => {
  it.each([
    ["https://example.org"],
    ["HTTP://Example.ORG:8080"],
    ["http://[::1]"],
    ["http://[::1]:80"],
    ["a+b.c-d://h_1"],
  ])("is an origin: %s", (text) => {
    expect(isOrigin(text)).toBe(true);
  });

  it.each([
    [""],
    ["example.org"],
    ["://a"],
    ["1a://a"],
    ["http://"],
    ["http://:80"],
    ["http://a:"],
    ["http://a:123456"],
    ["http://a/"],
    ["http://a b"],
    ["http://a\n"],
    ["http://a@b"],
    ["http://[a"],
    ["http://a]"],
    ["http://[]"],
    ["http://[x]"],
  ])("is none: %j", (text) => {
    expect(isOrigin(text)).toBe(false);
  });
});
