import { parentPort, workerData } from "node:worker_threads";
import { PLAYS } from "./play.ts";
import { PROPERTIES } from "./properties.ts";
import type { Violation } from "./properties.ts";

/** A share of the seeds. */
interface Share {
  readonly from: number;
  readonly count: number;
}

/** What became of a share: all of it held, or the first seed that did not. */
export interface Report extends Share {
  readonly violation: (Violation & { readonly seed: number }) | undefined;
}

/** Where the others see at which seed this thread is. */
const { shared, kind } = workerData as {
  readonly shared: SharedArrayBuffer;
  readonly kind: keyof typeof PLAYS;
};
const at = new Float64Array(shared);
const play = PLAYS[kind];

// A stack costs more than what it is of; whoever replays a seed sees them.
Error.stackTraceLimit = 0;

let unhandled: unknown;
process.on("unhandledRejection", (error) => (unhandled = error));

parentPort?.on("message", (share: Share) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  void playAll(share).then((report) => parentPort?.postMessage(report));
});

async function playAll(share: Share): Promise<Report> {
  for (let seed = share.from; seed < share.from + share.count; seed++) {
    at[0] = seed;
    const violation = (await play(seed).catch(thrown)) ?? (await rejection());
    if (violation !== undefined) return { ...share, violation: { ...violation, seed } };
  }
  return { ...share, violation: undefined };
}

function thrown(error: unknown): Violation {
  return { property: PROPERTIES.throws, message: textOf(error) };
}

/** Rejections that nobody handles are told once the thread has nothing else to do. */
async function rejection(): Promise<Violation | undefined> {
  await new Promise((resolve) => setImmediate(resolve));
  if (unhandled === undefined) return undefined;
  const error = unhandled;
  unhandled = undefined;
  return { property: PROPERTIES.throws, message: `unhandled: ${textOf(error)}` };
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error);
}
