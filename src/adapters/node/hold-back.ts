import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { MaybePromise } from "../../adapter.ts";
import { processWide } from "./process-wide.ts";
import { shadow } from "./shadow.ts";

/** A connection that is held back. */
interface Hold {
  /** How many promises it waits for: a response may be that of several writes. */
  count: number;
  release(): void;
}

const HOLDS = processWide("node.holds.1", () => new WeakMap<Socket, Hold>());

/**
 * Keeps the bytes of an HTTP/1 response back until a promise is settled. All else is as it would be: what is sent by then
 * is written at once and in order, with its callbacks, `finish` and `drain` after that.
 */
export function holdBack(res: ServerResponse, until: Promise<void>): void {
  let held: Hold | undefined;
  let isOver = false;
  const hold = (socket: Socket): void => {
    if (isOver) return;
    held = HOLDS.get(socket) ?? holdConnection(socket);
    held.count++;
  };
  const release = (): void => {
    isOver = true;
    if (held !== undefined && --held.count === 0) held.release();
  };
  if (res.socket !== null) hold(res.socket);
  // An earlier response is under way on this connection.
  else res.once("socket", hold);
  until.then(release, release);
}

/**
 * Corks a connection. Node uncorks it itself, at the end of a turn and at the end of a response, so that is put off. So is
 * its end, which a client that closes its own side brings about: where Node uncorks after the end, it may never finish.
 */
function holdConnection(socket: Socket): Hold {
  const ends: unknown[][] = [];
  socket.cork();
  const restore = shadow(socket, {
    uncork: () => undefined,
    end: (...args: unknown[]) => {
      ends.push(args);
      return socket;
    },
  });
  const release = (): void => {
    HOLDS.delete(socket);
    restore();
    while (socket.writableCorked > 0) socket.uncork();
    for (const args of ends) Reflect.apply(socket.end, socket, args);
  };
  const held = { count: 0, release };
  HOLDS.set(socket, held);
  return held;
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
 * sent once that is settled; what cannot be sent then breaks the response off. A stream of HTTP/2 cannot be corked before
 * its head.
 */
export function beforeFirstSend(res: ServerResponse, begin: (status: number) => MaybePromise<void>): void {
  const methods = res as unknown as Record<string, Send>;
  const held: (() => unknown)[] = [];
  let state: "unsent" | "held" | "open" = "unsent";
  const release = (): void => {
    state = "open";
    try {
      const results = held.map((send) => send());
      // Where one of them returned false, Node will emit it.
      if (results.includes(true) && !results.includes(false)) res.emit("drain");
    } catch (error) {
      // The handler, which would have caught it, is past that call.
      res.destroy(error as Error);
    }
  };
  for (const name of SENDING) {
    // Middleware in front, such as that of sessions, has put its own methods here.
    const send = methods[name] as Send;
    methods[name] = (...args) => {
      if (state === "unsent") {
        const pending = begin(name === "writeHead" ? Number(args[0]) : res.statusCode);
        state = pending instanceof Promise ? "held" : "open";
        if (pending instanceof Promise) pending.then(release, release);
      }
      if (state === "open") return Reflect.apply(send, res, args);
      held.push(() => Reflect.apply(send, res, args));
      return name === "write" ? false : res;
    };
  }
}
