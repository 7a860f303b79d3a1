import { IncomingMessage } from "node:http";
import type { ServerResponse } from "node:http";
import type { Http2Session, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Fill, RequestRecord } from "../../adapter.ts";

/** A request of Node's, which has a stream where it came over HTTP/2. */
type Raw = IncomingMessage & { readonly stream?: Partial<ServerHttp2Stream> };

/** A Node request as the core's plain record. */
export class NodeRequest<Native> implements RequestRecord<Native> {
  readonly method: string;
  readonly origin: string;
  readonly target: string;
  readonly rewritten: string | undefined;
  readonly native: Native;
  readonly #headers: IncomingMessage["headers"];
  readonly #raw: Raw;
  readonly #content: unknown;

  /**
   * `origin` and `target` are as the framework was given them; `rewritten` is what was made of the target since, where it
   * is not the same; `content` is the parsed body where there is one.
   */
  constructor(
    raw: IncomingMessage,
    origin: string,
    target: string,
    rewritten: string | undefined,
    native: Native,
    content: unknown,
  ) {
    this.method = raw.method ?? "GET";
    this.origin = origin;
    this.target = target;
    this.rewritten = rewritten;
    this.native = native;
    this.#headers = raw.headers;
    this.#raw = raw;
    this.#content = content;
  }

  header(name: string): string | undefined {
    // A handler may vary by any name, `constructor` too, which every object has.
    const value: unknown = this.#headers[name];
    if (typeof value === "string") return value;
    return Array.isArray(value) ? value.join(", ") : undefined;
  }

  /** A request has fewer fields than there are names of credentials. */
  hasAny(names: ReadonlySet<string>): boolean {
    for (const name in this.#headers) if (names.has(name) && this.header(name) !== undefined) return true;
    return false;
  }

  get hasCertificate(): boolean {
    const { stream, socket } = this.#raw;
    // One that is replayed is of HTTP/1 inside, and its connection says what its client's said.
    const isOfSession = stream !== undefined && !(this.#raw instanceof IncomingMessage);
    return isOfSession ? sessionShowsCertificate(stream.session) : showsCertificate(socket);
  }

  isHeld(): boolean {
    const { complete, httpVersionMajor, socket } = this.#raw as IncomingMessage;
    if (!complete || httpVersionMajor > 1) return !complete;
    // Node's name for the response that has its turn.
    const { _httpMessage: current } = socket as { _httpMessage?: ServerResponse | null };
    return socket.writableNeedDrain || (current ?? undefined)?.req !== this.#raw;
  }

  /** Node says so where somebody listens to its server's upgrades: a WebSocket plugin, which asks the routes then. */
  get isUpgrade(): boolean {
    return (this.#raw as { upgrade?: unknown }).upgrade === true;
  }

  /** Its fields say so (RFC 9112 §6.3); over HTTP/2 none has to. */
  get hasContent(): boolean {
    const { "transfer-encoding": coding, "content-length": length } = this.#headers;
    // What is no number is not nought.
    if (coding !== undefined || (length !== undefined && Number(length) !== 0)) return true;
    return this.#raw.stream?.endAfterHeaders === false;
  }

  content(): unknown {
    return this.#content;
  }
}

/**
 * Whether a client has shown a certificate, or may have: of a TLS connection that is gone nobody can say that any more.
 *
 * It counts whether Node has verified it or not, since an application may do that itself.
 */
function showsCertificate(socket: Socket): boolean {
  const { encrypted, authorized } = socket as Partial<TLSSocket>;
  if (encrypted !== true) return false;
  if (authorized === true) return true;
  const certificate = (socket as Partial<TLSSocket>).getPeerCertificate?.() as object | null | undefined;
  return certificate === null || Object.keys(certificate ?? {}).length > 0;
}

/** A stream loses its session when that has ended, and then nobody can say it either. */
function sessionShowsCertificate(session: Http2Session | undefined): boolean {
  if (session === undefined) return true;
  if (session.encrypted !== true) return false;
  return session.destroyed || showsCertificate(session.socket);
}

/**
 * Takes fields out of a request's headers, and puts the conditions of a fill in their place, for whoever reads them
 * from now on.
 *
 * What they read is a copy, because a handler may write into its request's headers, and must not choose with that
 * under which variant its response is stored. Answers how to show the others again what the client sent.
 */
export function overrideHeaders(
  raw: IncomingMessage,
  { hidden, conditions }: Pick<Fill, "hidden" | "conditions">,
): () => void {
  const received = raw.headers;
  const seen = { ...received };
  for (const name of hidden) delete seen[name];
  for (const [name, value] of conditions) seen[name] = [value].flat().join(", ");
  // That of HTTP/2 has only a getter.
  Object.defineProperty(raw, "headers", {
    configurable: true,
    enumerable: true,
    writable: true,
    value: seen,
  });
  return () => {
    raw.headers = received;
  };
}
