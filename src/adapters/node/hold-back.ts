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

/** The ways of sending, as a handler calls them. */
const SENDING = ["writeHead", "flushHeaders", "write", "end"] as const;

type Send = (...args: unknown[]) => unknown;

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
 * Corks a connection. Node uncorks it itself, at the end of a turn and at the end of a response, so that is put off. So are
 * its end, which a client that closes its own side brings about, and its destruction by the application: what was sent by
 * then would be lost, which may be a whole response.
 */
function holdConnection(socket: Socket): Hold {
  const { end, destroy, write } = socket as unknown as Record<string, Send>;
  const closings: (() => void)[] = [];
  let state: "open" | "destroyed" | "released" = "open";
  socket.cork();
  const close = (send: Send | undefined, args: unknown[]): Socket => {
    const act = (): void => void Reflect.apply(send as Send, socket, args);
    // Node may have kept the method as a listener.
    if (state === "released") act();
    else closings.push(act);
    return socket;
  };
  const restore = shadow(socket, {
    uncork: () => undefined,
    end: (...args: unknown[]) => close(end, args),
    destroy: (...args: unknown[]) => {
      if (isOfClient(args[0])) return Reflect.apply(destroy as Send, socket, args);
      if (state === "open") state = "destroyed";
      return close(destroy, args);
    },
    // What is sent after that is not sent without a hold either.
    write: (...args: unknown[]) => state !== "destroyed" && Reflect.apply(write as Send, socket, args),
  });
  const release = (): void => {
    HOLDS.delete(socket);
    state = "released";
    restore();
    while (socket.writableCorked > 0) socket.uncork();
    for (const act of closings) act();
  };
  const held = { count: 0, release };
  HOLDS.set(socket, held);
  return held;
}

/** Whether a connection is destroyed because it failed: reading from a client that has gone, or writing to it. */
function isOfClient(error: unknown): boolean {
  return (error as { readonly syscall?: unknown } | null | undefined)?.syscall !== undefined;
}

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
 * sent once that is settled; what cannot be sent then breaks the response off. Until then the head counts as sent: it can
 * be changed no more, and nobody sends another response. A stream of HTTP/2 cannot be corked before its head.
 */
export function beforeFirstSend(res: ServerResponse, begin: (status: number) => MaybePromise<void>): void {
  const methods = res as unknown as Record<string, Send>;
  const held: (() => unknown)[] = [];
  let state: "unsent" | "held" | "open" = "unsent";
  const hold = (until: Promise<void>): void => {
    const { statusCode } = res;
    const restore = [shadow(res, sentHead())];
    state = "held";
    const release = (): void => {
      state = "open";
      for (const undo of restore.toReversed()) undo();
      const { statusCode: current } = res;
      res.statusCode = statusCode;
      try {
        const results = held.map((send) => send());
        // Where one of them returned false, Node will emit it.
        if (results.includes(true) && !results.includes(false)) res.emit("drain");
      } catch (error) {
        // The handler, which would have caught it, is past that call.
        res.destroy(error as Error);
      }
      if (current !== statusCode) res.statusCode = current;
    };
    end = () => void restore.push(shadow(res, { writableEnded: true, finished: true }));
    until.then(release, release);
  };
  let end = (): void => undefined;
  for (const name of SENDING) {
    // Middleware in front, such as that of sessions, has put its own methods here.
    const send = methods[name] as Send;
    methods[name] = (...args) => {
      if (state === "unsent") {
        const pending = begin(name === "writeHead" ? Number(args[0]) : res.statusCode);
        if (pending instanceof Promise) hold(pending);
        else state = "open";
      }
      if (state !== "held") return Reflect.apply(send, res, args);
      if (held.length > 0 && name === "writeHead") throw headersSent();
      held.push(() => Reflect.apply(send, res, args));
      if (name === "end") end();
      return name === "write" ? false : res;
    };
  }
}

/** The properties of an HTTP/2 response whose head was sent. */
function sentHead(): Readonly<Record<string, unknown>> {
  const refuse = (): never => {
    throw headersSent();
  };
  return { headersSent: true, setHeader: refuse, appendHeader: refuse, removeHeader: refuse };
}

/** The error that Node throws. */
function headersSent(): Error {
  return Object.assign(new Error("Response has already been initiated."), { code: "ERR_HTTP2_HEADERS_SENT" });
}
