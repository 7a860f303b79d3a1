import type { ChooseVariant, Entry, Mark, Marks, Read, Store } from "../../../src/index.ts";
import type { VirtualClock } from "../clock.ts";
import { textOf } from "../fields.ts";
import { runIn } from "../history.ts";
import type { Random } from "../random.ts";
import type { Chronicle, Hearing, Life, MarkRecord, Span } from "./chronicle.ts";
import type { NodeClock } from "./node-clock.ts";
import { markOf } from "./server.ts";
import type { Server } from "./server.ts";
import type { ClusterWorld, Cut } from "./world.ts";

/** What the links of all nodes have in common. */
export interface Network {
  readonly world: ClusterWorld;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly chronicle: Chronicle;
  readonly server: Server;
}

/**
 * The store as one node sees it: what it asks takes time to get there, and the answer to come back. While the link is cut, what
 * is under way is held, lost, refused or slow.
 */
export class Link implements Store {
  readonly name = "shared";
  readonly shared = true;
  readonly marks: Marks = {
    read: (from) => this.#read(from),
    add: (names, above) => this.#add(names, above),
  };
  readonly #network: Network;
  readonly #node: NodeClock;
  readonly #life: Life;
  #cut: Cut | undefined;
  #held: (() => void)[] = [];

  constructor(network: Network, node: NodeClock, life: Life) {
    this.#network = network;
    this.#node = node;
    this.#life = life;
  }

  /** Cuts the link for so long. */
  cut(how: Cut, ms: number): void {
    const { chronicle, clock } = this.#network;
    if (this.#cut !== undefined) return;
    chronicle.tell(`n${this.#life.id} is cut off: its link ${how}`);
    const span: Span = { from: chronicle.moment(), to: undefined };
    this.#life.cuts.push(span);
    this.#cut = how;
    clock.after(ms, () => {
      chronicle.tell(`n${this.#life.id} is no longer cut off`);
      this.#cut = undefined;
      span.to = chronicle.moment();
      for (const go of this.#held.splice(0)) go();
    });
  }

  get(key: string, choose: ChooseVariant): Promise<Read | undefined> {
    return this.#call("get", () => this.#network.server.get(key, choose));
  }

  set(entry: Entry): Promise<boolean> {
    const { chronicle, server } = this.#network;
    const run = chronicle.runs[runIn(textOf(entry.body)) ?? -1];
    const write = { node: this.#life.id, run, issued: chronicle.moment(), applied: undefined } as {
      applied: ReturnType<Chronicle["moment"]> | undefined;
    } & Chronicle["writes"][number];
    chronicle.writes.push(write);
    return this.#call(`set r${run?.id} of ${entry.began}`, () => {
      const isKept = server.set(entry);
      if (isKept) write.applied = chronicle.moment();
      return isKept;
    });
  }

  delete(key: string, position: number): Promise<number> {
    const { chronicle, server } = this.#network;
    const asked = chronicle.moment();
    return this.#call(`delete ${key} at ${position}`, () => {
      chronicle.removals.push({ node: this.#life.id, key, asked, done: chronicle.moment() });
      return server.delete(key, position);
    });
  }

  clear(): Promise<void> {
    return this.#call("clear", () => this.#network.server.clear());
  }

  #read(from: number): Promise<readonly Mark[]> {
    const { server, chronicle } = this.#network;
    const asked = chronicle.moment();
    const call = this.#call(
      `marks from ${from}`,
      () => ({ marks: server.read(from), read: chronicle.moment() }),
      (answer) => this.#heard({ ...answer, asked, isPoll: true }),
    );
    return call.then(({ marks }) => marks.map(markOf));
  }

  #add(names: readonly string[], above: number): Promise<number> {
    const { server, chronicle } = this.#network;
    const asked = chronicle.moment();
    const call = this.#call(
      `mark ${names.slice(0, 5).join()} above ${above}`,
      () => {
        const marks = server.add(names, above, this.#life.id);
        return { marks, read: chronicle.moment(), last: marks.at(-1)?.position ?? server.last };
      },
      // It is told a position, and nothing of a log that it has begun.
      ({ marks, read }) =>
        this.#heard({ marks: marks.filter(({ name }) => names.includes(name)), read, asked, isPoll: false }),
    );
    return call.then(({ last }) => last);
  }

  #heard({ marks, asked, read, isPoll }: Pick<Hearing, "marks" | "asked" | "read" | "isPoll">): void {
    const { chronicle } = this.#network;
    chronicle.hearings.push({ node: this.#life.id, marks, asked, read, isPoll, heard: chronicle.moment() });
    const told = (mark: MarkRecord): string => `${mark.name}@${mark.position}`;
    chronicle.tell(`  n${this.#life.id} hears`, marks.slice(0, 5).map(told).join(" "));
  }

  #call<T>(what: string, run: () => T, heard: (answer: T) => void = () => undefined): Promise<T> {
    const { clock, random, chronicle, world } = this.#network;
    const name = `  n${this.#life.id}: ${what}`;
    const isLate = /^(set|delete|clear)/.test(what) && random.chance(world.late);
    if (isLate) this.#isLate();
    return new Promise((resolve, reject) => {
      const refuse = (): void =>
        this.#node.reach(() => reject(new Error("the link is cut, as it was told to be")));
      const arrive = (): void => {
        const answer = run();
        chronicle.tell(name, "is done");
        clock.after(random.between(0, world.delayMs), () =>
          this.#pass("back", refuse, () =>
            this.#node.reach(() => {
              heard(answer);
              resolve(answer);
            }),
          ),
        );
      };
      const lateMs = isLate ? random.pick([1500, 10_000, world.spanMs]) : 0;
      clock.after(lateMs + random.between(0, world.delayMs), () => this.#pass("there", refuse, arrive));
    });
  }

  /** Something comes by on its way. */
  #pass(way: "there" | "back", refuse: () => void, go: () => void): void {
    const { clock, random } = this.#network;
    switch (this.#cut) {
      case undefined:
        return go();
      case "holds":
        return void this.#held.push(go);
      case "is slow":
        return void clock.after(random.between(50, random.pick([100, 3000])), go);
      case "loses answers":
        return way === "there" ? go() : undefined;
      case "rejects":
        refuse();
        // It may have been carried out, and its answer lost.
        return way === "there" && random.chance(0.3) ? go() : undefined;
      case "hangs":
    }
  }

  /** A write that takes so long is as good as a link that is cut. */
  #isLate(): void {
    const { chronicle, clock } = this.#network;
    const span: Span = { from: chronicle.moment(), to: undefined };
    this.#life.cuts.push(span);
    clock.after(1500, () => (span.to = chronicle.moment()));
  }
}
