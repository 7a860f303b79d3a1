import type { PlantedBug } from "./planted-bug.ts";

/** Defences of several processes on one store, which only `--cluster` can miss. */
export const PLANTED: readonly PlantedBug[] = [
  {
    name: "poll-trusted-for-long",
    file: "core/invalidation/mark-log.js",
    find: "const TRUSTED_MS = 50;",
    replace: "const TRUSTED_MS = 500;",
  },
  {
    name: "lookups-wait-for-no-poll",
    file: "core/invalidation/mark-log.js",
    find: "if (this.#isTrusted(sent) || ",
    replace: 'if (this.#state === "current" || ',
  },
  {
    name: "bound-by-clock-alone",
    file: "core/invalidation/mark-log.js",
    find: "!this.#isExpired && ",
    replace: "",
  },
  {
    name: "blind-for-ever",
    file: "core/invalidation/mark-log.js",
    find: "this.#clock.now() - this.#good.at < blindMs",
    replace: "true",
  },
  {
    name: "first-page-taken-for-all",
    file: "core/invalidation/log-reader.js",
    find: "page.length < this.#calls.fullPage || ",
    replace: "true || ",
  },
  {
    name: "loss-unnoticed",
    file: "core/invalidation/log-reader.js",
    find: "if (missing.length === 0)\n",
    replace: "if (true)\n",
  },
  {
    name: "own-marks-not-expected",
    file: "core/invalidation/log-reader.js",
    find: "this.#seen.added(names, above, last);",
    replace: "",
  },
  {
    name: "own-marks-expected-for-ever",
    file: "core/invalidation/seen-marks.js",
    find: "!all.has(mark)",
    replace: "true",
  },
  {
    name: "old-mark-by-key-taken-for-lost",
    file: "core/invalidation/log-reader.js",
    find: "!isKeyName(name) || at >= keys",
    replace: "true",
  },
  {
    name: "loss-kept-to-oneself",
    file: "core/invalidation/log-reader.js",
    find: "void this.#markAll();",
    replace: "this.#ledger.apply({ name: EVERYTHING, position: known + 1 });",
  },
  {
    name: "pending-names-not-counted",
    file: "core/invalidation/ledger.js",
    find: "if (this.#pending.size > 0 && this.#pendingOf(",
    replace: "if (false && this.#pendingOf(",
  },
  {
    name: "failed-marks-forgotten",
    file: "core/invalidation/mark-sender.js",
    find: "this.#keep(all);",
    replace: "this.#ledger.settle(all);",
  },
  {
    name: "failed-marks-not-sent-again",
    file: "core/invalidation/mark-log.js",
    find: "await this.#sender.resend();",
    replace: "",
  },
  {
    name: "everywhere-in-any-case",
    file: "invalidate.js",
    find: "return { everywhere: (await this.#parts.marker.mark(names)) !== undefined };",
    replace: "await this.#parts.marker.mark(names);\n        return { everywhere: true };",
  },
  {
    name: "began-by-the-clock",
    file: "core/fill/run.js",
    find: "const began = parts.ledger.position;",
    replace: "const began = parts.clock.now() * 1000;",
  },
  {
    name: "soft-marks-of-others-ignored",
    file: "core/invalidation/ledger.js",
    find: "this.#soft.add([hardName(name)], position, at);",
    replace: "void at;",
  },
  {
    name: "forgotten-tags-ignored",
    file: "core/invalidation/ledger.js",
    find: "this.#tagged = Math.max(this.#tagged, position);\n",
    replace: "void position;\n",
  },
  {
    name: "removal-without-its-position",
    file: "core/invalidation/mark-sender.js",
    find: "const removed = await this.#calls.delete(resource, position);",
    replace: "const removed = await this.#calls.delete(resource, 0);",
  },
  {
    name: "guards-may-read-before",
    file: "core/fill/write.js",
    find: "const began = parts.ledger.at(arrivedAt);",
    replace: "const began = entry.began;",
  },
  {
    name: "marks-before-the-handler-ignored",
    file: "core/fill/write.js",
    find: 'isDead || ledger.hasChanged(entry, ledger.at(arrivedAt), began) ? "purged" : undefined',
    replace: 'isDead ? "purged" : undefined',
  },
  {
    name: "slow-poll-taken-for-prompt",
    file: "core/invalidation/log-reader.js",
    find: "isPromptFrom(read.at, now)",
    replace: "true",
  },
  {
    name: "guards-of-leaders-ignored",
    file: "core/exchange/collapsed.js",
    find: "arrivedAt > leaderArrivedAt &&",
    replace: "false &&",
  },
];
