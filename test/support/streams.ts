import type { Decision, Fill, StreamedReply } from "../../src/adapter.ts";
import { fillOf, followOf, kitOf, openWith } from "./kit.ts";
import type { Asked, Kit, KitOptions, Said } from "./kit.ts";

/** A leader whose response flows, and what it was asked with. */
export async function streaming(
  options: KitOptions = {},
  response: Said = {},
): Promise<{ kit: Kit; fill: Fill; stream: StreamedReply; stopped: () => number }> {
  const kit = kitOf(options);
  const fill = fillOf(kit.now());
  let stops = 0;
  const stream = openWith(fill, response).stream(() => stops++);
  return { kit, fill, stream, stopped: () => stops };
}

/** What a request becomes that comes while it flows. */
export async function joined(kit: Kit, asked?: Asked): Promise<Decision> {
  return kit.begin(asked);
}

/** A leader and a follower of a stream that is too large to buffer; the leader has read nothing of it. */
export async function outgrown(): Promise<{
  kit: Kit;
  stream: StreamedReply;
  follower: AsyncIterableIterator<Uint8Array>;
}> {
  const kit = kitOf({ route: { maxBodyBytes: 4, maxWait: 1 } });
  const stream = openWith(fillOf(kit.now())).stream();
  const follower = followOf(await kit.begin()).content;
  return { kit, stream, follower };
}
