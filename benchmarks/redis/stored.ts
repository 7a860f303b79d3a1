import { setTimeout as delay } from "node:timers/promises";

/** Asks until the response is a hit: a response is sent before it is stored. `ask` returns its `X-Cache`. */
export async function stored(ask: () => Promise<string | null | undefined>): Promise<void> {
  for (let asked = 0; asked < 100; asked++) {
    if ((await ask()) === "HIT") return;
    await delay(10);
  }
  throw new Error("the response is not stored");
}
