import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTcpProxy } from "./tcp-proxy.ts";
import type { TcpProxy } from "./tcp-proxy.ts";

let echo: Server;
let served: Socket[];
let proxy: TcpProxy;

beforeEach(async () => {
  served = [];
  echo = createServer((socket) => {
    served.push(socket);
    socket.on("error", () => undefined).pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(echo, "listening");
  proxy = await startTcpProxy(echo.address() as AddressInfo);
});

afterEach(async () => {
  await proxy.close();
  echo.close();
});

interface Client {
  readonly socket: Socket;
  text(): string;
  /** Resolves once that much has come. */
  has(text: string): Promise<void>;
  /** How the connection ended: `end`, or the code of its error. */
  readonly ended: Promise<string>;
}

async function client(): Promise<Client> {
  const socket = connect(proxy.port, proxy.host);
  let text = "";
  socket.on("data", (chunk) => (text += String(chunk)));
  const ended = new Promise<string>((resolve) => {
    socket.once("end", () => resolve("end"));
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
  });
  await once(socket, "connect");
  const has = async (wanted: string): Promise<void> => {
    if (text === wanted) return;
    await once(socket, "data");
    await has(wanted);
  };
  return { socket, text: () => text, has, ended };
}

/** Long enough for what is sent at once to arrive. */
async function aWhile(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 30));
}

describe("a proxy between client and server", () => {
  it("forwards what both send, and counts it", async () => {
    const { socket, has } = await client();
    socket.write("hello");
    await has("hello");

    expect([proxy.accepted, proxy.open, proxy.forwarded]).toEqual([1, 1, { requests: 5, replies: 5 }]);
  });

  it("forwards megabytes whole", async () => {
    const { socket, has } = await client();
    const text = "0123456789abcdef".repeat(2 ** 17);
    socket.write(text);

    await expect(has(text)).resolves.toBeUndefined();
  });

  it("keeps the order of what it delays", async () => {
    const { socket, text, has } = await client();
    proxy.delay(60);
    socket.write("a");
    await aWhile();
    const before = text();
    proxy.delay(0);
    socket.write("b");
    await has("ab");

    expect(before).toBe("");
  });

  it("keeps frozen connections and accepts new ones, and forwards what was sent once it thaws", async () => {
    const first = await client();
    proxy.freeze();
    const second = await client();
    first.socket.write("one");
    second.socket.write("two");
    await aWhile();
    const before = [first.text(), second.text(), proxy.open, proxy.forwarded.requests];
    proxy.thaw();
    await Promise.all([first.has("one"), second.has("two")]);

    expect(before).toEqual(["", "", 2, 0]);
  });

  it("freezes replies alone", async () => {
    const { socket, text } = await client();
    proxy.freeze("replies");
    socket.write("one");
    await aWhile();

    expect([text(), proxy.forwarded]).toEqual(["", { requests: 3, replies: 0 }]);
  });

  it("does not tell the client of a frozen connection that the server has gone", async () => {
    const { socket } = await client();
    socket.write("one");
    await once(socket, "data");
    proxy.freeze();
    served.forEach((connection) => connection.destroy());
    await aWhile();

    expect([socket.readableEnded, socket.destroyed]).toEqual([false, false]);
  });

  it("truncates replies, and closes the connection", async () => {
    const { socket, text, ended } = await client();
    proxy.truncate(3);
    socket.write("hello");

    expect([await ended, text()]).toEqual(["end", "hel"]);
  });

  it("garbles replies alone", async () => {
    const { socket, has } = await client();
    proxy.garble();
    socket.write("AB");

    await expect(has("TW")).resolves.toBeUndefined();
  });

  it.each([
    ["RST", "ECONNRESET"],
    ["FIN", "end"],
  ] as const)("cuts connections by %s", async (how, seen) => {
    const { ended } = await client();
    proxy.cut(how);

    expect([await ended, proxy.open]).toEqual([seen, 0]);
  });

  it("refuses connections, and accepts them on the same port once it is calm", async () => {
    const kept = await client();
    proxy.refuse();
    const refused = await once(connect(proxy.port, proxy.host), "connect").catch(
      (error: NodeJS.ErrnoException) => error.code,
    );
    await proxy.calm();
    const { socket, has } = await client();
    socket.write("again");
    await has("again");

    expect([refused, kept.socket.destroyed]).toEqual(["ECONNREFUSED", false]);
  });

  it("closes the client's connection where there is no server", async () => {
    echo.close();
    const { ended } = await client();

    expect(await ended).toMatch(/end|ECONNRESET/);
  });
});
