import type { Application, Request, RequestHandler } from "express";

/**
 * The layer of a `cacheRoute` that a request has reached last. A member of it, and no weak map: V8 frees the keys of a weak map
 * later, with the content that they send.
 */
const LAYER: unique symbol = Symbol.for("caching-route.express.layer.1") as never;

interface LayeredRequest extends Request {
  [LAYER]?: Layer;
}

/** Express's record of a handler: Express 5 keeps its path, Express 4 a regular expression made of it. */
interface Layer {
  readonly handle: unknown;
  readonly name: string;
  readonly method?: string;
  readonly rawPath?: string | RegExp | readonly (string | RegExp)[];
  readonly regexp?: RegExp;
  readonly keys?: readonly { readonly name: string | number }[];
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
  /** The same, each of several by itself. Undefined: unknown. */
  readonly mounts: readonly string[] | undefined;
}

/** The place of a handler in the routers. */
export interface Place {
  /** The same in every process, whatever was declared or requested first. */
  readonly name: string;
  /** A suffix that distinguishes it from the first one with the same path, such as ` (2)`; empty for that one. */
  readonly nth: string;
  /** The paths of the handler with those of the routers around it, as they were written. Undefined: unknown. */
  readonly paths: readonly string[] | undefined;
}

/** The name of the function that `cacheRoute` returns, by which its layers are found. */
const OURS = "cacheRoute";

/** Records that a request has reached a layer, if that is one of ours. Called for every layer. */
export function recordLayer(layer: object, req: Request): void {
  if ((layer as Layer).name === OURS) (req as LayeredRequest)[LAYER] = layer as Layer;
}

/**
 * Returns the layer at which a request has reached a middleware; undefined if no layer calls it.
 *
 * The first request of a process was not recorded: then it is the only layer that is possible.
 */
export function currentLayer(req: Request, middleware: RequestHandler): object | undefined {
  const recorded = (req as LayeredRequest)[LAYER];
  if (recorded?.handle === middleware) return recorded;
  const leaves = leavesOf(req);
  // A recorded layer of another class belongs to another copy of Express.
  if (recorded !== undefined && isSameClass(recorded, leaves[0]?.layer)) return undefined;
  const all = leaves.filter(({ layer }) => layer.handle === middleware);
  const inRoute = all.filter(({ route, layer }) => route === req.route && handles(layer, req.method));
  if (inRoute[0] !== undefined) return inRoute[0].layer;
  const [only, ...others] = all.filter(({ route }) => route === undefined);
  return others.length > 0 ? undefined : only?.layer;
}

/** Counts the places of a middleware in a request's application. */
export function countPlaces(req: Request, middleware: RequestHandler): number {
  const own = leavesOf(req).filter(({ layer }) => layer.handle === middleware);
  return new Set(own.map(({ route, layer }) => route ?? layer)).size;
}

/** Returns the route of a layer; undefined if it belongs to none. */
export function routeOf(req: Request, layer: object): object | undefined {
  return leavesOf(req).find((leaf) => leaf.layer === layer)?.route;
}

/**
 * Names the place of a layer by method, the paths of its routers, its own path, and its number among those with the
 * same path. Undefined if it is in none of the application's routers.
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
  return { name: `${method} ${name}${nth}`, nth, paths: pathsOf(found, req.app) };
}

/** Returns the path of a handler's route, as it was written. */
function pathIn({ route }: Leaf): string | undefined {
  return route === undefined ? undefined : String(route.path);
}

function isSameClass(one: object, other: object | undefined): boolean {
  return other !== undefined && Object.getPrototypeOf(one) === Object.getPrototypeOf(other);
}

function handles({ method }: Layer, asked: string): boolean {
  const name = asked.toLowerCase();
  return method === undefined || method === name || (name === "head" && method === "get");
}

/** Returns all handlers of a request's application, in the order in which it calls them. */
function leavesOf({ app }: Partial<Request>): readonly Leaf[] {
  // A router can be used without an application.
  if (app === undefined) return [];
  const { _router: router4 } = app as unknown as { readonly _router?: Stacked };
  const { stack = [] } = router4 ?? (app as unknown as { readonly router: Stacked }).router;
  return [...leavesIn(stack, "", [""], new Set())];
}

function* leavesIn(
  stack: readonly Layer[],
  mount: string,
  mounts: Leaf["mounts"],
  within: ReadonlySet<unknown>,
): Generator<Leaf> {
  for (const layer of stack) {
    const { route, handle } = layer;
    const inner = (handle as Stacked).stack;
    if (route !== undefined) {
      for (const own of route.stack) yield { layer: own, route, mount, mounts };
      continue;
    }
    const [path, paths] = [mount + pathOf(layer), joined(mounts, writtenPaths(layer))];
    if (!Array.isArray(inner)) yield { layer, route: undefined, mount: path, mounts: paths };
    // A router may be mounted in itself.
    else if (!within.has(inner)) yield* leavesIn(inner, path, paths, new Set([...within, inner]));
  }
}

/** Returns the paths of a handler. Undefined: they are unknown, or the handler is for all paths. */
function pathsOf({ route, mounts }: Leaf, app: Partial<Application>): readonly string[] | undefined {
  const own = route === undefined ? [""] : texts(route.path);
  const paths = joined(joined(outerMounts(app), mounts), own);
  return paths?.includes("") === true ? undefined : paths;
}

/** Returns the paths at which an application is mounted in others, each of several by itself. */
function outerMounts(app: Partial<Application>): readonly string[] | undefined {
  const { parent, mountpath } = app as { readonly parent?: Application; readonly mountpath: unknown };
  return parent === undefined ? [""] : joined(outerMounts(parent), texts(mountpath));
}

/** Returns each path within each of the outer ones. Undefined: some are unknown, or they are too many to be listed. */
function joined(
  outer: readonly string[] | undefined,
  inner: readonly string[] | undefined,
): readonly string[] | undefined {
  if (outer === undefined || inner === undefined || outer.length * inner.length > MOST_PATHS)
    return undefined;
  return outer.flatMap((before) => inner.map((path) => before.replace(/\/$/, "") + path));
}

const MOST_PATHS = 20;

/** Returns one path or several as a list. Undefined: a regular expression is among them. */
function texts(path: unknown): readonly string[] | undefined {
  const all: readonly unknown[] = [path].flat();
  return all.every((one) => typeof one === "string") ? all : undefined;
}

/** Returns the paths of a layer as they were written. Undefined: they are unknown. */
function writtenPaths({ rawPath, regexp, keys = [] }: Layer): readonly string[] | undefined {
  if (rawPath !== undefined) return texts(rawPath)?.map((path) => (path === "/" ? "" : path));
  if (regexp === undefined) return undefined;
  const { fast_slash: isEverything } = regexp as { readonly fast_slash?: boolean };
  if (isEverything === true) return [""];
  const names = keys.map(({ name }) => name);
  const paths = regexp.source.split("|^").map((source) => {
    const [, inner] = MADE_OF_PATH.exec(source) ?? [];
    const named = inner?.replace(PARAMETER, () => `/:${names.shift()}`);
    return named === undefined || /(?<!\\)[()[\]*+?|^$]/.test(named)
      ? undefined
      : named.replace(/\\(.)/g, "$1");
  });
  return paths.every((path) => path !== undefined) ? paths : undefined;
}

/** What Express 4 makes of a path, and of a parameter in it: `/:team`. */
const MADE_OF_PATH = /^\^?(.*)\\\/\?\(\?=\\\/\|\$\)$/;
const PARAMETER = /\(\?:\\\/\(\[\^\\?\/\]\+\?\)\)|\\\/\(\?:\(\[\^\\?\/\]\+\?\)\)/g;

/** Returns the path of a layer as far as Express has kept it; empty for one that matches everything. */
function pathOf({ rawPath, regexp }: Layer): string {
  if (rawPath !== undefined) return rawPath === "/" ? "" : String(rawPath);
  const { fast_slash: isEverything } = (regexp ?? {}) as { readonly fast_slash?: boolean };
  return regexp === undefined || isEverything === true ? "" : String(regexp);
}

/** Returns the paths at which an application is mounted in others. */
function mountsOf(app: Partial<Application>): string {
  const { parent, mountpath } = app as { readonly parent?: Application; readonly mountpath: unknown };
  if (parent === undefined) return "";
  return mountsOf(parent) + (mountpath === "/" ? "" : String(mountpath));
}
