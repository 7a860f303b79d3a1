import type { IncomingMessage, Server } from "node:http";
import type { Engine } from "../../adapter.ts";
import { processWide } from "./process-wide.ts";

/** A property of the request, because each request of a server has one. */
const ARRIVALS: unique symbol = Symbol.for("caching-route.node.arrivals.1") as never;

/** When a request arrived, in the order of the invalidations of one cache. `next` is the same for another cache. */
interface Arrival {
  readonly engine: Pick<Engine, "arrival">;
  readonly at: number;
  readonly next: Arrival | undefined;
}

type Noted = IncomingMessage & { [ARRIVALS]?: Arrival | undefined };

/** The caches that routes of a server use. */
const CACHES = processWide("node.caches.1", () => new WeakMap<Server, Set<Arrival["engine"]>>());

/** Notes that a request has arrived, unless that was noted before. Returns when it did. */
export function noteArrival(req: IncomingMessage, engine: Arrival["engine"]): number {
  const known = arrivalOf(req, engine);
  if (known !== undefined) return known;
  const at = engine.arrival();
  (req as Noted)[ARRIVALS] = { engine, at, next: (req as Noted)[ARRIVALS] };
  return at;
}

/** Returns when a request arrived. Undefined: that was not noted. */
export function arrivalOf(req: IncomingMessage, engine: Arrival["engine"]): number | undefined {
  let arrival = (req as Noted)[ARRIVALS];
  while (arrival !== undefined && arrival.engine !== engine) arrival = arrival.next;
  return arrival?.at;
}

/** Makes `noteArrivals` note the later requests of a server for a cache. */
export function noteArrivalsFor(engine: Arrival["engine"], server: Server): void {
  const caches = CACHES.get(server);
  if (caches === undefined) CACHES.set(server, new Set([engine]));
  else caches.add(engine);
}

/** Notes for each cache of a server that a request has arrived. */
export function noteArrivals(req: IncomingMessage): void {
  const { server } = req.socket as { server?: Server };
  const caches = server && CACHES.get(server);
  if (caches !== undefined) for (const engine of caches) noteArrival(req, engine);
}
