import type { FastifyReply } from "fastify";
import type { OpenFill } from "../../adapter.ts";
import { fieldsOf, setFields } from "./reply.ts";

/**
 * The head of a reply behind which hooks of its route still come: they may write a cookie by what the handler did, and
 * with that the response is for one client alone (hazard 33). What the fill does for others waits for them.
 */
export class Leaving {
  readonly #reply: FastifyReply;
  readonly #opened: OpenFill;
  readonly #go: ReturnType<NonNullable<OpenFill["defer"]>> | undefined;
  #known: ReadonlySet<string> = new Set();
  #isOver = false;

  constructor(reply: FastifyReply, opened: OpenFill) {
    this.#reply = reply;
    this.#opened = opened;
    this.#go = opened.defer?.();
  }

  /** What is on the head now is known. */
  begin(): void {
    this.#known = new Set(ownOf(this.#reply));
  }

  /** Nobody changes the head any more. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const late = ownOf(this.#reply).filter((line) => !this.#known.has(line));
    const isCookie = late.some((line) => line.startsWith("set-cookie"));
    const refusal = isCookie ? "late-cookie" : late.length > 0 ? "nonce" : undefined;
    setFields(this.#reply, this.#go?.(refusal) ?? []);
  }

  /** A hook has failed, or the response is closed: nothing is stored of what has not left. Answers whether it had not. */
  abandon(reason: "failed" | "aborted"): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#opened.abandon(reason);
    return true;
  }
}

/** The lines of a head that are for one client: its cookies, and security policies with a nonce. */
function ownOf(reply: FastifyReply): readonly string[] {
  return fieldsOf(reply).flatMap(([name, value]) => {
    const isPolicy = name.startsWith("content-security-policy");
    const lines = name === "set-cookie" || isPolicy ? [value].flat() : [];
    return lines.filter((line) => !isPolicy || /'nonce-/i.test(line)).map((line) => `${name}: ${line}`);
  });
}
