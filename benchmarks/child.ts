import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Answer, Question } from "./messages.ts";

/** Every answer has to come within this time on top of what it is told to take. */
const PATIENCE_MS = 20_000;

const alive = new Set<ChildProcess>();
process.on("exit", killAll);

/** A process of the benchmark's own, that answers questions one after another. */
export class Child {
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #questions = 0;

  /** Starts a module beside this one, with Node's own flags in `execArgv`. */
  constructor(module: string, args: readonly string[], name: string, execArgv: readonly string[] = []) {
    this.#name = name;
    this.#process = fork(fileURLToPath(new URL(module, import.meta.url)), args, {
      execArgv: [...execArgv],
      env: { ...process.env, NODE_ENV: "production" },
    });
    alive.add(this.#process);
    this.#process.on("message", (answer: Answer) => this.#settle(answer));
    this.#process.on("error", (error) => this.#lose(error.message));
    this.#process.on("exit", (code) => {
      alive.delete(this.#process);
      this.#lose(`it ended with code ${String(code)}`);
    });
  }

  /** Asks, and waits for the answer at most `seconds` and some patience. */
  ask<Value>(order: unknown, seconds = 0): Promise<Value> {
    return new Promise((resolve, reject) => {
      const id = ++this.#questions;
      const timer = setTimeout(
        () => this.#settle({ id, error: "no answer in time" }),
        seconds * 1000 + PATIENCE_MS,
      );
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        if (answer.error === undefined) resolve(answer.value as Value);
        else reject(new Error(`${this.#name}: ${answer.error}`));
      });
      const question: Question = { id, order };
      this.#process.send(question, (error) => {
        if (error !== null) this.#settle({ id, error: error.message });
      });
    });
  }

  /** Lets the process end by itself, so that it can still write a profile. */
  async stop(): Promise<void> {
    if (!alive.has(this.#process)) return;
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 5000);
    this.#process.disconnect();
    await ended;
    clearTimeout(timer);
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    waiting?.(answer);
  }

  #lose(error: string): void {
    for (const id of this.#waiting.keys()) this.#settle({ id, error });
  }
}

/** Ends every process that is still there, at once. */
export function killAll(): void {
  for (const child of alive) child.kill("SIGKILL");
}
