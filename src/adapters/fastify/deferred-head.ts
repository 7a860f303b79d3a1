import type { FastifyReply } from "fastify";
import type { OpenFill } from "../../adapter.ts";
import { fieldsOf, setFields } from "./reply.ts";

/**
 * A reply's head that later hooks of its route may still change. They may set a cookie that depends on what the handler did,
 * which makes the response private to one client (hazard 33). So storing and sharing are deferred until they have run.
 */
export class DeferredHead {
  readonly #reply: FastifyReply;
  readonly #opened: OpenFill;
  readonly #commit: ReturnType<NonNullable<OpenFill["defer"]>> | undefined;
  #known: ReadonlySet<string> = new Set();
  #isOver = false;

  constructor(reply: FastifyReply, opened: OpenFill) {
    this.#reply = reply;
    this.#opened = opened;
    this.#commit = opened.defer?.();
  }

  /** Remembers the private lines of the head, before the later hooks run. */
  begin(): void {
    this.#known = new Set(privateLines(this.#reply));
  }

  /** The later hooks have run. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const late = privateLines(this.#reply).filter((line) => !this.#known.has(line));
    const isCookie = late.some((line) => line.startsWith("set-cookie"));
    const refusal = isCookie ? "late-cookie" : late.length > 0 ? "nonce" : undefined;
    setFields(this.#reply, this.#commit?.(refusal) ?? []);
  }

  /**
   * A hook has failed, or the response is closed. Abandons the fill unless the hooks have run already. Returns whether it did.
   */
  abandon(reason: "failed" | "aborted"): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#opened.abandon(reason);
    return true;
  }
}

/** The lines of a head that are for one client: its cookies, and its security policies with a nonce. */
function privateLines(reply: FastifyReply): readonly string[] {
  return fieldsOf(reply).flatMap(([name, value]) => {
    const isPolicy = name.startsWith("content-security-policy");
    const lines = name === "set-cookie" || isPolicy ? [value].flat() : [];
    return lines.filter((line) => !isPolicy || /'nonce-/i.test(line)).map((line) => `${name}: ${line}`);
  });
}
