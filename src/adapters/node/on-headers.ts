import { ServerResponse } from "node:http";
import { beforeFirstSend } from "./hold-back.ts";

/** Node calls this in every way of sending, once nobody can replace the head. Fields can still be set. */
interface HeadStore {
  _storeHeader(firstLine: string, fields: unknown): unknown;
}

/**
 * Calls `listener` as the head of a response is written, after all middleware. Fields can still be set then.
 * Returns a function that removes the listener.
 */
export function onHeaders(res: ServerResponse, listener: () => void): () => void {
  if (res.req.httpVersionMajor > 1) return onHeadersOfHttp2(res, listener);
  // Node merges the fields given to `writeHead` with those of a response, and makes them readable, only if it has some.
  if (res.getHeaderNames().length === 0) {
    ServerResponse.prototype.setHeader.call(res, "vary", "");
    ServerResponse.prototype.removeHeader.call(res, "vary");
  }
  return beforeHead(res, listener);
}

/**
 * Calls `listener` as the head of an HTTP/1 response is written, in every way of sending. Returns a function that removes
 * the listener.
 *
 * Node has no event for it. Methods that were taken from the prototype are not overridden, and so this is.
 */
export function beforeHead(res: ServerResponse, listener: () => void): () => void {
  const methods = res as unknown as HeadStore;
  const { _storeHeader: store } = methods;
  // Not deleted: V8 would make a dictionary of the response.
  const remove = (): void => void (methods._storeHeader = store);
  methods._storeHeader = function storeHeader(firstLine, fields) {
    remove();
    listener();
    return Reflect.apply(store, res, [firstLine, fields]);
  };
  return remove;
}

/** Over HTTP/2, middleware has no way to add to a head that is being written, so the first call that sends something will do. */
function onHeadersOfHttp2(res: ServerResponse, listener: () => void): () => void {
  let isRemoved = false;
  beforeFirstSend(res, () => (isRemoved ? undefined : listener()));
  return () => void (isRemoved = true);
}
