import type { createHash, createHmac, hash } from "node:crypto";
import type { Clock, Digest, Hasher } from "./core/contract/platform.ts";
import { asError, isThenable, misreturned, show, summaryOf } from "./core/contract/errors.ts";
import type { CallbackFailure, OnError, Reporter, StoreSwitch } from "./core/contract/outcomes.ts";
import { Sha256, hmacSha256 } from "./sha256.ts";

/** The system clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(callback, delayMs) {
    const timer: unknown = setTimeout(callback, delayMs);
    // Node and Bun return an object, browsers and workers a number.
    if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function")
      timer.unref();
    return () => clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
  },
};

interface NodeCrypto {
  readonly createHash: typeof createHash;
  readonly createHmac: typeof createHmac;
  /** Absent in other runtimes and older versions of Node. */
  readonly hash?: typeof hash;
}

/** Entity tags and hashed principals use the first 128 bits of SHA-256. */
const DIGEST_BYTES = 16;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Returns digests by `node:crypto` if the runtime has it, else by portable code. Both return the same texts. */
export function platformDigest(secret: Uint8Array, crypto: NodeCrypto | undefined = nodeCrypto()): Digest {
  if (crypto === undefined) {
    return {
      of: (bytes) => base64url(new Sha256().update(bytes).digest().subarray(0, DIGEST_BYTES)),
      hasher: () => portableHasher(),
      keyed: (text) => base64url(hmacSha256(secret, utf8Of(digestible(text))).subarray(0, DIGEST_BYTES)),
    };
  }
  return {
    of: (bytes) => base64url(nodeDigest(crypto, bytes).subarray(0, DIGEST_BYTES)),
    hasher: () => nodeHasher(crypto),
    keyed: (text) =>
      base64url(
        crypto.createHmac("sha256", secret).update(digestible(text)).digest().subarray(0, DIGEST_BYTES),
      ),
  };
}

/**
 * Returns what to digest for a text. UTF-8 would turn every lone surrogate into the same character, so that two users could
 * share a digest. Such a text becomes its code units, after a byte that never occurs in UTF-8.
 */
function digestible(text: string): string | Uint8Array {
  if (!LONE_SURROGATE.test(text)) return text;
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  return Uint8Array.from([0xff, ...units.flatMap((unit) => [unit >> 8, unit & 0xff])]);
}

function utf8Of(chunk: string | Uint8Array): Uint8Array {
  return typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
}

/** Returns 32 random bytes for a secret of this process. */
export function randomSecret(): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(32));
}

/** Returns a function whose every result is unique, also among processes. */
export function uniqueTexts(): () => string {
  let prefix: string | undefined;
  let made = 0;
  return () => {
    prefix ??= base64url(randomSecret().subarray(0, 9));
    return `~${prefix}.${++made}`;
  };
}

/** Returns whether `NODE_ENV` is `production`. */
export function isProduction(): boolean {
  return typeof process !== "undefined" && process.env["NODE_ENV"] === "production";
}

function nodeCrypto(): NodeCrypto | undefined {
  // The package has to load in runtimes without `node:crypto`, so there is no import of it.
  return typeof process === "undefined" ? undefined : process.getBuiltinModule?.("node:crypto");
}

/** Uses `crypto.hash` if present: a hash object per response would hold memory until the next garbage collection. */
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
  const hash = new Sha256();
  return {
    update: (chunk) => void hash.update(utf8Of(chunk)),
    finish: () => base64url(hash.digest().subarray(0, DIGEST_BYTES)),
  };
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** Wraps a listener so that its errors and rejections go to the console, at most once in ten seconds. */
export function guarded<Arguments extends readonly unknown[]>(
  listener: (...args: Arguments) => unknown,
): (...args: Arguments) => void {
  let nextAt = -Infinity;
  const warn = (error: unknown): void => {
    if (systemClock.now() < nextAt) return;
    nextAt = systemClock.now() + WARNING_EVERY_MS;
    printError(error);
  };
  return (...args) => {
    try {
      const result = listener(...args);
      if (isThenable(result)) Promise.resolve(result).catch(warn);
    } catch (error) {
      warn(error);
    }
  };
}

function printError(error: unknown): void {
  const what = "caching-route: a listener failed:";
  try {
    console.error(what, error);
  } catch {
    // The console throws if a getter of the error throws.
    console.error(what, show(error));
  }
}

/** The default reporter: prints reports on the console. */
export const consoleReporter: Reporter = (report) => console.warn(`caching-route: ${report.message}`);

const WARNING_EVERY_MS = 10_000;

/**
 * Returns the default `onError`: one console warning in ten seconds, because a store that is down fails every call. That it is
 * down, and that it works again, have lines of their own.
 */
export function throttledWarning(clock: Clock): OnError {
  const failures = throttle(clock);
  const switches = throttle(clock);
  const suspended = new Set<string>();
  let count = 0;
  return (error, failure) => {
    if (isSwitch(failure)) {
      const name = `${failure.calls} of ${failure.store}`;
      const isPrinted =
        failure.operation === "suspend"
          ? switches() && suspended.add(name).has(name)
          : suspended.delete(name);
      if (isPrinted) console.warn(`caching-route: ${summaryOf(error)}`);
      return;
    }
    count++;
    if (!failures()) return;
    console.warn(`caching-route: ${whatFailed(failure)} (${count} so far since the last such line):`, error);
    count = 0;
  };
}

function isSwitch(failure: Parameters<OnError>[1]): failure is StoreSwitch {
  return failure.operation === "suspend" || failure.operation === "resume";
}

/** Returns a function that returns true at most once in ten seconds. */
function throttle(clock: Clock): () => boolean {
  let nextAt = -Infinity;
  return () => {
    const now = clock.now();
    if (now < nextAt) return false;
    nextAt = now + WARNING_EVERY_MS;
    return true;
  };
}

function whatFailed(failure: Exclude<Parameters<OnError>[1], StoreSwitch>): string {
  switch (failure.operation) {
    case "refresh":
      return `a refresh of ${failure.route} failed`;
    case "callback":
      return `the function given as ${failure.option} failed`;
    case "invalidate":
      return `${failure.route} could not name what it invalidates`;
    default:
      return `the store ${failure.store} failed to ${STORE_CALLS[failure.operation] ?? failure.operation}`;
  }
}

/** The calls of a store whose names are no verbs. */
const STORE_CALLS: Readonly<Record<string, string>> = {
  stats: "return its stats",
  marks: "exchange with others what was invalidated",
};

/** Receives failures of the application's `clock` and `random`. */
type OnFailure = (error: unknown, failure: CallbackFailure) => void;

/** A clock that never goes back, and its lead over the clock that it wraps. */
export interface ForwardClock {
  readonly clock: Clock;
  /** Returns the lead in ms: 0 until the wrapped clock is set back. */
  aheadMs(): number;
}

/**
 * Returns a clock that continues from its last instant when `clock` is set back. Without this, everything that ends at an
 * instant would last longer. The time between the last reading and the first one after the change is lost.
 */
export function forwardClock(clock: Clock): ForwardClock {
  let last = -Infinity;
  let aheadMs = 0;
  return {
    clock: {
      now() {
        const now = clock.now();
        if (now < last) aheadMs += last - now;
        if (Number.isFinite(now)) last = now;
        return aheadMs === 0 ? now : now + aheadMs;
      },
      schedule: (callback, delayMs) => clock.schedule(callback, delayMs),
    },
    aheadMs: () => aheadMs,
  };
}

/**
 * Returns the application's clock, backed by the system clock for each call that throws or returns a wrong value. A clock
 * that fails neither holds a request nor ends the process (hazard 48).
 *
 * Calls each callback at most once, never before `schedule` has returned and never after it was cancelled.
 */
export function steadyClock(clock: Clock, onFailure: OnFailure): Clock {
  const failed = (option: string, error: unknown): void =>
    onFailure(error, { operation: "callback", option });
  return {
    now() {
      try {
        const now: unknown = clock.now();
        if (typeof now === "number" && Number.isFinite(now)) return now;
        failed("clock.now", wrongReturn("clock.now", "an instant in epoch milliseconds", now));
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
        // The callback may use the function that `schedule` returns.
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
    failed("clock.schedule", wrongReturn("clock.schedule", "a function that cancels", cancel));
  } catch (thrown) {
    failed("clock.schedule", asError(thrown));
  }
  return systemClock.schedule(fire, delayMs);
}

/** Returns the application's `random`, backed by `Math.random` for each call that throws or returns a wrong value. */
export function steadyRandom(random: () => number, onFailure: OnFailure): () => number {
  const failed = (error: unknown): void => onFailure(error, { operation: "callback", option: "random" });
  return () => {
    try {
      const value: unknown = random();
      if (typeof value === "number" && value >= 0 && value < 1) return value;
      failed(wrongReturn("random", "a number from 0 up to 1", value));
    } catch (thrown) {
      failed(asError(thrown));
    }
    return Math.random();
  };
}

function wrongReturn(option: string, what: string, value: unknown): Error {
  return misreturned("ERR_CACHE_CALLBACK", { route: "createCache", option, what }, value);
}
