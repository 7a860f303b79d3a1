import { connect } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { broken, combined, linesOf, nameOf } from "./client.ts";
import type { Answer, Ask, ContractClient, OpenAnswer } from "./client.ts";

/** The head of a response: its status, and names and values alternately. */
interface RawHead {
  readonly status: number;
  readonly rawHeaders: readonly string[];
}

/** Connection fields, which HTTP/2 forbids (RFC 9113 §8.2.2). */
const OF_CONNECTION: ReadonlySet<string> = new Set(["connection", "transfer-encoding"]);

/** A client that sends all requests on one HTTP/2 connection. */
export class Http2Client implements ContractClient {
  readonly #origin: string;
  readonly #boundMs: number;
  #session: ClientHttp2Session | undefined;

  /** `boundMs` is the timeout of a request. */
  constructor(origin: string, boundMs: number) {
    this.#origin = origin;
    this.#boundMs = boundMs;
  }

  async ask(ask: Ask): Promise<Answer> {
    const stream = this.start(ask);
    const { status, rawHeaders } = await headOf(stream, ask);
    const parts: Buffer[] = [];
    const next = bodyParts(stream, ask, rawHeaders);
    for (let part = await next(); part !== undefined; part = await next()) parts.push(part);
    const body = Buffer.concat(parts);
    const lines = (name: string): readonly string[] => linesOf(rawHeaders, name);
    const header = (name: string): string | undefined => combined(lines(name));
    return { status, body, text: body.toString(), rawHeaders, header, lines };
  }

  async open(ask: Ask): Promise<OpenAnswer> {
    const stream = this.start(ask);
    const { status, rawHeaders } = await headOf(stream, ask);
    return {
      status,
      header: (name) => combined(linesOf(rawHeaders, name)),
      next: bodyParts(stream, ask, rawHeaders),
      abort: () => void stream.destroy(),
    };
  }

  start({ method = "GET", path, headers = {}, body }: Ask): ClientHttp2Stream {
    // A target that names a host is two pseudo fields, with `Host` beside them (RFC 9113 §8.3.1).
    const url = URL.canParse(path) ? new URL(path) : undefined;
    const { host, ...others } = headers;
    const fields = Object.entries(url === undefined ? others : headers).filter(
      ([name]) => !OF_CONNECTION.has(name.toLowerCase()),
    );
    const authority = url?.host ?? host;
    const pseudo = {
      ":method": method,
      ":path": url === undefined ? path : url.pathname + url.search,
      ...(authority !== undefined && { ":authority": authority }),
    };
    const signal = AbortSignal.timeout(this.#boundMs);
    const options = { signal, endStream: body === undefined };
    const stream = this.#connected().request({ ...pseudo, ...Object.fromEntries(fields) }, options);
    // Errors are reported where the response is awaited. A client that disconnects on purpose has none.
    stream.on("error", () => undefined);
    if (body !== undefined) stream.end(body);
    return stream;
  }

  async wire(ask: Omit<Ask, "body">): Promise<string> {
    const { status, rawHeaders, text } = await this.ask({
      ...ask,
      headers: { host: "a.test", ...ask.headers },
    });
    const fields = rawHeaders.flatMap((name, at) =>
      at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}\r\n`] : [],
    );
    return `HTTP/2 ${status}\r\n${fields.join("")}\r\n${text}`;
  }

  ahead(): never {
    throw ofHttp1();
  }

  rawBegun(): never {
    throw ofHttp1();
  }

  close(): void {
    this.#session?.destroy();
  }

  #connected(): ClientHttp2Session {
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      const session = (this.#session = connect(this.#origin, { settings: { initialWindowSize: 2 ** 20 } }));
      session.on("error", () => undefined);
      // A stream that is not read must not hold back the others on the connection.
      session.once("connect", () => session.setLocalWindowSize(2 ** 28));
    }
    return this.#session;
  }
}

function ofHttp1(): Error {
  return new Error("a server with HTTP/2 only has no clients of HTTP/1: decline this check");
}

function headOf(stream: ClientHttp2Stream, ask: Ask): Promise<RawHead> {
  return new Promise((resolve, reject) => {
    stream.once("response", (headers, _flags, lines?: readonly string[]) => {
      const all = lines ?? Object.entries(headers).flat().map(String);
      const isField = (at: number): boolean => !(all[at - (at % 2)] ?? ":").startsWith(":");
      resolve({ status: Number(headers[":status"]), rawHeaders: all.filter((_, at) => isField(at)) });
    });
    stream.once("error", (error) => reject(broken(`${nameOf(ask)} got no response`, error)));
    stream.once("close", () => reject(broken(`${nameOf(ask)} got no response`, undefined)));
  });
}

/**
 * Returns a function that reads a response part by part and rejects if the stream breaks. A stream that is reset without an
 * error counts as complete, as in many clients, unless it is shorter than its `Content-Length` (RFC 9113 §8.1.1).
 */
function bodyParts(
  stream: ClientHttp2Stream,
  ask: Ask,
  rawHeaders: readonly string[],
): () => Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let end: { readonly error?: Error } | undefined;
  let wake = (): void => undefined;
  let left = Number(combined(linesOf(rawHeaders, "content-length")) ?? NaN);
  const finish = (error?: Error): void => {
    end ??= error === undefined ? {} : { error: broken(`the response to ${nameOf(ask)} broke off`, error) };
    wake();
  };
  stream.on("error", finish);
  stream.on("close", () => {
    const isShort = left > 0 && ask.method !== "HEAD";
    const isReset = stream.rstCode !== 0;
    finish(
      isReset || isShort ? new Error(isReset ? `code ${stream.rstCode}` : "it is too short") : undefined,
    );
  });
  // Without `next` calls nothing is read, which holds the server back.
  stream.on("readable", () => wake());
  return async () => {
    for (;;) {
      const part = parts.shift() ?? (stream.read() as Buffer | null);
      if (part !== null) {
        left -= part.byteLength;
        return part;
      }
      if (end?.error !== undefined) throw end.error;
      if (end !== undefined) return undefined;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
}
