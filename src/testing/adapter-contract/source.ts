import assert from "node:assert/strict";
import type { OpenAnswer } from "./client.ts";
import { bytes } from "./routes.ts";
import type { Site, Stage } from "./stage.ts";

/** A stream of texts that a check lets go one by one. */
export interface Source {
  parts(): AsyncGenerator<Uint8Array>;
  /** Lets the first `count` texts go, and the end after all of them. */
  letGo(count: number): void;
  /** Lets all of it go. */
  finish(): void;
}

/** Returns a stream that waits before each text and before its end. */
export function sourceOf(stage: Stage, texts: readonly string[]): Source {
  const gates = [...texts, "end"].map(() => stage.gate());
  const letGo = (count: number): void => gates.slice(0, count).forEach((gate) => gate.open());
  return {
    async *parts() {
      for (const [at, text] of texts.entries()) {
        await gates[at]?.opened;
        yield bytes(text);
      }
      await gates.at(-1)?.opened;
    },
    letGo,
    finish: () => letGo(gates.length),
  };
}

/** Asserts the next part of a response. */
export async function assertNext(answer: OpenAnswer, part: string | undefined, who: string): Promise<void> {
  const received = await answer.next();
  const wanted = part === undefined ? "the end" : JSON.stringify(part);
  assert.equal(received?.toString(), part, `${who}: the next part is ${wanted}`);
}

/** Returns the rest of a response. */
export async function restOf(answer: OpenAnswer): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let part = await answer.next(); part !== undefined; part = await answer.next()) parts.push(part);
  return Buffer.concat(parts);
}

/** Waits until the server has noticed what its clients did: it handles events in order. */
export async function hasSeen({ get }: Site, path: string): Promise<void> {
  await get(path);
  await get(path);
}
