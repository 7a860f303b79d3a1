import { headOf } from "../../src/index.ts";
import type { ChooseVariant, Entry, Look, MaybePromise, Read, Store } from "../../src/index.ts";
import { fieldNamed, textOf } from "./fields.ts";
import type { VirtualClock } from "./clock.ts";
import { runIn } from "./history.ts";
import type { History, Purge } from "./history.ts";
import type { Random } from "./random.ts";
import type { StorePlan } from "./world.ts";

/** What is stored under one key. */
interface Resource {
  readonly vary: readonly string[];
  readonly variants: Map<string, Entry>;
}

/**
 * A store that does to its users what stores do: it answers late, out of order or never, fails before or after it has
 * done what it was asked, and loses what it was given.
 */
export class TroubledStore implements Store {
  readonly name = "troubled";
  readonly shared = false;
  /** The purge that is calling, if one is. */
  purge: Purge | undefined;
  readonly #random: Random;
  readonly #clock: VirtualClock;
  readonly #history: History;
  readonly #resources = new Map<string, Resource>();
  #plan: StorePlan;
  #hanging = 0;
  /** The answers that reads of the same key share for now. */
  #answers: Map<string, () => MaybePromise<Resource | undefined>> | undefined;

  constructor(plan: StorePlan, random: Random, clock: VirtualClock, history: History) {
    this.#plan = plan;
    this.#random = random;
    this.#clock = clock;
    this.#history = history;
  }

  /** How many calls will never be answered. */
  get hanging(): number {
    return this.#hanging;
  }

  /** From now on nothing goes wrong. */
  calm(): void {
    this.#plan = { ...this.#plan, delayMs: 0, failing: 0, losing: 0, hanging: 0 };
  }

  /** Each read of a key in `second` has the answer that the first one in `first` has, at the same moment. */
  readTogether<T>(first: () => void, second: () => T): T {
    this.#answers = new Map();
    try {
      first();
      return second();
    } finally {
      this.#answers = undefined;
    }
  }

  get(key: string, choose: ChooseVariant, look: Look): MaybePromise<Read | undefined> {
    const known = this.#answers?.get(key);
    const answer = known ?? answerOf(() => this.#call("get", () => copied(this.#resources.get(key))));
    this.#answers?.set(key, answer);
    const select = (found: Resource | undefined): Read | undefined => found && readIn(found, choose, look);
    const found = answer();
    return found instanceof Promise ? found.then(select) : select(found);
  }

  set(entry: Entry): MaybePromise<void> {
    const write = {
      body: textOf(entry.body),
      headBy: Number(fieldNamed(entry.fields, "x-run")),
      etag: fieldNamed(entry.fields, "etag"),
      staleAt: entry.staleAt,
      staleWhileRevalidateUntil: entry.staleWhileRevalidateUntil ?? 0,
      staleIfErrorUntil: entry.staleIfErrorUntil ?? 0,
      issued: this.#history.moment(),
      applied: undefined as ReturnType<History["moment"]> | undefined,
    };
    this.#history.writes.push(write);
    return this.#call(`set r${runIn(write.body)}`, () => {
      write.applied = this.#history.moment();
      const known = this.#resources.get(entry.key);
      if (known !== undefined && known.vary.join() === entry.vary.join())
        known.variants.set(entry.variant, entry);
      else this.#resources.set(entry.key, { vary: entry.vary, variants: new Map([[entry.variant, entry]]) });
    });
  }

  delete(key: string): MaybePromise<number> {
    const { purge } = this;
    if (purge !== undefined) purge.asked = this.#history.moment();
    return this.#call("delete", () => {
      const count = this.#resources.get(key)?.variants.size ?? 0;
      this.#resources.delete(key);
      if (purge !== undefined) purge.removed = this.#history.moment();
      return count;
    });
  }

  clear(): MaybePromise<void> {
    const { purge } = this;
    if (purge !== undefined) purge.asked = this.#history.moment();
    return this.#call("clear", () => {
      this.#resources.clear();
      if (purge !== undefined) purge.removed = this.#history.moment();
    });
  }

  #call<T>(what: string, run: () => T): MaybePromise<T> {
    const random = this.#random;
    const { isSync, delayMs, failing, losing, hanging } = this.#plan;
    const trouble = random.next();
    const isFailing = trouble < failing;
    const isLost = !isFailing && what !== "get" && trouble < failing + losing;
    const isHanging = !isFailing && !isLost && trouble < failing + losing + hanging;
    const isDone = isFailing || isHanging ? random.chance(0.3) : !isLost;
    const word = isFailing ? "fails" : isLost ? "is lost" : isHanging ? "hangs" : "";
    if (isSync) {
      this.#history.tell("  store:", what, word);
      const answer = isDone ? run() : undefined;
      if (isFailing) throw new Error("the store fails, as it was told to");
      return answer as T;
    }
    this.#history.tell("  store:", what, "is asked");
    return new Promise((resolve, reject) => {
      this.#clock.after(random.between(0, delayMs), () => {
        this.#history.tell("  store:", what, isDone ? "is done" : "is not done", word);
        const answer = isDone ? run() : undefined;
        if (isHanging) {
          this.#hanging++;
          return;
        }
        const settle = (): void =>
          isFailing ? reject(new Error("the store fails, later")) : resolve(answer as T);
        if (random.chance(0.5)) settle();
        else this.#clock.after(random.between(0, delayMs), settle);
      });
    });
  }
}

/** What a lookup is told of a resource. Content that it does not ask for is left out, as on a server. */
function readIn({ vary, variants }: Resource, choose: ChooseVariant, look: Look): Read {
  const entry = variants.get(choose(vary));
  if (entry === undefined) return { vary };
  return { vary, head: headOf(entry), ...(look.body && { body: entry.body }) };
}

/** What a call returns or throws, to be had more than once. */
function answerOf<T>(call: () => T): () => T {
  try {
    const answer = call();
    return () => answer;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function copied(resource: Resource | undefined): Resource | undefined {
  return resource && { vary: resource.vary, variants: new Map(resource.variants) };
}
