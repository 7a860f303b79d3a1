import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Whether a response's client is gone already. */
export function isDisconnected(res: ServerResponse): boolean {
  // Of HTTP/2, a response does not say so itself.
  const { stream } = res as { readonly stream?: { readonly destroyed: boolean; readonly closed: boolean } };
  if (stream !== undefined) return stream.destroyed || stream.closed;
  return res.destroyed || connectionOf(res)?.destroyed === true;
}

/** Calls `tell` once, when a response is closed: its client has all of it, or has gone. */
export function onceClosed(res: ServerResponse, tell: () => void): void {
  const socket = connectionOf(res);
  const waiting = socket === undefined ? undefined : waitingFor(socket);
  const over = (): void => {
    waiting?.delete(look);
    res.removeListener("close", over);
    tell();
  };
  // A response that goes on without its client is on another connection by now.
  const look = (): void => (isDisconnected(res) ? over() : undefined);
  waiting?.add(look);
  res.once("close", over);
}

/**
 * Calls `go` when a response has its turn on its connection: at once, unless it is behind another one. Where the
 * client goes before, it may never be called.
 */
export function onceItsTurn(res: ServerResponse, go: () => void): void {
  // Node's name for the response that has its turn.
  const { _httpMessage: other } = res.req.socket as { _httpMessage?: ServerResponse | null };
  if (res.socket !== null || other === undefined || other === null) return go();
  // Not in the midst of what ends the one before.
  res.once("socket", () => process.nextTick(go));
}

/** The connection, where Node may tell nothing of its end to a response whose turn on it has not come. */
function connectionOf({ req }: ServerResponse): Socket | undefined {
  return req.httpVersionMajor === 1 ? req.socket : undefined;
}

/** What looks after the responses of each connection that are not closed; several where a client sends requests ahead. */
const WAITING: WeakMap<Socket, Set<() => void>> = new WeakMap();

function waitingFor(socket: Socket): Set<() => void> {
  let waiting = WAITING.get(socket);
  if (waiting === undefined) {
    const all = (waiting = new Set());
    WAITING.set(socket, waiting);
    // One listener for all: Node warns of a connection with more than ten.
    socket.once("close", () => {
      for (const look of all) look();
    });
  }
  return waiting;
}
