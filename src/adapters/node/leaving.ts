import { ServerResponse } from "node:http";

/** What Node calls, in every way of sending, once nobody can change the head any more; its own fields can still be set. */
interface HeadStore {
  _storeHeader(firstLine: string, fields: unknown): unknown;
}

/** What Node calls where content is sent and no head was written. */
interface HeadWriter {
  _implicitHeader(): void;
}

/**
 * Calls `look` as the head of a response leaves: after everything that stands in front has had its say. Fields may
 * still be set then. Node tells this nowhere else; whoever took its methods from the prototype cannot be seen there.
 */
export function onLeaving(res: ServerResponse, look: () => void): void {
  const methods = res as unknown as HeadStore;
  // With a field of its own, a response merges those that are given to `writeHead` into them, where they can be read.
  if (res.getHeaderNames().length === 0) {
    ServerResponse.prototype.setHeader.call(res, "vary", "");
    ServerResponse.prototype.removeHeader.call(res, "vary");
  }
  const own = Object.getOwnPropertyDescriptor(res, "_storeHeader");
  const { _storeHeader: store } = methods;
  methods._storeHeader = function storeHeader(firstLine, fields) {
    if (own === undefined) Reflect.deleteProperty(res, "_storeHeader");
    else Object.defineProperty(res, "_storeHeader", own);
    look();
    return Reflect.apply(store, res, [firstLine, fields]);
  };
}

/** Lets Node write an unwritten head by `write`, and not by what a handler has put in front of it since. */
export function headBy(res: ServerResponse, write: () => void): void {
  (res as unknown as HeadWriter)._implicitHeader = () => {
    Reflect.deleteProperty(res, "_implicitHeader");
    write();
  };
}
