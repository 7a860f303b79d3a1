import { CacheError } from "../contract/errors.ts";
import type { Clock } from "../contract/platform.ts";
import type { Mark, MaybePromise } from "../contract/store.ts";
import type { Ledger } from "./ledger.ts";
import { EVERYTHING, floorOf, isKeyName } from "./names.ts";
import type { Name } from "./names.ts";

/** The calls of a guarded store. Undefined: the call failed, which was reported. None throws, or takes beyond its deadline. */
export interface ReadCalls {
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
/** A page with fewer marks is the last. */
const FULL_PAGE = 100;

/** How long a log keeps marks by key. */
export const KEYS_KEPT_MS = 600_000;
/** From then on it is not certain that a mark by key, seen last, is still there. */
const KEYS_CERTAIN_MS = 540_000;

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
  /** The last mark that was seen, and the last one that a log does not forget after a time. */
  #last: Mark | undefined;
  #lastKept: Mark | undefined;
  /** The last mark that was added here, and that may not have been seen yet. */
  #own: Mark | undefined;
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

  /** Names are being sent to the log. */
  adding(): void {
    this.#ownBegun = this.#sent;
  }

  /** The log has names from here, the last of which is this one. */
  added(mark: Mark): void {
    this.#ledger.ended({ number: ++this.#sent, position: mark.position });
    if (mark.position > (this.#own?.position ?? 0)) this.#own = mark;
  }

  /**
   * Reads what is new. Returns the last read that was sent for it; undefined if one failed. `gapMs`: how long ago the last one
   * was that succeeded.
   */
  async follow(gapMs: number): Promise<SentRead | undefined> {
    return (await this.#follow(gapMs)) ? this.#read : undefined;
  }

  async #follow(gapMs: number): Promise<boolean> {
    const isCertain = gapMs < KEYS_CERTAIN_MS;
    const last = isCertain ? this.#last : this.#lastKept;
    if (last === undefined) return this.#load();
    const isExpected = (mark: Mark | undefined): mark is Mark =>
      mark !== undefined && (isCertain || !isKeyName(mark.name));
    let missing = [last, this.#own].filter(isExpected);
    const isRead = await this.#readFrom(last.position, (mark) => {
      missing = missing.filter((expected) => !standsFor(mark, expected));
    });
    if (!isRead || missing.length === 0) return isRead;
    this.#lostAt = Math.max(...missing.map(({ position }) => position));
    this.#onError(lost());
    return this.#load();
  }

  /**
   * Reads the whole log, and begins it if there is none. If it was lost, another process that has noticed it may have marked
   * everything already.
   */
  async #load(isBegun = false): Promise<boolean> {
    this.#last = this.#lastKept = this.#own = undefined;
    let all = 0;
    let isEmpty = true;
    const onMark = ({ name, position }: Mark): void => {
      isEmpty = false;
      if (name === EVERYTHING) all = position;
    };
    if (!(await this.#readFrom(0, onMark, true))) return false;
    if (all > this.#lostAt) {
      if (isBegun) this.#ledger.begun(all);
      this.#lostAt = 0;
      return true;
    }
    if (isEmpty && !isBegun)
      return (await this.#calls.addMarks([], this.#lostAt)) !== undefined && this.#load(true);
    // It is pending from now on.
    this.#lostAt = 0;
    return (await this.#markAll()) !== undefined;
  }

  /** Enters all marks from a position on, page by page. `isWhole`: others may have learned of them long ago. */
  async #readFrom(position: number, onMark: (mark: Mark) => void, isWhole = false): Promise<boolean> {
    for (let from = position; ; from = this.#last?.position ?? from) {
      const read = { number: ++this.#sent, at: this.#clock.now() };
      const page = await this.#calls.readMarks(from);
      if (page === undefined) return false;
      const now = this.#clock.now();
      for (const mark of page) {
        onMark(mark);
        this.#ledger.apply(mark, isWhole ? Math.min(Math.floor(mark.position / 1000), now) : now);
        this.#last = mark;
        if (!isKeyName(mark.name)) this.#lastKept = mark;
      }
      this.#read = read;
      if (read.number > this.#ownBegun && now - read.at <= PROMPT_MS)
        this.#ledger.ended({ number: read.number, position: this.#last?.position ?? 0 });
      if (page.length < FULL_PAGE || this.#last?.position === from) return true;
    }
  }
}

/** Whether a mark shows that a log still has an earlier one: it is of the same name, or of all that was forgotten. */
function standsFor({ name, position }: Mark, earlier: Mark): boolean {
  return position >= earlier.position && (name === earlier.name || name === floorOf(earlier.name));
}

function lost(): CacheError {
  return new CacheError(
    "ERR_CACHE_MARKS_LOST",
    "the store has lost invalidations that this process has seen; everything that was stored before is invalid now, because " +
      "nobody knows what else was lost",
  );
}
