import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import { connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { WriteWatch } from "../../../src/adapters/node/write-watch.ts";

/** A promise that a test settles. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

type Handle = (req: IncomingMessage, res: ServerResponse) => void;

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A connection to a server of HTTP/1, what it has received, and the server's end of it. */
async function rawly(handle: Handle): Promise<{
  readonly socket: Socket;
  readonly theirs: () => Socket | undefined;
  readonly received: () => string;
  readonly receives: (text: string) => Promise<void>;
}> {
  let theirs: Socket | undefined;
  const server = createServer(handle);
  server.on("connection", (socket) => (theirs = socket));
  const socket = connect(await listening(server), "127.0.0.1").setEncoding("latin1");
  onTestFinished(() => void socket.destroy());
  let received = "";
  socket.on("data", (part: string) => (received += part));
  const receives = async (text: string): Promise<void> => {
    while (!received.includes(text)) await once(socket, "data");
  };
  return { socket, theirs: () => theirs, received: () => received, receives };
}

async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

const POST = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n";
const GET = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

describe("a held response of HTTP/1", () => {
  it("waits for each of the invalidations that hold it", async () => {
    const [one, two] = [gate(), gate()];
    const { socket, received, receives } = await rawly((_req, res) => {
      for (const { opened } of [one, two]) void new WriteWatch(res, () => opened);
      res.end("written");
    });
    socket.write(POST);
    await turns();
    one.open();
    await turns();
    const early = received();
    two.open();
    await receives("written");

    expect(early).toBe("");
  });

  it("leaves a connection as it was, for the responses after it", async () => {
    const first = gate();
    const { socket, theirs, received, receives } = await rawly((req, res) => {
      if (req.method === "POST") void new WriteWatch(res, () => first.opened);
      res.end(req.method === "POST" ? "written" : "read");
    });
    socket.write(POST + GET + POST + GET);
    await turns();
    const early = received();
    first.open();
    await receives("written");
    while (received().split("read").length < 3) await once(socket, "data");

    expect([early, theirs()?.writableCorked, Object.hasOwn(theirs() ?? {}, "uncork")]).toEqual([
      "",
      0,
      false,
    ]);
  });
});

describe("a held connection", () => {
  it("closes where its client closes its own side meanwhile", async () => {
    const { opened, open } = gate();
    const { socket, theirs, receives } = await rawly((_req, res) => {
      void new WriteWatch(res, () => opened);
      res.flushHeaders();
      res.req.socket.once("end", () => res.end("written"));
    });
    socket.end(POST);
    while (theirs()?.readableEnded !== true) await turns();
    open();
    await receives("written");
    await once(socket, "close");
    await turns();

    expect(theirs()?.destroyed).toBe(true);
  });
});

describe("a connection that the application destroys while it is held", () => {
  it.each<readonly [string, (res: ServerResponse) => unknown]>([
    ["the connection", (res) => res.req.socket.destroy()],
    ["the response", (res) => res.destroy(new Error("broken off"))],
  ])("is sent what was sent by then, and is closed: %s", async (_what, close) => {
    const { opened, open } = gate();
    const { socket, theirs, received } = await rawly((_req, res) => {
      void new WriteWatch(res, () => opened);
      res.end("written");
      setImmediate(() => {
        close(res);
        res.req.socket.write("more");
      });
    });
    socket.on("error", () => undefined);
    socket.write(POST);
    await turns();
    const early = received();
    open();
    await once(socket, "close");

    expect([early, received().endsWith("written"), theirs()?.destroyed]).toEqual(["", true, true]);
  });

  it("closes at once where it has failed: its client has gone", async () => {
    const { opened } = gate();
    const { socket, theirs } = await rawly((_req, res) => {
      void new WriteWatch(res, () => opened);
      res.end("written");
    });
    socket.write(POST);
    await turns();
    socket.resetAndDestroy();
    while (theirs()?.destroyed !== true) await turns();

    expect(theirs()?.destroyed).toBe(true);
  });
});

describe("a held response of HTTP/2", () => {
  async function ask(handle: Handle): Promise<{
    readonly status: () => unknown;
    readonly fields: () => http2.IncomingHttpHeaders;
    readonly text: () => string;
    readonly end: Promise<unknown>;
  }> {
    const server = http2.createServer(handle as never);
    const port = await listening(server);
    const session = http2.connect(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    session.on("error", () => undefined);
    const stream = session.request({ ":method": "POST" }).setEncoding("utf8");
    let fields: http2.IncomingHttpHeaders = {};
    let text = "";
    stream.on("response", (given) => (fields = given));
    stream.on("data", (part: string) => (text += part));
    stream.on("error", () => undefined);
    stream.end();
    const end = new Promise((resolve) => stream.once("close", resolve));
    return { status: () => fields[":status"], fields: () => fields, text: () => text, end };
  }

  it("waits for each of the invalidations that hold it", async () => {
    const [one, two] = [gate(), gate()];
    const begun = new Set<object>();
    const { status, text, end } = await ask((_req, res) => {
      for (const { opened } of [one, two]) void new WriteWatch(res, () => (begun.add(opened), opened));
      res.end("written");
    });
    while (begun.size === 0) await turns();
    await turns();
    two.open();
    await turns();
    const early = status();
    one.open();
    await end;

    expect([early, status(), text(), begun.size]).toEqual([undefined, 200, "written", 2]);
  });

  it.each(["held", "not held"])("keeps what was put around its methods, %s", async (how) => {
    const { status, fields, text, end } = await ask((_req, res) => {
      const { end: send } = res;
      res.end = function ended(...args: readonly unknown[]) {
        if (!res.headersSent) res.setHeader("set-cookie", "session=1");
        return Reflect.apply(send, res, args) as ServerResponse;
      };
      void new WriteWatch(res, () => (how === "held" ? Promise.resolve() : undefined));
      res.end("written");
    });
    await end;

    expect([status(), fields()["set-cookie"], text()]).toEqual([200, ["session=1"], "written"]);
  });

  it("counts as sent: what an error handler adds after that is refused, as without a hold", async () => {
    const { opened, open } = gate();
    const seen: unknown[] = [];
    const { status, fields, text, end } = await ask((_req, res) => {
      void new WriteWatch(res, () => opened);
      res.setHeader("x-a", "1");
      res.write("a");
      seen.push(res.headersSent, res.writableEnded);
      res.statusCode = 500;
      for (const change of [() => res.setHeader("x-a", "2"), () => res.writeHead(500)]) {
        try {
          change();
        } catch (error) {
          seen.push((error as { readonly code: unknown }).code);
        }
      }
      res.end("b");
      seen.push(res.writableEnded);
      open();
    });
    await end;

    expect(seen).toEqual([true, false, "ERR_HTTP2_HEADERS_SENT", "ERR_HTTP2_HEADERS_SENT", true]);
    expect([status(), fields()["x-a"], text()]).toEqual([200, "1", "ab"]);
  });

  it.each<readonly [string, (res: ServerResponse) => unknown]>([
    ["two heads", (res) => (res.writeHead(200), res.writeHead(200).end("a"))],
    ["content that is none", (res) => res.write(1)],
    ["a status that is none", (res) => res.writeHead(1)],
  ])("breaks off where it cannot be sent: %s", async (_what, send) => {
    const { end, text } = await ask((_req, res) => {
      void new WriteWatch(res, () => Promise.resolve());
      try {
        send(res);
      } catch {
        res.destroy();
      }
    });
    await end;

    expect(text()).toBe("");
  });
});
