import assert from "node:assert/strict";
import type { OpenAnswer } from "./client.ts";
import { bytes } from "./routes.ts";
import type { Site, Stage } from "./stage.ts";

/** A stream of texts that comes as far as it is let. */
export interface Source {
  parts(): AsyncGenerator<Uint8Array>;
  /** Lets the first `count` texts go, and the end after all of them. */
  letGo(count: number): void;
  /** Lets all of it go. */
  finish(): void;
}

/** Makes a stream that waits before each of its texts, and before its end. */
export function sourceOf(stage: Stage, texts: readonly string[]): Source {
  const gates = [...texts, "end"].map(() => stage.gate());
  const letGo = (count: number): void => gates.slice(0, count).forEach((gate) => gate.open());
  return {
    async *parts() {
      for (const [at, said] of texts.entries()) {
        await gates[at]?.opened;
        yield bytes(said);
      }
      await gates.at(-1)?.opened;
    },
    letGo,
    finish: () => letGo(gates.length),
  };
}

/** The next part of an answer has to be this. */
export async function assertNext(answer: OpenAnswer, part: string | undefined, who: string): Promise<void> {
  const came = await answer.next();
  const wanted = part === undefined ? "the end" : JSON.stringify(part);
  assert.equal(came?.toString(), part, `${who}: next comes ${wanted}`);
}

/** What is left of an answer. */
export async function restOf(answer: OpenAnswer): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let part = await answer.next(); part !== undefined; part = await answer.next()) parts.push(part);
  return Buffer.concat(parts);
}

/** Waits until the server has seen what its clients did before: it answers them in the order in which they come. */
export async function hasSeen({ get }: Site, path: string): Promise<void> {
  await get(path);
  await get(path);
}
