import type { Client } from "./client.ts";
import type { VirtualClock } from "./clock.ts";
import { textOf } from "./fields.ts";
import type { History } from "./history.ts";
import type { Origin } from "./origin.ts";
import type { Random } from "./random.ts";
import type { TroubledStore } from "./store.ts";
import type { World } from "./world.ts";
import type { DeclaredWrites } from "./writes.ts";

/** What the parts of a simulation share. */
export interface Stage {
  readonly world: World;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly history: History;
  readonly origin: Origin;
  readonly store: TroubledStore;
  readonly writes: DeclaredWrites;
}

/** Reads a content to its end at the client's own pace; an error breaks the client's connection. */
export async function readTo(
  { clock, history }: Stage,
  client: Client,
  content: AsyncIterableIterator<Uint8Array>,
): Promise<void> {
  const { request } = client;
  client.onLeave = () => void content.return?.();
  try {
    for (;;) {
      const { done, value } = await content.next();
      if (client.isGone) return;
      if (done === true) return client.end("clean");
      const whole = request.headBy === undefined ? undefined : history.runs[request.headBy]?.body.length;
      client.part(textOf(value), whole);
      if (client.isGone) return;
      if (client.paceMs > 0) await new Promise<void>((resolve) => void clock.after(client.paceMs, resolve));
    }
  } catch {
    client.end("broken");
  }
}
