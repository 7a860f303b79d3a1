import { describe, expect, it } from "vitest";
import { BodyCapture } from "../../../src/core/storing/body-capture.ts";
import { platformDigest } from "../../../src/platform.ts";
import { testClock } from "../../../src/testing/clock.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("captured content", () => {
  it("is the parts in order, and its digest is that of the whole", () => {
    const digest = platformDigest(new Uint8Array());
    const whole = digest.hasher();
    whole.update("one two");
    const capture = new BodyCapture(100, digest, testClock());
    capture.write("one ");
    capture.write(bytes("two"));

    expect(capture.end("7")).toEqual({ body: bytes("one two"), digest: whole.finish() });
  });

  it("has no digest where its handler set a tag", () => {
    const capture = new BodyCapture(100, undefined, testClock());

    expect(capture.end(undefined)).toEqual({ body: new Uint8Array(), digest: undefined });
  });

  it("may be exactly as large as the limit", () => {
    const capture = new BodyCapture(3, undefined, testClock());

    expect([capture.write("abc"), capture.write("d"), capture.write(""), capture.end(undefined)]).toEqual([
      undefined,
      "too-large",
      "too-large",
      "too-large",
    ]);
  });

  it.each([["2"], ["4"], ["03"], ["3, 3"], ["x"], [""]])(
    "is truncated where Content-Length says %j of three bytes",
    (length) => {
      const capture = new BodyCapture(10, undefined, testClock());
      capture.write("abc");

      expect(capture.end(length)).toBe("truncated");
    },
  );

  it("keeps the first reason of several", () => {
    const capture = new BodyCapture(10, undefined, testClock());

    expect([capture.refuse("aborted"), capture.refuse("failed"), capture.end(undefined)]).toEqual([
      "aborted",
      "aborted",
      "aborted",
    ]);
  });

  it("is a copy of a view into a larger buffer, and not the buffer", () => {
    const pool = bytes("xxabcxx");
    const capture = new BodyCapture(10, undefined, testClock());
    capture.write(pool.subarray(2, 5));
    pool.fill(0);

    const end = capture.end(undefined) as { body: Uint8Array };

    expect([new TextDecoder().decode(end.body), end.body.buffer.byteLength]).toEqual(["abc", 3]);
  });

  it("is truncated where it is too large to keep and not as long as Content-Length says", () => {
    // given
    const capture = new BodyCapture(3, undefined, testClock());
    void capture.broadcast.read(() => undefined);

    // when
    capture.write("abcdef");

    // then
    expect(capture.end("7")).toBe("truncated");
  });
});
