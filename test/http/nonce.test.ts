import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NonceFinder, noncesOf } from "../../src/http/nonce.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("the nonces of policies", () => {
  it.each([
    ["script-src 'self' 'nonce-abc='", ["abc="]],
    ["script-src 'nonce-a'; style-src 'nonce-b'", ["a", "b"]],
    ["script-src 'NONCE-a'", ["a"]],
    ["script-src 'nonce-a', default-src 'nonce-b'", ["a", "b"]],
    ["script-src 'nonce-a' 'strict-dynamic' 'unsafe-inline'", ["a"]],
    ["script-src 'nonce-{{nonce}}'", ["{{nonce}}"]],
    ["script-src 'nonce-'", []],
    ["script-src nonce-a", []],
    ["script-src 'nonce-a", []],
    ["script-src 'sha256-abc='", []],
    ["", []],
  ])("are found in %j", (policy, nonces) => {
    expect(noncesOf([undefined, policy])).toEqual(nonces);
  });
});

describe("a nonce finder", () => {
  it("finds exactly the nonces in the content, wherever its parts end", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 40 });
    const nonce = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 5 });

    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), nonce, (parts, wanted) => {
        const finder = new NonceFinder([wanted]);

        expect(parts.some((part) => finder.finds(bytes(part)))).toBe(parts.join("").includes(wanted));
      }),
    );
  });

  it("finds each of several nonces", () => {
    const finds = (text: string): boolean => new NonceFinder(["one", "two"]).finds(bytes(text));

    expect([finds("a one"), finds("a two"), finds("a three")]).toEqual([true, true, false]);
  });

  it.each([
    ["r4nd0mTe+t=="],
    ["r4nd0mTe&#x2B;t&#x3D;&#x3D;"],
    ["r4nd0mTe\\u002bt\\u003d\\u003d"],
    ["r4nd0mTe%2Bt%3D%3D"],
  ])("finds a nonce that a template has escaped: %s", (escaped) => {
    expect(new NonceFinder(["r4nd0mTe+t=="]).finds(bytes(`<script nonce="${escaped}">`))).toBe(true);
  });
});
