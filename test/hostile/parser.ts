/** One response as it came over a raw connection. */
export interface Received {
  readonly status: number;
  /** Values by lower-case name; lines of one name are joined. */
  readonly fields: ReadonlyMap<string, string>;
  body: Buffer;
  isWhole: boolean;
}

type State = "head" | "counted" | "chunk-size" | "chunk" | "until-end" | "over";

/** Reads what a server sends on one connection, for requests of which it is told the methods. Throws where that is no HTTP. */
export class ResponseParser {
  /** The responses that have begun. */
  readonly responses: Received[] = [];
  /** What came, and is not of any response. */
  excess = 0;
  readonly #methods: readonly string[];
  #bytes: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];
  #state: State = "head";
  #left = 0;

  constructor(methods: readonly string[]) {
    this.#methods = methods;
  }

  /** How many responses have come whole. */
  get count(): number {
    return this.responses.filter(({ isWhole }) => isWhole).length;
  }

  read(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    while (this.#bytes.length > 0 && this.#step());
  }

  /** The connection has ended; `isClean` where the server closed it, and did not break it off. */
  end(isClean: boolean): void {
    if (this.#state === "until-end" && isClean) this.#finish();
    else this.#keep();
  }

  get #current(): Received | undefined {
    return this.responses.at(-1);
  }

  #step(): boolean {
    switch (this.#state) {
      case "head":
        return this.#head();
      case "counted":
      case "chunk":
        return this.#content();
      case "chunk-size":
        return this.#chunkSize();
      case "until-end":
        this.#parts.push(this.#bytes);
        this.#bytes = Buffer.alloc(0);
        return false;
      case "over":
        this.excess += this.#bytes.length;
        this.#bytes = Buffer.alloc(0);
        return false;
    }
  }

  #head(): boolean {
    const end = this.#bytes.indexOf("\r\n\r\n");
    if (end === -1) {
      if (this.#bytes.length > 65_536) throw new Error("a head does not end");
      return false;
    }
    const [line = "", ...lines] = this.#bytes.subarray(0, end).toString("latin1").split("\r\n");
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1];
    if (status === undefined) throw new Error(`no status line: ${JSON.stringify(line.slice(0, 200))}`);
    this.#bytes = this.#bytes.subarray(end + 4);
    if (status === "100" || status === "103") return true;
    const fields = new Map<string, string>();
    for (const text of lines) {
      const at = text.indexOf(":");
      if (at < 1) throw new Error(`no header field: ${JSON.stringify(text)}`);
      const [name, value] = [text.slice(0, at).toLowerCase(), text.slice(at + 1).trim()];
      fields.set(name, fields.has(name) ? `${fields.get(name)}, ${value}` : value);
    }
    const method = this.#methods[this.responses.length];
    this.responses.push({ status: Number(status), fields, body: Buffer.alloc(0), isWhole: false });
    this.#frame(method, Number(status), fields);
    return true;
  }

  #frame(method: string | undefined, status: number, fields: ReadonlyMap<string, string>): void {
    const length = fields.get("content-length");
    const coding = fields.get("transfer-encoding");
    if (method === "HEAD" || status === 304 || status === 204) return this.#finish();
    if (coding !== undefined && length !== undefined) throw new Error("both a length and a transfer coding");
    if (coding !== undefined) this.#state = "chunk-size";
    else if (length === undefined) this.#state = "until-end";
    else {
      if (!/^\d+$/.test(length)) throw new Error(`no length: ${length}`);
      this.#left = Number(length);
      this.#state = "counted";
      if (this.#left === 0) this.#finish();
    }
  }

  #content(): boolean {
    const part = this.#bytes.subarray(0, this.#left);
    this.#parts.push(part);
    this.#left -= part.length;
    this.#bytes = this.#bytes.subarray(part.length);
    if (this.#left > 0) return true;
    if (this.#state === "chunk") this.#state = "chunk-size";
    else this.#finish();
    return true;
  }

  #chunkSize(): boolean {
    // After a chunk comes an empty line.
    const from = this.#bytes[0] === 13 && this.#parts.length > 0 ? 2 : 0;
    const end = this.#bytes.indexOf("\r\n", from);
    if (end === -1) {
      if (this.#bytes.length > 100) throw new Error("a chunk's size does not end");
      return false;
    }
    const text = this.#bytes.subarray(from, end).toString("latin1");
    if (!/^[\da-f]+$/i.test(text)) throw new Error(`no chunk's size: ${JSON.stringify(text)}`);
    const size = Number.parseInt(text, 16);
    if (size > 0) {
      this.#bytes = this.#bytes.subarray(end + 2);
      this.#left = size;
      this.#state = "chunk";
      return true;
    }
    if (this.#bytes.length < end + 4) return false;
    if (this.#bytes.subarray(end, end + 4).toString("latin1") !== "\r\n\r\n")
      throw new Error("no end after the last chunk");
    this.#bytes = this.#bytes.subarray(end + 4);
    this.#finish();
    return true;
  }

  #keep(): void {
    const current = this.#current;
    if (current === undefined || current.isWhole) return;
    current.body = Buffer.concat(this.#parts);
    this.#parts = [];
  }

  #finish(): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#keep();
    current.isWhole = true;
    this.#parts = [];
    this.#state = this.responses.length < this.#methods.length ? "head" : "over";
  }
}
