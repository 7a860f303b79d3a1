import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Collects garbage until what only weak references lead to is gone. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // What a turn has used through a weak reference is kept to the end of that turn.
  for (let round = 0; round < 3; round++) {
    await turn();
    collect();
  }
}
