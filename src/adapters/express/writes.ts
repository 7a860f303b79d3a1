import type { Request, Response } from "express";
import type { Invalidation, WriteEnd } from "../../adapter.ts";
import { WriteWatch } from "../node/write-watch.ts";
import { watchFailures, watchRouter } from "./failures.ts";

/** The name of a request's route in messages. */
export function writeLabel(req: Request): string {
  const path = (req.route as { readonly path: string | RegExp } | undefined)?.path ?? "";
  return `${req.method} ${req.baseUrl}${String(path)}`;
}

/** Watches the write that a request is. Throws `ERR_CACHE_ROUTE_UNSEEN` if the router is not that of Express 4 or 5. */
export function watchWrite(
  req: Request,
  res: Response,
  invalidate: Invalidation<[req: Request, res: Response]>,
): void {
  watchRouter(req);
  const { params } = req;
  const watch = new WriteWatch(res, (end: WriteEnd) => {
    // In an error handler, and in middleware after the route, the parameters are not the route's.
    const { params: current } = req;
    req.params = params;
    try {
      return invalidate(end, req, res);
    } finally {
      req.params = current;
    }
  });
  watchFailures(req, res, (error) => watch.fail(error));
}
