import { setTimeout as delay } from "node:timers/promises";
import { payloadOf } from "../payload.ts";
import type { Payload } from "../payload.ts";

/** How a response is sent: whole, after the handler's time; or its head after that time, and then part by part. */
export type Shape = "complete" | "streamed";

/** How many parts a streamed response has, how long each is, and how much later than the one before it comes. */
export const parts = { count: 10, bytes: 4096, everyMs: 20 } as const;

/** The data of a complete response. Each path has its own, so that one path's content under another is noticed. */
export interface Complete extends Payload {
  readonly path: string;
}

const payload = payloadOf(1024, "rows");

function completeOf(path: string): Complete {
  return { path, ...payload };
}

function partOf(path: string, index: number): Buffer {
  return Buffer.alloc(parts.bytes, `${path} ${index} `);
}

/** The bytes that every client has to be sent. */
export function bytesOf(shape: Shape, path: string): Buffer {
  if (shape === "complete") return Buffer.from(JSON.stringify(completeOf(path)));
  return Buffer.concat(Array.from({ length: parts.count }, (_, index) => partOf(path, index)));
}

/** How long a handler has something to do, in milliseconds. */
export function handlerTimeOf(shape: Shape, handlerMs: number): number {
  return handlerMs + (shape === "complete" ? 0 : parts.count * parts.everyMs);
}

/** What the handlers of all contenders get their content from: it takes its time, and counts how often it is asked. */
export class Origin {
  readonly #handlerMs: number;
  #runs = 0;
  #producedAt = NaN;

  constructor(handlerMs: number) {
    this.#handlerMs = handlerMs;
  }

  /** How often it was asked since `reset`. */
  get runs(): number {
    return this.#runs;
  }

  /** When the first run since `reset` had all of its content, by this process' clock. */
  get producedAt(): number {
    return this.#producedAt;
  }

  reset(): void {
    this.#runs = 0;
    this.#producedAt = NaN;
  }

  async complete(path: string): Promise<Complete> {
    const run = ++this.#runs;
    await delay(this.#handlerMs);
    this.#produced(run);
    return completeOf(path);
  }

  /** Answers when the head is to be sent; the parts come after it. */
  async streamed(path: string): Promise<AsyncGenerator<Buffer, void, undefined>> {
    const run = ++this.#runs;
    await delay(this.#handlerMs);
    return this.#parts(path, run);
  }

  async *#parts(path: string, run: number): AsyncGenerator<Buffer, void, undefined> {
    for (let index = 0; index < parts.count; index++) {
      await delay(parts.everyMs);
      if (index === parts.count - 1) this.#produced(run);
      yield partOf(path, index);
    }
  }

  #produced(run: number): void {
    if (run === 1) this.#producedAt = performance.now();
  }
}
