import type { Socket } from "node:net";
import { processWide } from "./process-wide.ts";

/** The events by which a connection reports that its client has disconnected. */
export const END_EVENTS = ["end", "error", "close"] as const;

/** Learns of a connection's end before its listeners. */
interface Watcher {
  /** The connection has ended. */
  onEnd(): void;
  /** Calls `emit`, which calls all listeners. */
  emitEnd(emit: () => void): void;
  /** Another request begins on the same connection, in this turn. */
  onNextRequest(): void;
}

/** The watchers of one connection; there are several where a client pipelines requests. */
interface Watch {
  readonly watchers: Set<Watcher>;
  /** Fulfilled once all listeners, those of Node's server too, know that the connection is closed. */
  readonly closed: Promise<void>;
}

const WATCHES = processWide("node.watches.1", () => new WeakMap<Socket, Watch>());

/**
 * Calls a watcher when a connection ends, before its listeners. Returns a promise that is fulfilled once all listeners
 * know that it is closed.
 */
export function watchSocket(socket: Socket, watcher: Watcher): Promise<void> {
  let watch = WATCHES.get(socket);
  if (watch === undefined) WATCHES.set(socket, (watch = createWatch(socket)));
  watch.watchers.add(watcher);
  return watch.closed;
}

/** Removes a watcher. */
export function unwatchSocket(socket: Socket, watcher: Watcher): void {
  WATCHES.get(socket)?.watchers.delete(watcher);
}

/** Calls `onNextRequest` of a connection's watchers. It has to precede all other listeners of that request. */
export function notifyNextRequest(socket: Socket): void {
  const watchers = WATCHES.get(socket)?.watchers;
  if (watchers !== undefined) for (const watcher of watchers) watcher.onNextRequest();
}

/** Node's server closes a connection whose client has ended its side, unless `httpAllowHalfOpen` is set. */
function isEnd(socket: Socket, event: unknown): boolean {
  if (event !== "end") return END_EVENTS.some((name) => name === event);
  return (socket as { server?: { httpAllowHalfOpen?: boolean } }).server?.httpAllowHalfOpen !== true;
}

function createWatch(socket: Socket): Watch {
  const watchers = new Set<Watcher>();
  const { emit } = socket;
  let close = (): void => undefined;
  const closed = new Promise<void>((resolve) => (close = resolve));
  socket.emit = function watchedEmit(this: Socket, ...args: unknown[]): boolean {
    // The latest first: listeners that were added after it began are its handler's.
    const asked = isEnd(this, args[0]) ? [...watchers].toReversed() : [];
    for (const watcher of asked) watcher.onEnd();
    let hasListeners = false;
    const emitToAll = (): void => void (hasListeners = Reflect.apply(emit, this, args) as boolean);
    try {
      asked.reduce<() => void>((next, watcher) => () => watcher.emitEnd(next), emitToAll)();
    } finally {
      if (args[0] === "close") close();
    }
    return hasListeners;
  } as Socket["emit"];
  return { watchers, closed };
}
