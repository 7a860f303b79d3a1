import { ROUTE } from "./node.ts";
import type { Chronicle, Hearing, Invalidation, Life, MarkRecord, Run } from "./chronicle.ts";
import type { Moment } from "../history.ts";
import type { ClusterWorld } from "./world.ts";

/** How long a call of the store may take, in ms, so that its caller still listens. */
export const READ_MS = 100;
export const WRITE_MS = 1000;

/** What guards read so soon after a request has arrived counts as read when its poll was answered. */
const PROMPT_MS = 10;

/** What is in the log, who has heard of it, and what it is about. */
export class Marked {
  readonly #world: ClusterWorld;
  readonly #chronicle: Chronicle;

  constructor(world: ClusterWorld, chronicle: Chronicle) {
    this.#world = world;
    this.#chronicle = chronicle;
  }

  /** Whether an invalidation is about what is under a key. */
  covers({ what }: Invalidation, key: string): boolean {
    if (what === "all") return true;
    if ("key" in what) return what.key === key;
    if ("tags" in what) return this.#tagsOf(key).some((tag) => what.tags.includes(tag));
    if ("route" in what) return what.of === undefined || what.of === key;
    if ("url" in what) return what.url === `/items/${key}`;
    return true;
  }

  /** Whether what a run has read is from before an invalidation of it. */
  isOlder({ key, began, read }: Run, invalidation: Invalidation): boolean {
    if (!this.covers(invalidation, key)) return false;
    const { seq, at } = invalidation.began;
    return began.seq < seq || (read.seq < seq && read.at + PROMPT_MS < at);
  }

  /** The marks that make what is under a key outdated, as the invalidation wants it. */
  marksOf(invalidation: Invalidation, key: string): readonly MarkRecord[] {
    const marks = this.addedFor(invalidation, key);
    const lost = marks.filter((mark) => mark.lost !== undefined);
    // After a failover, a mark at a lower position is not about what began between the two.
    return marks.filter((mark) =>
      lost.every((other) => other.added.seq > mark.added.seq || other.position <= mark.position),
    );
  }

  /** The marks by names of an invalidation that were added since. */
  addedFor(invalidation: Invalidation, key: string): readonly MarkRecord[] {
    const { began, isSoft } = invalidation;
    return this.#chronicle.marks.filter(({ name, added }) => {
      if (added.seq < began.seq) return false;
      const isSoftly = name.startsWith("~");
      return (isSoft || !isSoftly) && this.#isNameOf(invalidation, key, isSoftly ? name.slice(1) : name);
    });
  }

  /** Whether a node has heard of one of these marks before a moment. */
  hasHeard(node: number, marks: readonly MarkRecord[], before: Moment): boolean {
    return this.#chronicle.hearings.some(
      (hearing) =>
        hearing.node === node &&
        hearing.heard.seq < before.seq &&
        this.isListenedTo(hearing) &&
        hearing.marks.some((mark) => marks.includes(mark)),
    );
  }

  /** Whether the core still waited for what it was told. */
  isListenedTo({ isPoll, asked, heard }: Hearing): boolean {
    // By a clock that is fast it has given up earlier.
    return heard.at - asked.at < (isPoll ? READ_MS : WRITE_MS) * 0.98;
  }

  /**
   * The end of the first time that a node could reach the store for so long, from a moment on. Undefined: there is none, or it
   * has ended before.
   */
  reachableFor(life: Life, from: Moment, ms: number): number | undefined {
    const bad = [...life.cuts, ...life.stalls].filter(({ to }) => to === undefined || to.seq > from.seq);
    const ends = bad.map(({ to }) => to?.at ?? Infinity);
    const start = [from.at, ...ends]
      .toSorted((one, other) => one - other)
      .find(
        (at) =>
          at >= from.at && bad.every((span) => span.from.at > at + ms || (span.to?.at ?? Infinity) <= at),
      );
    if (start === undefined || start === Infinity) return undefined;
    const end = start + ms;
    return end < (life.closing?.at ?? Infinity) ? end : undefined;
  }

  #isNameOf({ what }: Invalidation, key: string, name: string): boolean {
    if (name === "*") return true;
    if (what === "all") return false;
    if ("key" in what) return name.startsWith("k|") && name.includes(key);
    if ("tags" in what)
      return name === "t|" || this.#tagsOf(key).some((tag) => what.tags.includes(tag) && name === `t|${tag}`);
    if ("route" in what)
      return what.of === undefined
        ? name.startsWith("r|") && name.includes(ROUTE)
        : name.startsWith("p|") && name.includes(key);
    if ("url" in what) return name.startsWith("u|") && name.includes(what.url);
    return name.startsWith("n|");
  }

  #tagsOf(key: string): readonly string[] {
    return this.#world.route.tags === undefined ? [] : ["all", key];
  }
}
