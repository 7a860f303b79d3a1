import { NonceFinder } from "../../http/nonce.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { Clock, Digest } from "../contract/platform.ts";
import { Broadcast } from "../flight/broadcast.ts";

/**
 * Collects a response's content while it flows, within a limit.
 *
 * Every part is copied, because callers reuse their buffers. From the first refusal on, nothing is held but what readers
 * of the broadcast have still to read.
 */
export class BodyCapture {
  readonly #maxBytes: number;
  readonly #digest: Digest | undefined;
  readonly #nonces: NonceFinder | undefined;
  /** The content for those who read it while it comes. */
  readonly broadcast: Broadcast;
  #length = 0;
  #refusal: Refusal | undefined;

  /**
   * `digest` is given where the entity tag is made from the content, `nonces` where the content may contain none of them.
   */
  constructor(maxBytes: number, digest: Digest | undefined, clock: Clock, nonces: readonly string[] = []) {
    this.#maxBytes = maxBytes;
    this.#digest = digest;
    this.#nonces = nonces.length === 0 ? undefined : new NonceFinder(nonces);
    this.broadcast = new Broadcast(maxBytes, clock);
  }

  /** Adds a copy of one part; returns why the content cannot be kept, if so. */
  write(chunk: Uint8Array | string): Refusal | undefined {
    // It is neither kept nor read.
    if (this.#refusal !== undefined && this.broadcast.readers === 0) return this.#refusal;
    const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : new Uint8Array(chunk);
    this.#length += bytes.byteLength;
    if (this.#length > this.#maxBytes) this.refuse("too-large");
    else if (this.#nonces?.finds(bytes) === true) this.refuse("nonce");
    this.broadcast.write(bytes);
    return this.#refusal;
  }

  /** Keeps nothing from now on; returns the first reason. */
  refuse(reason: Refusal): Refusal {
    this.broadcast.slide();
    return (this.#refusal ??= reason);
  }

  /** Returns the whole content and its digest, or why there is none: its length has to be its `Content-Length`. */
  end(
    contentLength: string | undefined,
  ): { readonly body: Uint8Array; readonly digest: string | undefined } | Refusal {
    // Where it is not kept, too: its readers must not take a part for the whole.
    if (contentLength !== undefined && contentLength !== String(this.#length)) {
      this.refuse("truncated");
      return "truncated";
    }
    if (this.#refusal !== undefined) return this.#refusal;
    const body = joined(this.broadcast.parts, this.#length);
    return { body, digest: this.#digest?.of(body) };
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}
