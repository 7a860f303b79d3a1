import { NonceFinder } from "../../http/nonce.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { Clock, Digest } from "../contract/platform.ts";
import { Broadcast } from "../flight/broadcast.ts";

/**
 * Collects a response's content as it comes, up to a limit.
 *
 * Every part is copied, because callers reuse their buffers. After a refusal, only what readers of the broadcast have still
 * to read is kept.
 */
export class BodyCapture {
  readonly #maxBytes: number;
  readonly #digest: Digest | undefined;
  readonly #nonces: NonceFinder | undefined;
  /** Sends the content to readers as it comes. */
  readonly broadcast: Broadcast;
  #length = 0;
  #refusal: Refusal | undefined;

  /** `digest` is undefined if the handler set the entity tag. Content that contains one of the `nonces` is refused. */
  constructor(maxBytes: number, digest: Digest | undefined, clock: Clock, nonces: readonly string[] = []) {
    this.#maxBytes = maxBytes;
    this.#digest = digest;
    this.#nonces = nonces.length === 0 ? undefined : new NonceFinder(nonces);
    this.broadcast = new Broadcast(maxBytes, clock);
  }

  /** Adds a copy of one part. Returns why the content is not kept, or undefined. */
  write(chunk: Uint8Array | string): Refusal | undefined {
    // Nobody needs it.
    if (this.#refusal !== undefined && this.broadcast.readers === 0) return this.#refusal;
    const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : new Uint8Array(chunk);
    this.#length += bytes.byteLength;
    if (this.#length > this.#maxBytes) this.refuse("too-large");
    else if (this.#nonces?.finds(bytes) === true) this.refuse("nonce");
    this.broadcast.write(bytes);
    return this.#refusal;
  }

  /** Keeps nothing from now on. Returns the first reason given. */
  refuse(reason: Refusal): Refusal {
    this.broadcast.slide();
    return (this.#refusal ??= reason);
  }

  /** Returns the whole content and its digest, or why it is not kept. Its length has to equal its `Content-Length`. */
  end(
    contentLength: string | undefined,
  ): { readonly body: Uint8Array; readonly digest: string | undefined } | Refusal {
    // Also if it is not kept: its readers must not take a part for the whole.
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
