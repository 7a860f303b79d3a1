/** How much of a request of a foreign class there is: its content may have been read by a middleware. */
export interface Arrival {
  readonly isRead?: boolean;
}

/**
 * Makes of a request one as servers make them that have a class of their own: it is no `Request` to any constructor, its
 * parts are private and created on first read, and its properties have classes of their own as well.
 */
export function foreignRequest(request: Request, { isRead = false }: Arrival = {}): Request {
  return new ForeignRequest(request, isRead) as unknown as Request;
}

const READ = new TypeError("somebody has read this content");

class ForeignRequest {
  readonly #request: Request;
  readonly #isRead: boolean;
  #headers: ForeignHeaders | undefined;
  #signal: ForeignSignal | undefined;
  #body: ForeignStream | null | undefined;

  constructor(request: Request, isRead: boolean) {
    this.#request = request;
    this.#isRead = isRead;
  }

  get method(): string {
    return this.#request.method;
  }

  get url(): string {
    return this.#request.url;
  }

  /** The same by another name, as some classes have it. */
  get parsedUrl(): URL {
    return new URL(this.#request.url);
  }

  get ip(): string {
    return this.#request.headers.get("x-ip") ?? "192.0.2.1";
  }

  get headers(): ForeignHeaders {
    return (this.#headers ??= new ForeignHeaders(this.#request.headers));
  }

  get signal(): ForeignSignal {
    return (this.#signal ??= new ForeignSignal(this.#request.signal));
  }

  get body(): ForeignStream | null {
    if (this.#isRead) return null;
    const { body } = this.#request;
    if (this.#body === undefined) this.#body = body === null ? null : new ForeignStream(body);
    return this.#body;
  }

  get bodyUsed(): boolean {
    return this.#isRead || this.#request.bodyUsed;
  }

  async text(): Promise<string> {
    if (this.#isRead) throw READ;
    return this.#request.text();
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    if (this.#isRead) throw READ;
    return this.#request.arrayBuffer();
  }
}

/** Not iterable, as in some libraries. */
class ForeignHeaders {
  readonly #headers: Headers;

  constructor(headers: Headers) {
    this.#headers = new Headers(headers);
  }

  get(name: string): string | null {
    return this.#headers.get(name);
  }

  has(name: string): boolean {
    return this.#headers.has(name);
  }

  set(name: string, value: string): void {
    this.#headers.set(name, value);
  }

  delete(name: string): void {
    this.#headers.delete(name);
  }

  forEach(tell: (value: string, name: string) => void): void {
    for (const [name, value] of this.#headers) tell(value, asWritten(name));
  }
}

/** A name as programs like to write it. */
function asWritten(name: string): string {
  return name.replaceAll(/(?<![a-z])[a-z]/g, (letter) => letter.toUpperCase());
}

class ForeignSignal {
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  get aborted(): boolean {
    return this.#signal.aborted;
  }

  get reason(): unknown {
    return this.#signal.reason;
  }

  addEventListener(type: "abort", listener: () => void, options?: { readonly once?: boolean }): void {
    this.#signal.addEventListener(type, listener, options);
  }

  removeEventListener(type: "abort", listener: () => void): void {
    this.#signal.removeEventListener(type, listener);
  }
}

class ForeignStream {
  readonly #stream: ReadableStream<Uint8Array>;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#stream = stream;
  }

  get locked(): boolean {
    return this.#stream.locked;
  }

  getReader(): Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel"> {
    const reader = this.#stream.getReader();
    return { read: () => reader.read(), cancel: (reason) => reader.cancel(reason) };
  }
}

/** Makes of a response one of a class that is no `Response`, and whose headers are listed as they were written. */
export function foreignResponse(response: Response): Response {
  return new ForeignResponse(response) as unknown as Response;
}

class ForeignResponse {
  readonly status: number;
  readonly statusText: string;
  readonly body: ReadableStream<Uint8Array> | null;
  readonly headers: ForeignResponseHeaders;

  constructor({ status, statusText, body, headers }: Response) {
    this.status = status;
    this.statusText = statusText;
    this.body = body;
    this.headers = new ForeignResponseHeaders(headers);
  }

  get bodyUsed(): boolean {
    return false;
  }
}

class ForeignResponseHeaders extends ForeignHeaders {
  readonly #own: Headers;

  constructor(headers: Headers) {
    super(headers);
    this.#own = new Headers(headers);
  }

  override set(name: string, value: string): void {
    super.set(name, value);
    this.#own.set(name, value);
  }

  append(name: string, value: string): void {
    this.#own.append(name, value);
  }

  getSetCookie(): readonly string[] {
    return this.#own.getSetCookie();
  }

  *[Symbol.iterator](): Generator<readonly [name: string, value: string]> {
    for (const [name, value] of this.#own) yield [asWritten(name), value];
  }
}
