import { createHash, createHmac } from "node:crypto";
import * as fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { isProduction, platformDigest, randomSecret, systemClock } from "../src/platform.ts";

/** Any code points, lone surrogates too. */
const anyText = fc.string({ unit: fc.nat(0x10ffff).map((code) => String.fromCodePoint(code)) });

const secret = new TextEncoder().encode("secret");

/** Without Node's crypto: the default parameter would find it again where undefined is passed. */
function portableDigest(): ReturnType<typeof platformDigest> {
  vi.stubGlobal("process", undefined);
  return platformDigest(secret);
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

describe("the portable digest", () => {
  it("is the same text as that of Node's crypto", () => {
    const node = platformDigest(secret, { createHash, createHmac });
    const portable = portableDigest();
    vi.unstubAllGlobals();

    fc.assert(
      fc.property(fc.array(fc.oneof(anyText, fc.uint8Array()), { maxLength: 3 }), anyText, (chunks, text) => {
        const hashers = [node.hasher(), portable.hasher()];
        hashers.forEach((hasher) => chunks.forEach((chunk) => hasher.update(chunk)));

        const [one, other] = hashers.map((hasher) => hasher.finish());
        expect([one, node.keyed(text)]).toEqual([other, portable.keyed(text)]);
        expect(one).toMatch(/^[A-Za-z0-9_-]{22}$/);
      }),
    );
  });

  it("is used where there is a process that is not Node's", () => {
    vi.stubGlobal("process", { env: {} });

    expect(platformDigest(secret).keyed("a")).toBe(portableDigest().keyed("a"));
  });

  it("depends on the secret", () => {
    expect(platformDigest(secret).keyed("a")).not.toBe(platformDigest(new Uint8Array()).keyed("a"));
  });
});

describe("a random secret", () => {
  it("is 32 bytes, different each time", () => {
    const [one, other] = [randomSecret(), randomSecret()];

    expect([one.byteLength, Buffer.compare(one, other) === 0]).toEqual([32, false]);
  });
});

describe("production", () => {
  it("is recognized by NODE_ENV", () => {
    const said = ["production", "development", ""].map(
      (value) => (vi.stubEnv("NODE_ENV", value), isProduction()),
    );

    expect(said).toEqual([true, false, false]);
  });

  it("is not assumed where there is no environment", () => {
    vi.stubGlobal("process", undefined);

    expect(isProduction()).toBe(false);
  });
});

describe("the time of the machine", () => {
  it("is that of Date", () => {
    vi.useFakeTimers({ now: 1234 });

    expect(systemClock.now()).toBe(1234);
  });

  it("calls back once after the delay, unless it is cancelled", () => {
    vi.useFakeTimers();
    const calls: string[] = [];
    systemClock.schedule(() => calls.push("kept"), 100);
    const cancel = systemClock.schedule(() => calls.push("cancelled"), 100);

    cancel();
    vi.advanceTimersByTime(500);

    expect(calls).toEqual(["kept"]);
  });

  it("keeps no process alive", () => {
    const unref = vi.fn<() => void>();
    vi.stubGlobal("setTimeout", () => ({ unref }));

    systemClock.schedule(() => undefined, 1);

    expect(unref).toHaveBeenCalledOnce();
  });

  it("works where timers are numbers, as in browsers and workers", () => {
    const clear = vi.fn<(timer: unknown) => void>();
    vi.stubGlobal("setTimeout", () => 7);
    vi.stubGlobal("clearTimeout", clear);

    systemClock.schedule(() => undefined, 1)();

    expect(clear).toHaveBeenCalledWith(7);
  });
});

describe("the keyed digest", () => {
  it.each([
    ["Node's", () => platformDigest(secret)],
    ["the portable", portableDigest],
  ])("of %s code differs between texts with lone surrogates, which may be two users", (_which, digest) => {
    const texts = [
      "\uD800",
      "\uD801",
      "\uFFFD",
      "\uDC00",
      "a\uD800",
      "\uD800a",
      "\uD83D\uDE00",
      "\uDE00\uD83D",
    ];

    expect(new Set(texts.map((text) => digest().keyed(text))).size).toBe(texts.length);
  });
});
