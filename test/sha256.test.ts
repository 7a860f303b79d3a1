import { createHash, createHmac } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Sha256, hmacSha256 } from "../src/sha256.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Around the ends of one block, of two, and of the padding. */
const lengths = [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000];

describe("the portable SHA-256", () => {
  it("returns the digest of the example of FIPS 180", () => {
    const digest = new Sha256().update(new TextEncoder().encode("abc")).digest();

    expect(hex(digest)).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  it.each(lengths)("returns the digest that Node returns for %d bytes", (length) => {
    const bytes = Uint8Array.from({ length }, (_, at) => at * 7);

    expect(hex(new Sha256().update(bytes).digest())).toBe(createHash("sha256").update(bytes).digest("hex"));
  });

  it("does not depend on how the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 150 }), { maxLength: 5 }), (chunks) => {
        const inParts = chunks.reduce((hash, chunk) => hash.update(chunk), new Sha256());

        expect(hex(inParts.digest())).toBe(createHash("sha256").update(Buffer.concat(chunks)).digest("hex"));
      }),
    );
  });
});

describe("the portable HMAC", () => {
  it.each(lengths)("returns what Node returns for a key of %d bytes", (length) => {
    const key = Uint8Array.from({ length }, (_, at) => at * 5);
    const text = new TextEncoder().encode("what is signed");

    expect(hex(hmacSha256(key, text))).toBe(createHmac("sha256", key).update(text).digest("hex"));
  });
});
