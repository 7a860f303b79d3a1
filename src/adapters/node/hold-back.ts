import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { MaybePromise } from "../../adapter.ts";

/**
 * Keeps the bytes of an HTTP/1 response back until a promise is settled. All else is as it would be: what is sent by then
 * is written at once and in order, with its callbacks, `finish` and `drain` after that.
 *
 * The connection is corked. Node uncorks it itself, at the end of a turn and at the end of a response, so that is put off.
 */
export function holdBack(res: ServerResponse, until: Promise<void>): void {
  let socket: Socket | undefined;
  let isOver = false;
  const hold = (held: Socket): void => {
    if (isOver) return;
    socket = held;
    held.cork();
    held.uncork = () => undefined;
  };
  const release = (): void => {
    isOver = true;
    if (socket === undefined) return;
    Reflect.deleteProperty(socket, "uncork");
    while (socket.writableCorked > 0) socket.uncork();
  };
  if (res.socket !== null) hold(res.socket);
  // An earlier response is under way on this connection.
  else res.once("socket", hold);
  until.then(release, release);
}

/** The ways of sending, as a handler calls them. */
const SENDING = ["writeHead", "flushHeaders", "write", "end"] as const;

type Send = (...args: unknown[]) => unknown;

/** Calls `listener` at each call that sends something on a response, before it is carried out. */
export function beforeEachSend(res: ServerResponse, listener: (status: number) => void): void {
  const methods = res as unknown as Record<string, Send | undefined>;
  for (const name of SENDING) {
    const send = methods[name];
    if (send === undefined) continue;
    methods[name] = (...args) => {
      listener(name === "writeHead" ? Number(args[0]) : res.statusCode);
      return Reflect.apply(send, res, args);
    };
  }
}

/**
 * Calls `begin` before the first byte of an HTTP/2 response is sent. If it returns a promise, what the handler sends is
 * sent once that is settled. A stream of HTTP/2 cannot be corked before its head.
 */
export function beforeFirstSend(res: ServerResponse, begin: (status: number) => MaybePromise<void>): void {
  const methods = res as unknown as Record<string, Send>;
  const sent: (readonly [name: string, args: unknown[]])[] = [];
  let isHeld = false;
  const release = (): void => {
    for (const name of SENDING) Reflect.deleteProperty(res, name);
    for (const [name, args] of sent) methods[name]?.apply(res, args);
    if (sent.some(([name]) => name === "write")) res.emit("drain");
  };
  for (const name of SENDING) {
    methods[name] = (...args) => {
      const pending = isHeld ? undefined : begin(name === "writeHead" ? Number(args[0]) : res.statusCode);
      if (!isHeld && !(pending instanceof Promise)) {
        release();
        return methods[name]?.apply(res, args);
      }
      isHeld = true;
      sent.push([name, args]);
      pending?.then(release, release);
      return name === "write" ? false : res;
    };
  }
}
