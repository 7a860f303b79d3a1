import type { Application, Request, RequestHandler } from "express";

/** Where requests are: the layer of a `cacheRoute` that each has come to last. */
const LAYERS: WeakMap<Request, Layer> = new WeakMap();

/** What Express keeps of a handler: that of Express 5 knows its path, that of Express 4 an expression made of it. */
interface Layer {
  readonly handle: unknown;
  readonly name: string;
  readonly method?: string;
  readonly rawPath?: string | RegExp | readonly (string | RegExp)[];
  readonly regexp?: RegExp;
  readonly route?: Route;
}

interface Route {
  readonly path: string | RegExp | readonly (string | RegExp)[];
  readonly methods: Readonly<Record<string, boolean>>;
  readonly stack: readonly Layer[];
}

interface Stacked {
  readonly stack?: readonly Layer[];
}

/** A handler in the tree of an application's routers. */
interface Leaf {
  readonly layer: Layer;
  readonly route: Route | undefined;
  /** The paths at which its routers are mounted, as they were written. */
  readonly mount: string;
}

/** What Express knows of the place of a handler. */
export interface Place {
  /** The same in every process, whatever was declared or asked first. */
  readonly name: string;
  /** What tells it from the first that was declared alike; empty for that one. */
  readonly nth: string;
}

/** What `cacheRoute` returns is called, so that its layers are found by it. */
const OURS = "cacheRoute";

/** Notes which layer runs, where it is one of ours; called for every layer. */
export function noteLayer(layer: object, req: Request): void {
  if ((layer as Layer).name === OURS) LAYERS.set(req, layer as Layer);
}

/**
 * The layer by which a request has come to a middleware; undefined where none of Express's own calls it.
 *
 * Before the first request of a process nobody could note it: then it is the only layer that it can be.
 */
export function currentLayer(req: Request, middleware: RequestHandler): object | undefined {
  const noted = LAYERS.get(req);
  if (noted?.handle === middleware) return noted;
  const leaves = leavesOf(req);
  // Of another copy of Express, whose layers were noted before those of this one.
  if (noted !== undefined && isOfOneClass(noted, leaves[0]?.layer)) return undefined;
  const all = leaves.filter(({ layer }) => layer.handle === middleware);
  const inRoute = all.filter(({ route, layer }) => route === req.route && handles(layer, req.method));
  if (inRoute[0] !== undefined) return inRoute[0].layer;
  const [only, ...others] = all.filter(({ route }) => route === undefined);
  return others.length > 0 ? undefined : only?.layer;
}

/** In how many places of a request's application a middleware stands. */
export function countPlaces(req: Request, middleware: RequestHandler): number {
  const own = leavesOf(req).filter(({ layer }) => layer.handle === middleware);
  return new Set(own.map(({ route, layer }) => route ?? layer)).size;
}

/** The route to which a layer belongs; undefined where it is of none. */
export function routeOf(req: Request, layer: object): object | undefined {
  return leavesOf(req).find((leaf) => leaf.layer === layer)?.route;
}

/**
 * Names the place of a layer by what Express knows: method, the paths of its routers, its own path, and which it is of
 * those that were declared alike. Undefined where it is in none of the application's routers.
 */
export function placeOf(req: Request, layer: object, method: string): Place | undefined {
  const leaves = leavesOf(req).filter((leaf) => leaf.layer.name === OURS);
  const found = leaves.find((leaf) => leaf.layer === layer);
  if (found === undefined) return undefined;
  const { route, mount } = found;
  const path = pathIn(found);
  const alike = leaves.filter(
    (leaf) =>
      leaf.mount === mount && pathIn(leaf) === path && (handles(leaf.layer, method) || leaf === found),
  );
  const at = alike.findIndex((leaf) => leaf.route === route && leaf.layer.handle === found.layer.handle) + 1;
  const nth = at === 1 ? "" : ` (${at})`;
  const outer = mountsOf(req.app);
  const name = path === undefined ? `use ${outer}${mount}` : `${outer}${mount}${path}`;
  return { name: `${method} ${name}${nth}`, nth };
}

/** The path of a handler's route, as it was written. */
function pathIn({ route }: Leaf): string | undefined {
  return route === undefined ? undefined : String(route.path);
}

function isOfOneClass(one: object, other: object | undefined): boolean {
  return other !== undefined && Object.getPrototypeOf(one) === Object.getPrototypeOf(other);
}

function handles({ method }: Layer, asked: string): boolean {
  const name = asked.toLowerCase();
  return method === undefined || method === name || (name === "head" && method === "get");
}

/** All handlers of a request's application, in the order in which it asks them. */
function leavesOf({ app }: Partial<Request>): readonly Leaf[] {
  // A router can do without an application.
  if (app === undefined) return [];
  const { _router: router4 } = app as unknown as { readonly _router?: Stacked };
  const { stack = [] } = router4 ?? (app as unknown as { readonly router: Stacked }).router;
  return [...leavesIn(stack, "", new Set())];
}

function* leavesIn(stack: readonly Layer[], mount: string, within: ReadonlySet<unknown>): Generator<Leaf> {
  for (const layer of stack) {
    const { route, handle } = layer;
    const inner = (handle as Stacked).stack;
    if (route !== undefined) {
      for (const own of route.stack) yield { layer: own, route, mount };
    } else if (Array.isArray(inner)) {
      // A router may be mounted in itself.
      if (!within.has(inner)) yield* leavesIn(inner, mount + pathOf(layer), new Set([...within, inner]));
    } else yield { layer, route: undefined, mount: mount + pathOf(layer) };
  }
}

/** The path of a layer as it was written, as far as Express has kept it; what matches everything is nothing. */
function pathOf({ rawPath, regexp }: Layer): string {
  if (rawPath !== undefined) return rawPath === "/" ? "" : String(rawPath);
  const { fast_slash: isEverything } = (regexp ?? {}) as { readonly fast_slash?: boolean };
  return regexp === undefined || isEverything === true ? "" : String(regexp);
}

/** The paths at which an application is mounted in others. */
function mountsOf(app: Partial<Application>): string {
  const { parent, mountpath } = app as { readonly parent?: Application; readonly mountpath: unknown };
  if (parent === undefined) return "";
  return mountsOf(parent) + (mountpath === "/" ? "" : String(mountpath));
}
