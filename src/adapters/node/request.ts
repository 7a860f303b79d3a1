import type { IncomingMessage } from "node:http";
import type { Fill, RequestRecord } from "../../adapter.ts";

/** A Node request as the core's plain record. */
export class NodeRequest<Native> implements RequestRecord<Native> {
  readonly method: string;
  readonly origin: string;
  readonly target: string;
  readonly native: Native;
  readonly #headers: IncomingMessage["headers"];
  readonly #stream: { readonly endAfterHeaders?: boolean } | undefined;
  readonly #content: unknown;

  /** `origin` and `target` are as the framework sees them; `content` is the parsed body where there is one. */
  constructor(raw: IncomingMessage, origin: string, target: string, native: Native, content: unknown) {
    this.method = raw.method ?? "GET";
    this.origin = origin;
    this.target = target;
    this.native = native;
    this.#headers = raw.headers;
    this.#stream = (raw as { stream?: { readonly endAfterHeaders?: boolean } }).stream;
    this.#content = content;
  }

  header(name: string): string | undefined {
    // A handler may vary by any name, `constructor` too, which every object has.
    const value: unknown = this.#headers[name];
    if (typeof value === "string") return value;
    return Array.isArray(value) ? value.join(", ") : undefined;
  }

  /** Over HTTP/2 no field has to say so. */
  get hasContent(): boolean {
    return this.#stream?.endAfterHeaders === false;
  }

  content(): unknown {
    return this.#content;
  }
}

/**
 * Takes fields out of a request's headers, and puts the conditions of a fill in their place, for whoever reads them
 * from now on.
 *
 * What they read is a copy, because a handler may write into its request's headers, and must not choose with that
 * under which variant its response is stored.
 */
export function showFields(
  raw: IncomingMessage,
  { hidden, conditions }: Pick<Fill, "hidden" | "conditions">,
): void {
  const seen = { ...raw.headers };
  for (const name of hidden) delete seen[name];
  for (const [name, value] of conditions) seen[name] = [value].flat().join(", ");
  // That of HTTP/2 has only a getter.
  Object.defineProperty(raw, "headers", {
    configurable: true,
    enumerable: true,
    writable: true,
    value: seen,
  });
}
