import type { Socket } from "node:net";

/** What a connection says when its client is gone. */
export const SIGNS = ["end", "error", "close"] as const;

/** One who is asked before a connection tells of its end. */
interface Watcher {
  /** The connection is gone. */
  notice(): void;
  /** Calls what tells everyone. */
  tell(tellAll: () => void): void;
  /** Another request begins on the same connection, in this turn. */
  nextBegins(): void;
}

/** Those who watch one connection; several where a client sends requests ahead. */
interface Watch {
  readonly watchers: Set<Watcher>;
  /** Is fulfilled once everyone, Node's server too, was told that the connection is closed. */
  readonly over: Promise<void>;
}

const WATCHES: WeakMap<Socket, Watch> = new WeakMap();

/** Lets a watcher know of a connection's end before anybody else; answers a promise of its having been told. */
export function watch(socket: Socket, watcher: Watcher): Promise<void> {
  let known = WATCHES.get(socket);
  if (known === undefined) WATCHES.set(socket, (known = watched(socket)));
  known.watchers.add(watcher);
  return known.over;
}

/** Ends what `watch` began. */
export function unwatch(socket: Socket, watcher: Watcher): void {
  WATCHES.get(socket)?.watchers.delete(watcher);
}

/** Tells those who watch a connection that another request begins on it; to be called before anybody sees that one. */
export function nextBegins(socket: Socket): void {
  const watchers = WATCHES.get(socket)?.watchers;
  if (watchers !== undefined) for (const one of watchers) one.nextBegins();
}

/** Node's server ends a connection whose client sends nothing more, unless it is told otherwise. */
function isSign(socket: Socket, name: unknown): boolean {
  if (name !== "end") return SIGNS.some((sign) => sign === name);
  return (socket as { server?: { httpAllowHalfOpen?: boolean } }).server?.httpAllowHalfOpen !== true;
}

function watched(socket: Socket): Watch {
  const watchers = new Set<Watcher>();
  const { emit } = socket;
  let end = (): void => undefined;
  const over = new Promise<void>((resolve) => (end = resolve));
  socket.emit = function watchedEmit(this: Socket, ...args: unknown[]): boolean {
    const asked = isSign(this, args[0]) ? [...watchers].toReversed() : [];
    // The latest first: what came to listen after it began is its handler's.
    for (const one of asked) one.notice();
    let wasHeard = false;
    const tellAll = (): void => void (wasHeard = Reflect.apply(emit, this, args) as boolean);
    try {
      asked.reduce<() => void>((tell, one) => () => one.tell(tell), tellAll)();
    } finally {
      if (args[0] === "close") end();
    }
    return wasHeard;
  } as Socket["emit"];
  return { watchers, over };
}
