import { IncomingMessage } from "node:http";
import type { ServerResponse } from "node:http";
import type { Http2Session, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Fill, RequestRecord } from "../../adapter.ts";

/** A Node request, which has a stream if it came over HTTP/2. */
type Raw = IncomingMessage & { readonly stream?: Partial<ServerHttp2Stream> };

/** The parameters of a request's path. */
type Params = Readonly<Record<string, unknown>>;

/** A Node request as the core's plain record. */
export class NodeRequest<Native> implements RequestRecord<Native> {
  readonly method: string;
  readonly origin: string;
  readonly target: string;
  readonly rewritten: string | undefined;
  readonly native: Native;
  readonly arrivedAt: number | undefined;
  readonly params: Params | undefined;
  readonly #headers: IncomingMessage["headers"];
  readonly #raw: Raw;
  readonly #content: unknown;

  /**
   * `origin` and `target` are as the framework received them; `rewritten` is the target as something has rewritten it
   * since, or undefined; `content` is the parsed body, if there is one; `arrivedAt` is when it arrived, if that was noted;
   * `params` are those of its path. Default: those of `native`.
   */
  constructor(
    raw: IncomingMessage,
    origin: string,
    target: string,
    rewritten: string | undefined,
    native: Native,
    content: unknown,
    arrivedAt?: number,
    params: Params | undefined = (native as { readonly params?: Params } | undefined)?.params,
  ) {
    this.method = raw.method ?? "GET";
    this.origin = origin;
    this.target = target;
    this.rewritten = rewritten;
    this.native = native;
    this.arrivedAt = arrivedAt;
    // Express sets other parameters for each of its layers.
    this.params = params;
    this.#headers = raw.headers;
    this.#raw = raw;
    this.#content = content;
  }

  header(name: string): string | undefined {
    // A handler may vary by any name, even `constructor`, which every object has.
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
    // A replayed HTTP/1 request has a detached socket, which describes the client's connection.
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

  /** Node sets it if the server has a listener for upgrades: a WebSocket plugin, which calls the routes itself. */
  get isUpgrade(): boolean {
    return (this.#raw as { upgrade?: unknown }).upgrade === true;
  }

  /** Framing fields announce content (RFC 9112 §6.3), except over HTTP/2 (hazard 38). */
  get hasContent(): boolean {
    const { "transfer-encoding": coding, "content-length": length } = this.#headers;
    // An invalid length is not zero.
    if (coding !== undefined || (length !== undefined && Number(length) !== 0)) return true;
    return this.#raw.stream?.endAfterHeaders === false;
  }

  content(): unknown {
    return this.#content;
  }
}

/**
 * Whether a client has shown a certificate, or may have: a closed TLS connection does not tell (hazard 36).
 *
 * A certificate that Node has not verified counts too, since an application may verify it itself.
 */
function showsCertificate(socket: Socket): boolean {
  const { encrypted, authorized } = socket as Partial<TLSSocket>;
  if (encrypted !== true) return false;
  if (authorized === true) return true;
  const certificate = (socket as Partial<TLSSocket>).getPeerCertificate?.() as object | null | undefined;
  return certificate === null || Object.keys(certificate ?? {}).length > 0;
}

/** A stream loses its session when that has ended, and with it the certificate. */
function sessionShowsCertificate(session: Http2Session | undefined): boolean {
  if (session === undefined) return true;
  if (session.encrypted !== true) return false;
  return session.destroyed || showsCertificate(session.socket);
}

/**
 * Replaces the headers of a request: without the fields that a fill hides, and with its conditions. Returns how to
 * restore them.
 *
 * The handler reads a copy, because it may write into its request's headers, and must not change the variant under
 * which its response is stored.
 */
export function overrideHeaders(
  raw: IncomingMessage,
  { hidden, conditions }: Pick<Fill, "hidden" | "conditions">,
): () => void {
  const received = raw.headers;
  const shown = { ...received };
  for (const name of hidden) if (name in received) delete shown[name];
  for (const [name, value] of conditions) shown[name] = [value].flat().join(", ");
  if (raw instanceof IncomingMessage) raw.headers = shown;
  // An HTTP/2 request has only a getter.
  else {
    const property = { configurable: true, enumerable: true, writable: true, value: shown };
    Object.defineProperty(raw, "headers", property);
  }
  return () => {
    raw.headers = received;
  };
}
