import type { CacheError } from "../contract/errors.ts";
import type { Clock, Patience } from "../contract/platform.ts";
import type { MaybePromise } from "../contract/store.ts";
import type { Ledger, Marker } from "./ledger.ts";
import { KEYS_KEPT_MS, LogReader } from "./log-reader.ts";
import type { ReadCalls, SentRead } from "./log-reader.ts";
import { MarkSender } from "./mark-sender.ts";
import type { Removal, WriteCalls } from "./mark-sender.ts";
import { EVERYTHING } from "./names.ts";
import type { Name } from "./names.ts";

/**
 * What a process knows of the log. `unread`: nothing yet. `current`: the last poll succeeded. `blind`: it failed, so
 * nothing is known of what other processes invalidate since.
 */
export type LogState = "unread" | "current" | "blind";

/** The state of a log, for `cache.stats()`. */
export interface LogStats {
  readonly state: LogState;
  /** How many names are marked, as far as is known here. */
  readonly marks: number;
  /** How many polls were sent. */
  readonly polls: number;
  /** How many names were invalidated here and are not in the log yet. They count here, and are sent again. */
  readonly pending: number;
}

/** At most one poll is sent in this time. */
const POLL_EVERY_MS = 25;
/** For how long a poll is trusted, from when it was sent. */
const TRUSTED_MS = 50;
const PROBE_EVERY_MS = 500;
/** For how long a run is shared of which nobody knows whether it is outdated. */
const SHARED_MS = 5000;
/** So many probes are sent while nobody asks. */
const IDLE_PROBES = 60;

/**
 * Follows the log of invalidations that the processes on a store share, and adds to it. The ledger has its positions.
 *
 * The log is pulled: what is sent of itself cannot tell silence from a broken connection. A lookup reads the store by
 * `look(read)`, and what it has then is judged by a current table. If `mayServe(blindMs)` is false, nothing that the store has
 * may be served.
 *
 * An idle process sends nothing. While polls fail that were asked for in the last half minute, names are pending, or a loss is to
 * be told, it probes twice a second.
 */
export class MarkLog implements Marker {
  readonly ledger: Ledger;
  readonly #clock: Clock;
  readonly #reader: LogReader;
  readonly #sender: MarkSender;
  #state: LogState = "unread";
  #polls = 0;
  /** When the last poll was begun. */
  #pollAt = -Infinity;
  #underWay: Promise<void> | undefined;
  /** The last read of the last poll that succeeded. */
  #good: SentRead = { number: 0, at: -Infinity };
  /** Whether that was too long ago, by a timer: a clock that is set back loses the time between two readings. */
  #isExpired = true;
  #cancelExpiry = (): void => undefined;
  #failingSince: number | undefined;
  /** Whether probes are sent from time to time. */
  #isProbing = false;
  #cancelProbe = (): void => undefined;
  /** How many probes were sent since the last lookup. */
  #idleProbes = 0;
  #isClosed = false;

  /** `onError` receives a loss of the log. */
  constructor(
    ledger: Ledger,
    calls: ReadCalls & WriteCalls,
    clock: Clock,
    onError: (error: CacheError) => void,
  ) {
    this.ledger = ledger;
    this.#clock = clock;
    this.#reader = new LogReader(ledger, calls, clock, () => this.mark([EVERYTHING]), onError);
    this.#sender = new MarkSender(ledger, calls, clock, {
      adding: () => this.#reader.adding(),
      added: (names, above, last) => this.#reader.added(names, above, last),
      failed: () => this.#beginProbes(),
      isBlind: () => this.isBlind,
    });
  }

  /**
   * Reads the store. Sends a poll in the same tick if the table is older than 25 ms, and returns what was read once the table
   * is current: the last poll was sent 50 ms ago at most, or after this call, or it failed. Of polls that were sent after this
   * call, it waits for one at most, and for no longer than `patience` says, of which the wait is taken: a log may be so long, or
   * grow so fast, that it is not read by then. Then the result is undefined. While probes are sent, it waits for none.
   */
  look<T>(read: () => MaybePromise<T>, patience?: Patience): MaybePromise<T | undefined> {
    const { sent } = this.#reader;
    this.#check();
    const found = read();
    return found instanceof Promise
      ? found.then((value) => this.#currently(sent, value, patience))
      : this.#currently(sent, found, patience);
  }

  /** Returns the arrival of a request that arrives now, for `Ledger.at`. */
  arrive(): number {
    this.#check();
    return this.#reader.sent;
  }

  /**
   * Returns the last position of what was invalidated before this call. Reads the log first, if what is known of it is old: a
   * process that was idle knows nothing of what others have invalidated. It waits for `mostMs` at most: what is invalidated
   * later may count as later than this call, too.
   */
  async position(mostMs: number): Promise<number> {
    const { position } = this.ledger;
    const { begun } = this.#sender;
    await this.look(() => undefined, { leftMs: mostMs });
    // What is invalidated here meanwhile comes after this call.
    return this.#sender.begun === begun ? this.ledger.position : position;
  }

  /** Whether the last poll failed. */
  get isBlind(): boolean {
    return this.#state === "blind";
  }

  /** Returns whether what the store has may be served: not after `blindMs` without a poll that succeeded. */
  mayServe(blindMs: number): boolean {
    if (this.#state === "current") return true;
    return this.#state === "blind" && this.#clock.now() - this.#good.at < blindMs;
  }

  /**
   * Returns whether a run that began at an instant may be shared with who arrives now. While polls fail, or take long, others may
   * have invalidated since what it has read, or since the last poll. It may be shared for a while: else all requests would come
   * to the handlers while the store is away.
   */
  mayShare(startedAt: number): boolean {
    if (this.#state === "current" && !this.#isExpired) return true;
    return this.#clock.now() - Math.max(startedAt, this.#good.at) < SHARED_MS;
  }

  /** Returns whether polls have failed for so long that nothing may be served. */
  isBlindFor(blindMs: number): boolean {
    return this.isBlind && !this.mayServe(blindMs);
  }

  stats(): LogStats {
    return {
      state: this.#state,
      marks: this.ledger.size,
      polls: this.#polls,
      pending: this.ledger.pending,
    };
  }

  /**
   * Marks names. They count in this process at once. If the call fails, they are pending, and are sent again until the log has
   * them.
   */
  mark(names: readonly Name[]): Promise<number | undefined> {
    return this.#sender.mark(names);
  }

  /**
   * Removes resources, and marks other names in the same call. A removal that fails is repeated. Resolves after `mostMs` at the
   * latest, or when the mark has failed.
   */
  remove(resources: readonly string[], names: readonly Name[], mostMs: number): Promise<Removal> {
    return this.#sender.remove(resources, names, mostMs);
  }

  /** Lookups begin to fail. Probes until they may succeed again, as long as there are any. */
  probe(): void {
    this.#beginProbes();
  }

  /** Sends what is pending once more, and stops all timers. Resolves after `mostMs` at the latest. Never rejects. */
  async close(mostMs: number): Promise<void> {
    this.#isClosed = true;
    this.#isProbing = false;
    this.#cancelProbe();
    this.#cancelExpiry();
    this.#isExpired = true;
    await this.#sender.flush(mostMs);
  }

  #check(): void {
    this.#idleProbes = 0;
    const age = this.#clock.now() - this.#pollAt;
    // A clock that was set back does not tell how long that was.
    const isOld = age >= POLL_EVERY_MS || age < 0 || this.#isExpired;
    const isDue = this.#state === "blind" ? !this.#isProbing : isOld;
    if (isDue && this.#underWay === undefined) void this.#poll();
  }

  /** Returns a value once the table is current for a lookup: `sent` is the last read that was sent when it began. */
  #currently<T>(
    sent: number,
    value: T,
    patience: Patience = { leftMs: Infinity },
  ): MaybePromise<T | undefined> {
    if (this.#isTrusted(sent) || (this.#state === "blind" && this.#isProbing)) return value;
    return patience.leftMs > 0 ? this.#within(this.#catchUp(sent), value, patience) : undefined;
  }

  /** Returns a value once the table is current. Undefined: it was not in time. Then the value is not kept until it is. */
  #within<T>(caughtUp: Promise<void>, value: T, patience: Patience): Promise<T | undefined> {
    const { leftMs } = patience;
    const from = this.#clock.now();
    let kept: T | undefined = value;
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        patience.leftMs = leftMs - Math.max(0, this.#clock.now() - from);
        resolve(kept);
        kept = undefined;
      };
      const late = (): void => {
        kept = undefined;
        end();
      };
      const cancel = leftMs === Infinity ? () => undefined : this.#clock.schedule(late, leftMs);
      void caughtUp.then(end);
    });
  }

  #isTrusted(sent: number): boolean {
    if (this.#good.number > sent) return true;
    return !this.#isExpired && this.#clock.now() - this.#good.at <= TRUSTED_MS;
  }

  async #catchUp(sent: number): Promise<void> {
    do await (this.#underWay ?? this.#poll());
    while (this.#state !== "blind" && !this.#isTrusted(sent));
  }

  #poll(): Promise<void> {
    this.#polls++;
    this.#pollAt = this.#clock.now();
    this.#underWay = this.#reader.follow().then((read) => {
      this.#underWay = undefined;
      if (read === undefined) this.#failed();
      else this.#succeeded(read);
    });
    return this.#underWay;
  }

  #succeeded(read: SentRead): void {
    const now = this.#clock.now();
    this.#state = "current";
    this.#good = read;
    // Marks by key may have come and gone, and a removal that began before may have been carried out since.
    if (now - (this.#failingSince ?? now) >= KEYS_KEPT_MS)
      this.ledger.apply({ name: EVERYTHING, position: this.ledger.position });
    this.#failingSince = undefined;
    if (this.#isClosed) return;
    this.#cancelExpiry();
    this.#isExpired = false;
    const expire = (): void => void (this.#isExpired = true);
    this.#cancelExpiry = this.#clock.schedule(expire, Math.max(0, read.at + TRUSTED_MS - now));
  }

  #failed(): void {
    this.#state = "blind";
    this.#failingSince ??= this.#clock.now();
    this.#beginProbes();
  }

  /** Probes until a poll succeeds and nothing is pending, or nobody asks. */
  #beginProbes(): void {
    if (this.#isClosed || this.#isProbing) return;
    this.#isProbing = true;
    this.#probeLater();
  }

  #probeLater(): void {
    this.#cancelProbe = this.#clock.schedule(() => {
      const isAsked = ++this.#idleProbes <= IDLE_PROBES;
      if (isAsked || this.#sender.hasUnsent || this.#reader.isLost) void this.#probe();
      else this.#isProbing = false;
    }, PROBE_EVERY_MS);
  }

  async #probe(): Promise<void> {
    await (this.#underWay ?? this.#poll());
    if (this.#state === "current") await this.#sender.resend();
    if (this.#isClosed) return;
    if (this.#state === "blind" || this.#sender.hasUnsent) this.#probeLater();
    else this.#isProbing = false;
  }
}
