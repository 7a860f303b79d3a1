import type { Mark, MaybePromise } from "../contract/store.ts";
import type { ReadCalls } from "./log-reader.ts";
import type { WriteCalls } from "./mark-sender.ts";
import type { Name } from "./names.ts";

/** The guarded store of one cache. */
export interface Caller extends ReadCalls, WriteCalls {
  /** From now on lookups resume when `readMarks` succeeds. `probe` is called when they begin to fail. */
  probedBy(probe: () => void): void;
}

/** The caches of a process on one store. They follow its log together, and the first that is not closed makes the calls. */
export class LogCallers implements ReadCalls, WriteCalls {
  #callers: readonly Caller[] = [];
  readonly #probe: () => void;

  /** `probe` is called when the lookups of the caller begin to fail. */
  constructor(probe: () => void) {
    this.#probe = probe;
  }

  /** Whether this is the only one. */
  isLast(caller: Caller): boolean {
    return this.#callers.every((other) => other === caller);
  }

  join(caller: Caller): void {
    this.#callers = [...this.#callers, caller];
    if (this.#callers.length === 1) caller.probedBy(this.#probe);
  }

  leave(caller: Caller): void {
    const [first] = this.#callers;
    this.#callers = this.#callers.filter((other) => other !== caller);
    if (first === caller) this.#callers[0]?.probedBy(this.#probe);
  }

  get fullPage(): number {
    return this.#callers[0]?.fullPage ?? Infinity;
  }

  readMarks(from: number): MaybePromise<readonly Mark[] | undefined> {
    return this.#callers[0]?.readMarks(from);
  }

  addMarks(names: readonly Name[], above: number): MaybePromise<number | undefined> {
    return this.#callers[0]?.addMarks(names, above);
  }

  delete(resource: string, position: number): MaybePromise<number | undefined> {
    return this.#callers[0]?.delete(resource, position);
  }
}
