import { once } from "node:events";
import { request as send } from "node:http";
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { connect } from "node:net";

/** A request. */
export interface Ask {
  /** Default: GET. */
  readonly method?: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

/** A whole response. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
  readonly text: string;
  /** A header's combined value, by lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** A header's lines in order, by lower-case name. */
  readonly lines: (name: string) => readonly string[];
}

/** A response whose head has come. */
export interface OpenAnswer {
  /** The next part of the body as text; undefined after the last one. Rejects where the connection breaks. */
  next(): Promise<string | undefined>;
  /** Goes away. */
  abort(): void;
}

/** Asks a server, each request on a connection of its own. */
export class Client {
  /** The server's port. */
  readonly port: string;

  constructor(origin: string) {
    this.port = new URL(origin).port;
  }

  /** Sends a request and reads the response to its end. */
  async ask(ask: Ask): Promise<Answer> {
    const message = await headOf(this.start(ask));
    const body = Buffer.concat((await message.toArray()) as Buffer[]);
    const { rawHeaders } = message;
    const lines = (name: string): readonly string[] =>
      rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
    const header = (name: string): string | undefined => lines(name).join(", ") || undefined;
    return { status: message.statusCode ?? 0, body, text: body.toString(), header, lines };
  }

  /** Sends a request and returns the response as soon as its head has come. */
  async open(ask: Ask): Promise<OpenAnswer> {
    const request = this.start(ask);
    const parts = (await headOf(request))[Symbol.asyncIterator]();
    return {
      next: async () => ((await parts.next()) as IteratorResult<Buffer, undefined>).value?.toString(),
      abort: () => void request.destroy(),
    };
  }

  /** Sends a request and waits for nothing. */
  start({ method = "GET", path, headers = {}, body }: Ask): ClientRequest {
    const request = send({ host: "127.0.0.1", port: this.port, method, path, headers, agent: false });
    // An awaited response rejects with an error; a client that disconnects on purpose awaits none.
    request.on("error", () => undefined);
    return request.end(body);
  }

  /** Sends bytes and returns all that is received until the server closes the connection. */
  async raw(text: string): Promise<string> {
    const socket = connect(Number(this.port), "127.0.0.1").setEncoding("latin1");
    socket.write(text, "latin1");
    return ((await socket.toArray()) as string[]).join("");
  }
}

async function headOf(request: ClientRequest): Promise<IncomingMessage> {
  const [message] = (await once(request, "response")) as [IncomingMessage];
  return message;
}
