import { describe, expect, it } from "vitest";
import { areWorthParts, multipartRanges } from "../../src/http/multipart.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array): string => new TextDecoder().decode(body);

describe("several ranges", () => {
  it("are parts of one message, each with its type and its place (RFC 9110 §14.6)", () => {
    const ranges = [
      { first: 0, last: 1 },
      { first: 5, last: 6 },
    ];

    const { contentType, body } = multipartRanges(bytes("0123456789"), ranges, "text/plain");

    expect(contentType).toBe("multipart/byteranges; boundary=byteranges-0");
    expect(text(body).split("\r\n")).toEqual([
      "--byteranges-0",
      "Content-Type: text/plain",
      "Content-Range: bytes 0-1/10",
      "",
      "01",
      "--byteranges-0",
      "Content-Type: text/plain",
      "Content-Range: bytes 5-6/10",
      "",
      "56",
      "--byteranges-0--",
      "",
    ]);
  });

  it("have no type where the whole has none", () => {
    const { body } = multipartRanges(bytes("0123456789"), [{ first: 0, last: 1 }], undefined);

    expect(text(body)).not.toContain("Content-Type");
  });

  it("are separated by a boundary that the content does not contain", () => {
    const { contentType } = multipartRanges(
      bytes("--byteranges-0 and byteranges-1"),
      [{ first: 0, last: 1 }],
      undefined,
    );

    expect(contentType).toBe("multipart/byteranges; boundary=byteranges-2");
  });

  const range = (first: number, last: number) => ({ first, last });

  it.each([
    ["two that are apart", [range(0, 1), range(3, 4)], true],
    ["two that touch", [range(0, 1), range(2, 4)], true],
    ["one alone", [range(0, 1)], false],
    ["two that overlap", [range(0, 3), range(3, 4)], false],
    ["two out of order", [range(3, 4), range(0, 1)], false],
    ["seventeen", Array.from({ length: 17 }, (_, at) => range(at * 2, at * 2)), false],
  ])("are sent as parts only where that is worth it: %s", (_name, ranges, isWorth) => {
    expect(areWorthParts(ranges)).toBe(isWorth);
  });
});
