import { CacheError } from "../contract/errors.ts";
import type { Clock } from "../contract/platform.ts";
import type { Mark, MaybePromise } from "../contract/store.ts";
import type { Ledger } from "./ledger.ts";
import { EVERYTHING, isKeyName } from "./names.ts";
import type { Name } from "./names.ts";
import { SeenMarks, standsFor } from "./seen-marks.ts";
import type { Expected } from "./seen-marks.ts";

/** The calls of a guarded store. Undefined: the call failed, which was reported. None throws, or takes beyond its deadline. */
export interface ReadCalls {
  /** A page with fewer marks is the last. */
  readonly fullPage: number;
  readMarks(from: number): MaybePromise<readonly Mark[] | undefined>;
  addMarks(names: readonly Name[], above: number): MaybePromise<number | undefined>;
}

/** One read of the log. */
export interface SentRead {
  /** In the order in which reads are sent. */
  readonly number: number;
  /** When it was sent, in epoch ms. */
  readonly at: number;
}

/** A read that took longer tells nothing about who arrived while it was under way: it may have waited itself. */
const PROMPT_MS = 10;
/** For how long a log that is not there may take to be begun, before it counts as one that cannot be read. */
const BEGIN_MS = 100;
/** So far the clock of a process may be ahead of the log's, for who arrives before its first read has ended. */
const MARGIN_MS = 10_000;

/** How long a log keeps marks by key. */
export const KEYS_KEPT_MS = 600_000;
/** A mark by key may be gone that is so much older than the newest mark, in microseconds. */
const KEYS_CERTAIN = 540_000_000;

/**
 * Reads a log of invalidations into a ledger: what is new since the last read, that included. If that is missing, the log was
 * lost or rolled back, and everything from before is dead, because nobody knows what was invalidated.
 */
export class LogReader {
  readonly #ledger: Ledger;
  readonly #calls: ReadCalls;
  readonly #clock: Clock;
  readonly #markAll: () => MaybePromise<number | undefined>;
  readonly #onError: (error: CacheError) => void;
  /** How many reads were sent. Names that the log has from here count as one, too. */
  #sent = 0;
  #read: SentRead = { number: 0, at: -Infinity };
  readonly #seen = new SeenMarks();
  #isLoaded = false;
  /** The last read that was sent when names were last sent from here. */
  #ownBegun = 0;
  /** A log that was lost needs a mark of everything above this. */
  #lostAt = 0;

  /** `markAll` marks everything in the log. `onError` receives a loss of the log. */
  constructor(
    ledger: Ledger,
    calls: ReadCalls,
    clock: Clock,
    markAll: () => MaybePromise<number | undefined>,
    onError: (error: CacheError) => void,
  ) {
    this.#ledger = ledger;
    this.#calls = calls;
    this.#clock = clock;
    this.#markAll = markAll;
    this.#onError = onError;
  }

  /** The number of the last read that was sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Whether the log was found lost, and nobody has marked everything yet, as far as is known. */
  get isLost(): boolean {
    return this.#lostAt > 0;
  }

  /** Names are being sent to the log. Returns the arrival from which on all come after them. */
  adding(): number {
    return (this.#ownBegun = ++this.#sent);
  }

  /** The log has names from here, above a position. `last` is that of the last one. */
  added(names: readonly Name[], above: number, last: number): void {
    this.#ledger.ended({ from: ++this.#sent, position: last });
    this.#seen.added(names, above, last);
  }

  /** Reads what is new. Returns the last read that was sent for it; undefined if one failed. */
  async follow(): Promise<SentRead | undefined> {
    return (await this.#follow()) ? this.#read : undefined;
  }

  async #follow(): Promise<boolean> {
    const first = { number: this.#sent + 1, at: this.#clock.now() };
    const { last } = this.#seen;
    if (last === undefined) return this.#load(first);
    const known = this.#ledger.position;
    const expected = this.#seen.expected();
    let missing = expected;
    let isThere = false;
    const isRead = await this.#readFrom(this.#seen.from, (mark) => {
      missing = missing.filter((earlier) => !standsFor(mark, earlier));
      isThere ||= mark.position === last.position || mark.name === EVERYTHING;
    });
    if (!isRead) return false;
    this.#seen.checked(expected);
    // What was added since may have taken marks by key out of the log.
    const keys = (this.#seen.last?.position ?? 0) - KEYS_CERTAIN;
    const isKept = ({ name, last: at }: Expected): boolean => !isKeyName(name) || at >= keys;
    missing = missing.filter(isKept);
    if (missing.length === 0 && !isThere) {
      const anchor = this.#seen.before(last.position, keys);
      if (anchor === undefined) return true;
      // The log may be lost between the two reads.
      const again = [anchor, ...this.#seen.expected()].filter(isKept);
      const page = await this.#calls.readMarks(anchor.last);
      if (page === undefined) return false;
      for (const mark of page) this.#ledger.apply(mark);
      const end = page.length < this.#calls.fullPage ? Infinity : Number(page.at(-1)?.position);
      missing = again.filter(
        (earlier) => earlier.last <= end && !page.some((mark) => standsFor(mark, earlier)),
      );
    }
    if (missing.length === 0) return true;
    this.#lostAt = known;
    this.#onError(lost());
    return this.#load(first);
  }

  /**
   * Reads the whole log, and begins it if there is none. If it was lost, another process that has noticed it may have marked
   * everything already.
   */
  async #load(first: SentRead, state: "unread" | "begun" | "slowly begun" = "unread"): Promise<boolean> {
    this.#seen.forget();
    const known = this.#ledger.position;
    const expected = this.#seen.expected();
    let missing = expected;
    let all = 0;
    let isEmpty = true;
    const onMark = (mark: Mark): void => {
      missing = missing.filter((earlier) => !standsFor(mark, earlier));
      isEmpty = false;
      if (mark.name === EVERYTHING) all = mark.position;
    };
    if (!(await this.#readFrom(0, onMark, true))) return false;
    this.#seen.checked(expected);
    if (missing.length > 0) this.#lostAt = known;
    if (all > this.#lostAt) {
      // Whoever arrived when it was found missing came after all that is in it.
      if (state === "begun") this.#ledger.ended({ from: first.number, position: all });
      this.#lostAt = 0;
      this.#loaded(first);
      return true;
    }
    if (isEmpty && state === "unread") {
      if ((await this.#soon(this.#calls.addMarks([], this.#lostAt))) === undefined) return false;
      // The first read of a process waits for its connection. It was made when the log was empty, whatever that took.
      const isPrompt = !this.#isLoaded || isPromptFrom(first.at, this.#clock.now());
      return this.#load(first, isPrompt ? "begun" : "slowly begun");
    }
    // It is pending at once, so nobody has to wait until the log has it.
    this.#lostAt = 0;
    void this.#markAll();
    return true;
  }

  /**
   * The first read of a process waits for its connection. Were those that arrive meanwhile older than all marks, no process
   * would store its first response. So here alone the clock decides: marks of the last seconds may have come after them.
   */
  #loaded(first: SentRead): void {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    const position = Math.min(Math.floor((first.at - MARGIN_MS) * 1000), this.#seen.last?.position ?? 0);
    if (position > this.#ledger.at(first.number)) this.#ledger.ended({ from: first.number, position });
  }

  /** Returns what a call returns, but waits for it no longer than for a read. */
  #soon<T>(call: MaybePromise<T>): MaybePromise<T | undefined> {
    if (!(call instanceof Promise)) return call;
    return new Promise((resolve) => {
      const cancel = this.#clock.schedule(() => resolve(undefined), BEGIN_MS);
      void call.then((value) => {
        cancel();
        resolve(value);
      });
    });
  }

  /**
   * Enters all marks from a position on, page by page. A name that is marked again moves to the end, so it may be on no page
   * before the last. `isWhole`: others may have learned of them long ago.
   */
  async #readFrom(position: number, onMark: (mark: Mark) => void, isWhole = false): Promise<boolean> {
    for (let from = position; ; from = this.#seen.last?.position ?? from) {
      const read = { number: ++this.#sent, at: this.#clock.now() };
      const page = await this.#calls.readMarks(from);
      if (page === undefined) return false;
      const now = this.#clock.now();
      for (const mark of page) {
        onMark(mark);
        this.#ledger.apply(mark, isWhole ? Math.min(Math.floor(mark.position / 1000), now) : now);
        this.#seen.read(mark);
      }
      this.#read = read;
      const isPrompt = read.number > this.#ownBegun && isPromptFrom(read.at, now);
      const { position: last = 0 } = this.#seen.last ?? {};
      // One that was slow tells about those who arrive from now on.
      this.#ledger.ended({ from: isPrompt ? read.number : ++this.#sent, position: last });
      if (page.length < this.#calls.fullPage || last === from) return true;
    }
  }
}

/** Nobody knows how long it took where the clock was set back meanwhile. */
function isPromptFrom(sentAt: number, now: number): boolean {
  return now >= sentAt && now - sentAt <= PROMPT_MS;
}

function lost(): CacheError {
  return new CacheError(
    "ERR_CACHE_MARKS_LOST",
    "the store has lost invalidations that this process has seen; everything that was stored before is invalid now, because " +
      "nobody knows what else was lost",
  );
}
