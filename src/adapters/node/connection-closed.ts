import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { processWide } from "./process-wide.ts";

/** Whether a response's client has disconnected. */
export function isDisconnected(res: ServerResponse): boolean {
  // Over HTTP/2, `res.destroyed` does not tell.
  const { stream } = res as { readonly stream?: { readonly destroyed: boolean; readonly closed: boolean } };
  if (stream !== undefined) return stream.destroyed || stream.closed;
  return res.destroyed || connectionOf(res)?.destroyed === true;
}

/** Calls `listener` once, when a response is closed: its client has received all of it, or has disconnected. */
export function onceClosed(res: ServerResponse, listener: () => void): void {
  const socket = connectionOf(res);
  const checks = socket === undefined ? undefined : checksOf(socket);
  const close = (): void => {
    checks?.delete(check);
    res.removeListener("close", close);
    listener();
  };
  // A response that goes on without its client is on a detached socket by now.
  const check = (): void => (isDisconnected(res) ? close() : undefined);
  checks?.add(check);
  res.once("close", close);
}

/**
 * Lets a response have more listeners before Node warns of a leak: frameworks use most of the ten for one stream, and those
 * of the cache must not count as the application's.
 */
export function allowListeners(res: ServerResponse, count: number): void {
  const most = res.getMaxListeners();
  // 0 is no limit.
  if (most > 0) res.setMaxListeners(most + count);
}

/**
 * Calls `go` when a response has its turn on its connection: at once, unless an earlier response is under way. It may
 * never be called if the client disconnects before.
 */
export function onceItsTurn(res: ServerResponse, go: () => void): void {
  // Node's name for the response that has its turn.
  const { _httpMessage: current } = res.req.socket as { _httpMessage?: ServerResponse | null };
  if (res.socket !== null || current === undefined || current === null) return go();
  // Not while the one before is ending.
  res.once("socket", () => process.nextTick(go));
}

/** The HTTP/1 connection. Node may not tell a response that waits for its turn when it closes. */
function connectionOf({ req }: ServerResponse): Socket | undefined {
  return req.httpVersionMajor === 1 ? req.socket : undefined;
}

/** A check for each open response of a connection; there are several where a client pipelines requests. */
const CHECKS = processWide("node.checks", () => new WeakMap<Socket, Set<() => void>>());

function checksOf(socket: Socket): Set<() => void> {
  let checks = CHECKS.get(socket);
  if (checks === undefined) {
    const all = (checks = new Set());
    CHECKS.set(socket, checks);
    // One listener for all: Node warns of a connection with more than ten.
    socket.once("close", () => {
      for (const check of all) check();
    });
  }
  return checks;
}
