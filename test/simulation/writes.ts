import type { Invalidation, MaybePromise, WriteEnd } from "../../src/adapter.ts";
import type { History, Purge } from "./history.ts";

/** What one write makes outdated; undefined: the function that is to name it throws. */
export type Named = readonly string[] | undefined;

/** The function that the route of writes declares. */
export function namedBy(named: Named): readonly string[] {
  if (named === undefined) throw new Error("the tags of a write are not known");
  return named;
}

/** The route whose writes declare what they make outdated. */
export class DeclaredWrites {
  readonly #invalidate: Invalidation<[Named]>;
  readonly #history: History;

  constructor(invalidate: Invalidation<[Named]>, history: History) {
    this.#invalidate = invalidate;
    this.#history = history;
  }

  /** A write ends. Nothing of its response may be sent before what is returned is settled. */
  end(end: WriteEnd, named: Named): MaybePromise<void> {
    const history = this.#history;
    const effect = effectOf(end);
    history.tell("a write ends with", end.status ?? "no response", "and is", effect, named?.join());
    const purge: Purge = {
      what: named === undefined ? "tagged" : { tags: named },
      isSoft: effect === "soft",
      began: history.moment(),
      returned: undefined,
      asked: undefined,
      removed: undefined,
    };
    if (effect !== "of no effect") history.purges.push(purge);
    const pending = this.#invalidate(end, named);
    const returned = (): void => void (purge.returned = history.moment());
    return pending instanceof Promise ? pending.then(returned) : returned();
  }
}

/** A write that may be half done makes stale what a whole one removes; one that was refused has changed nothing. */
function effectOf({ status, hasThrown }: WriteEnd): "hard" | "soft" | "of no effect" {
  if (status === undefined || status >= 500) return "soft";
  if (status >= 400) return "of no effect";
  return hasThrown === true ? "soft" : "hard";
}
