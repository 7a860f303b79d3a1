import { headOf } from "../../../src/index.ts";
import type { ChooseVariant, Entry, Mark, Read } from "../../../src/index.ts";
import { BEGINNING } from "../clock.ts";
import type { VirtualClock } from "../clock.ts";
import type { Chronicle, MarkRecord } from "./chronicle.ts";

/** What is stored under one key. */
interface Resource {
  readonly vary: readonly string[];
  readonly variants: ReadonlyMap<string, Entry>;
}

interface Refusal {
  readonly position: number;
  readonly until: number;
}

/** What the store has at an instant. */
interface Snapshot {
  readonly since: ReturnType<Chronicle["moment"]>;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly refusals: ReadonlyMap<string, Refusal>;
  readonly log: ReadonlyMap<string, MarkRecord>;
}

const PAGE = 100;

const TEN_MINUTES = 600_000;

/** These are never forgotten: they stand for what is. */
const FLOORS = ["*", "t|", "~*", "~t|"];

/** The store that all nodes share, as it is where its data is: entries, and a log of marks. Calls take no time here. */
export class Server {
  readonly #clock: VirtualClock;
  readonly #chronicle: Chronicle;
  readonly #mostMarks: number;
  #aheadMs = 0;
  #resources = new Map<string, Resource>();
  #refusals = new Map<string, Refusal>();
  #log = new Map<string, MarkRecord>();

  constructor(clock: VirtualClock, chronicle: Chronicle, mostMarks: number) {
    this.#clock = clock;
    this.#chronicle = chronicle;
    this.#mostMarks = mostMarks;
  }

  get(key: string, choose: ChooseVariant): Read | undefined {
    const resource = this.#resources.get(key);
    if (resource === undefined) return undefined;
    const { vary, variants } = resource;
    const entry = variants.get(choose(vary));
    return entry === undefined ? { vary } : { vary, head: headOf(entry), body: entry.body };
  }

  set(entry: Entry): boolean {
    const refusal = this.#refusals.get(entry.key);
    if (refusal !== undefined && refusal.until > this.#clock.instant() && entry.began < refusal.position)
      return false;
    const known = this.#resources.get(entry.key);
    const isSame = known !== undefined && known.vary.join() === entry.vary.join();
    const variants = new Map([...(isSame ? known.variants : []), [entry.variant, entry] as const]);
    this.#resources.set(entry.key, { vary: entry.vary, variants });
    return true;
  }

  delete(key: string, position: number): number {
    const count = this.#resources.get(key)?.variants.size ?? 0;
    this.#resources.delete(key);
    const last = this.#refusals.get(key)?.position ?? -Infinity;
    const until = this.#clock.instant() + TEN_MINUTES;
    this.#refusals.set(key, { position: Math.max(position, last), until });
    return count;
  }

  clear(): void {
    this.#resources.clear();
  }

  read(from: number): readonly MarkRecord[] {
    const marks = [...this.#log.values()].filter(({ position }) => position >= from);
    return marks.toSorted((one, other) => one.position - other.position).slice(0, PAGE);
  }

  add(names: readonly string[], above: number, by: number): readonly MarkRecord[] {
    const isAbsent = this.#log.size === 0;
    const last = Math.max(above, ...[...this.#log.values()].map(({ position }) => position));
    const added = [...(isAbsent ? ["*"] : []), ...names].map((name, at) => {
      const position = Math.max(this.#microseconds(), last + 1) + at;
      const now = this.#chronicle.moment();
      return { name, position, by, added: now, since: now, lost: undefined, isFloor: false };
    });
    for (const mark of added) this.#put(mark);
    this.#forget();
    return added;
  }

  /** The position of the last mark. */
  get last(): number {
    return Math.max(0, ...[...this.#log.values()].map(({ position }) => position));
  }

  snapshot(): Snapshot {
    return {
      since: this.#chronicle.moment(),
      resources: new Map(this.#resources),
      refusals: new Map(this.#refusals),
      log: new Map(this.#log),
    };
  }

  /** Everything, or a part of it, is as it was. Another server has another clock. */
  restore(snapshot: Snapshot, what: "log" | "entries" | "both", aheadMs: number): void {
    const { since, resources, refusals, log } = snapshot;
    const when = this.#chronicle.moment();
    const isSetBack = aheadMs < this.#aheadMs;
    this.#aheadMs = aheadMs;
    if (what !== "log") {
      this.#resources = new Map(resources);
      this.#refusals = new Map(refusals);
    }
    if (what !== "entries") {
      this.#log = new Map(log);
      for (const mark of this.#chronicle.marks) if (mark.added.seq > since.seq) mark.lost ??= when;
    }
    this.#chronicle.failovers.push({ when, since, what, isSetBack });
  }

  /** Everything is gone. */
  flush(): void {
    const when = this.#chronicle.moment();
    this.#resources.clear();
    this.#refusals.clear();
    this.#log.clear();
    for (const mark of this.#chronicle.marks) mark.lost ??= when;
    this.#chronicle.failovers.push({ when, since: when, what: "both", isSetBack: false });
  }

  #microseconds(): number {
    return Math.floor((this.#clock.instant() - BEGINNING + this.#aheadMs) * 1000) + BEGINNING * 1000;
  }

  #put(mark: MarkRecord): void {
    // A name stands in the log once, in the order of the last additions.
    this.#log.delete(mark.name);
    this.#log.set(mark.name, mark);
    this.#chronicle.marks.push(mark);
  }

  /** What is forgotten counts for all that it may be about. Marks by key count for nothing after ten minutes. */
  #forget(): void {
    const kept = this.#microseconds() - TEN_MINUTES * 1000;
    const all = [...this.#log.values()];
    const newestKey = all.findLast(({ name }) => name.startsWith("k|"));
    for (const mark of all)
      if (mark.name.startsWith("k|") && mark.position < kept && mark !== newestKey)
        this.#log.delete(mark.name);
    const others = all.filter(({ name }) => !name.startsWith("k|"));
    let tooMany = others.length - this.#mostMarks;
    for (const mark of others.toSorted((one, other) => one.position - other.position)) {
      if (tooMany <= 0) return;
      if (FLOORS.includes(mark.name)) continue;
      tooMany--;
      this.#log.delete(mark.name);
      const [soft, hard] = mark.name.startsWith("~") ? ["~", mark.name.slice(1)] : ["", mark.name];
      const floor = soft + (hard.startsWith("t|") ? "t|" : "*");
      if ((this.#log.get(floor)?.position ?? 0) < mark.position)
        this.#put({ ...mark, name: floor, since: this.#chronicle.moment(), isFloor: true });
    }
  }
}

/** What a log tells of a mark. */
export function markOf({ name, position }: MarkRecord): Mark {
  return { name, position };
}
