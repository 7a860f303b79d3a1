import type { createHash, createHmac, hash } from "node:crypto";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Clock } from "./core/contract/platform.ts";
import type { Digest, Hasher } from "./core/contract/platform.ts";
import { asError, isThenable, misreturned, show } from "./core/contract/errors.ts";
import type { CallbackFailure, OnError, Reporter } from "./core/contract/outcomes.ts";

/** The time of the machine. Its timers keep no process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(callback, delayMs) {
    const timer: unknown = setTimeout(callback, delayMs);
    // Node and Bun answer an object, browsers and workers a number.
    if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function")
      timer.unref();
    return () => clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
  },
};

interface NodeCrypto {
  readonly createHash: typeof createHash;
  readonly createHmac: typeof createHmac;
  /** Absent where Node's interface is another runtime's, or an older one. */
  readonly hash?: typeof hash;
}

/** What an entity tag and a hashed principal keep of SHA-256: 128 bits. */
const DIGEST_BYTES = 16;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Digests by the platform's own code where it is Node, Bun, Deno or the like, else by portable code: the same texts. */
export function platformDigest(secret: Uint8Array, crypto: NodeCrypto | undefined = nodeCrypto()): Digest {
  if (crypto === undefined) {
    return {
      of: (bytes) => base64url(sha256(bytes).subarray(0, DIGEST_BYTES)),
      hasher: () => portableHasher(),
      keyed: (text) => base64url(hmac(sha256, secret, bytesOf(unfolded(text))).subarray(0, DIGEST_BYTES)),
    };
  }
  return {
    of: (bytes) => base64url(nodeDigest(crypto, bytes).subarray(0, DIGEST_BYTES)),
    hasher: () => nodeHasher(crypto),
    keyed: (text) =>
      base64url(
        crypto.createHmac("sha256", secret).update(unfolded(text)).digest().subarray(0, DIGEST_BYTES),
      ),
  };
}

/**
 * What stands for a text in a digest: itself, as UTF-8, unless it has lone surrogates. Those would all become one
 * character there, and two users one: then it is the code units, behind a byte that no UTF-8 has.
 */
function unfolded(text: string): string | Uint8Array {
  if (!LONE_SURROGATE.test(text)) return text;
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  return Uint8Array.from([0xff, ...units.flatMap((unit) => [unit >> 8, unit & 0xff])]);
}

/** A text as UTF-8; bytes as they are. */
function bytesOf(chunk: string | Uint8Array): Uint8Array {
  return typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
}

/** Random bytes for a secret that need not outlive the process. */
export function randomSecret(): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(32));
}

/** Makes texts that nobody has made before, in this process or in another. */
export function uniqueTexts(): () => string {
  let prefix: string | undefined;
  let made = 0;
  return () => {
    prefix ??= base64url(randomSecret().subarray(0, 9));
    return `~${prefix}.${++made}`;
  };
}

/** Whether this is a production process, in which nothing is told that nobody asked for. */
export function isProduction(): boolean {
  return typeof process !== "undefined" && process.env["NODE_ENV"] === "production";
}

function nodeCrypto(): NodeCrypto | undefined {
  // An import of `node:crypto` would keep the package from loading where there is none.
  return typeof process === "undefined" ? undefined : process.getBuiltinModule?.("node:crypto");
}

/** In one call where there is one: an object per response would hold memory that only a collection gives back. */
function nodeDigest(crypto: NodeCrypto, bytes: Uint8Array): Uint8Array {
  return crypto.hash?.("sha256", bytes, "buffer") ?? crypto.createHash("sha256").update(bytes).digest();
}

function nodeHasher(crypto: NodeCrypto): Hasher {
  const hash = crypto.createHash("sha256");
  return {
    update: (chunk) => void hash.update(chunk),
    finish: () => base64url(hash.digest().subarray(0, DIGEST_BYTES)),
  };
}

function portableHasher(): Hasher {
  const hash = sha256.create();
  return {
    update: (chunk) => void hash.update(bytesOf(chunk)),
    finish: () => base64url(hash.digest().subarray(0, DIGEST_BYTES)),
  };
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/**
 * Makes a listener fail no request: what it throws, or rejects with, goes to the console, at most once in ten seconds.
 */
export function guarded<Told extends readonly unknown[]>(
  listener: (...told: Told) => unknown,
): (...told: Told) => void {
  let nextAt = -Infinity;
  const complain = (error: unknown): void => {
    if (systemClock.now() < nextAt) return;
    nextAt = systemClock.now() + WARNING_EVERY_MS;
    tellConsole(error);
  };
  return (...told) => {
    try {
      const answer = listener(...told);
      if (isThenable(answer)) Promise.resolve(answer).catch(complain);
    } catch (error) {
      complain(error);
    }
  };
}

function tellConsole(error: unknown): void {
  const what = "caching-route: a listener failed:";
  try {
    console.error(what, error);
  } catch {
    // An error whose own getters throw cannot be printed.
    console.error(what, show(error));
  }
}

/** Tells a refusal on the console. */
export const consoleReporter: Reporter = (report) => console.warn(`caching-route: ${report.message}`);

const WARNING_EVERY_MS = 10_000;

/** Warns of failures on the console, at most once in ten seconds: a store that is down fails every call. */
export function throttledWarning(clock: Clock): OnError {
  let nextAt = -Infinity;
  let silent = 0;
  return (error, failure) => {
    silent++;
    if (clock.now() < nextAt) return;
    nextAt = clock.now() + WARNING_EVERY_MS;
    const what =
      failure.operation === "refresh"
        ? `a refresh of ${failure.route} failed`
        : failure.operation === "callback"
          ? `the function given as ${failure.option} failed`
          : `the store ${failure.store} failed to ${failure.operation}`;
    console.warn(`caching-route: ${what} (${silent} so far since the last such line):`, error);
    silent = 0;
  };
}

/** Is told what an application's clock, or its source of chance, did wrong. */
type OnFailure = (error: unknown, failure: CallbackFailure) => void;

/** A clock that never goes back, and how far it is ahead of the one that it is made from. */
export interface ForwardClock {
  readonly clock: Clock;
  /** In ms; 0 until that one is set back. */
  aheadMs(): number;
}

/**
 * Makes a clock that goes on from where it was when the given one is set back: otherwise whatever lasts until an instant
 * would last that much longer. What passes between the last look at that clock and the first after it was set back is
 * lost: nothing tells it.
 */
export function forwardClock(clock: Clock): ForwardClock {
  let last = -Infinity;
  let aheadMs = 0;
  return {
    clock: {
      now() {
        const now = clock.now();
        if (now < last) aheadMs += last - now;
        // What is no number is not remembered: whoever asks looks at it.
        if (Number.isFinite(now)) last = now;
        return aheadMs === 0 ? now : now + aheadMs;
      },
      schedule: (callback, delayMs) => clock.schedule(callback, delayMs),
    },
    aheadMs: () => aheadMs,
  };
}

/**
 * The application's clock, with the machine's in its place wherever it throws or does not tell an instant: no request
 * hangs, and no process ends, of a clock that fails (hazard 48).
 *
 * A callback is called once at most, never before `schedule` has returned, and not after it was cancelled.
 */
export function steadyClock(clock: Clock, onFailure: OnFailure): Clock {
  const failed = (option: string, error: unknown): void =>
    onFailure(error, { operation: "callback", option });
  return {
    now() {
      try {
        const now: unknown = clock.now();
        if (typeof now === "number" && Number.isFinite(now)) return now;
        failed("clock.now", wrong("clock.now", "an instant in epoch milliseconds", now));
      } catch (thrown) {
        failed("clock.now", asError(thrown));
      }
      return systemClock.now();
    },
    schedule(callback, delayMs) {
      let isOver = false;
      let isSet = false;
      const fire = (): void => {
        if (isOver) return;
        // Whoever is called expects to have been given the means to cancel.
        if (!isSet) return queueMicrotask(fire);
        isOver = true;
        callback();
      };
      const cancel = scheduled(clock, fire, delayMs, failed);
      isSet = true;
      return () => {
        isOver = true;
        try {
          cancel();
        } catch (thrown) {
          failed("clock.schedule", asError(thrown));
        }
      };
    },
  };
}

function scheduled(
  clock: Clock,
  fire: () => void,
  delayMs: number,
  failed: (option: string, error: unknown) => void,
): () => void {
  try {
    const cancel: unknown = clock.schedule(fire, delayMs);
    if (typeof cancel === "function") return cancel as () => void;
    failed("clock.schedule", wrong("clock.schedule", "a function that cancels", cancel));
  } catch (thrown) {
    failed("clock.schedule", asError(thrown));
  }
  return systemClock.schedule(fire, delayMs);
}

/** The application's source of chance, with the machine's in its place wherever it throws or tells no number below 1. */
export function steadyRandom(random: () => number, onFailure: OnFailure): () => number {
  const failed = (error: unknown): void => onFailure(error, { operation: "callback", option: "random" });
  return () => {
    try {
      const chance: unknown = random();
      if (typeof chance === "number" && chance >= 0 && chance < 1) return chance;
      failed(wrong("random", "a number from 0 up to 1", chance));
    } catch (thrown) {
      failed(asError(thrown));
    }
    return Math.random();
  };
}

function wrong(option: string, what: string, value: unknown): Error {
  return misreturned("ERR_CACHE_CALLBACK", { route: "createCache", option, what }, value);
}
