import type { IncomingMessage, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { finished } from "node:stream";
import type { Notice } from "../../../src/testing/index.ts";

// Express's own.
const onFinished = createRequire(import.meta.resolve("express"))("on-finished") as (
  message: ServerResponse,
  listener: () => void,
) => void;

/** As a logger does that stands in front: it listens to what a handler then listens to as well. */
export function log(req: IncomingMessage, res: ServerResponse): void {
  if (req.httpVersionMajor > 1) return;
  onFinished(res, () => undefined);
  // Node 24 has one.
  void Reflect.get(req, "signal");
}

/** Listens for the client's disconnect in every way. The returned function returns those by which it was noticed. */
export function listenFor(
  req: IncomingMessage,
  res: ServerResponse,
  signal: AbortSignal | undefined,
): (() => readonly Notice[]) | undefined {
  // Over HTTP/2 they are others.
  if (req.httpVersionMajor > 1) return undefined;
  // Node warns of more than ten listeners for one event.
  res.setMaxListeners(20);
  const told = new Set<Notice>();
  const note = (way: Notice) => (): void => void (res.writableFinished || told.add(way));
  res.once("close", note("the response's close"));
  req.once("aborted", note("the request's aborted"));
  req.once("error", note("the request's aborted"));
  const { socket } = req;
  for (const sign of ["close", "error", "end"]) socket.once(sign, note("the connection's events"));
  finished(res, (error) => error && told.add("finished of node:stream"));
  onFinished(res, note("on-finished"));
  const signals = [signal, Reflect.get(req, "signal") as AbortSignal | undefined];
  return () => {
    if (isOver(req, res)) note("the state of request, response and connection")();
    if (signals.some((one) => one?.aborted)) note("a signal")();
    return [...told];
  };
}

function isOver(req: IncomingMessage, res: ServerResponse): boolean {
  const { socket } = req;
  const { client } = req as { client?: typeof socket };
  const ends = [socket, client, res.socket ?? undefined].filter((end) => end !== undefined);
  if (res.destroyed || res.closed || res.errored !== null || req.readableAborted) return true;
  return ends.some((end) => end.destroyed || !end.writable || !end.readable || end.readyState !== "open");
}
