import type { FastifyInstance, RouteOptions } from "fastify";
import { declaredQuery } from "../../adapter.ts";
import type { DeclaredQuery, RouteContext } from "../../adapter.ts";
import { constraintStrategiesOf } from "./internals.ts";
import type { ConstraintStrategy } from "./internals.ts";

/** The routes of one application, cached or not. */
interface Declared {
  /** By URL: the constraints that choose between its routes. */
  readonly constraints: Map<string, Set<string>>;
  /** The cached GET routes by name. */
  readonly gets: Map<string, RouteOptions>;
  readonly strategies: ConstraintStrategy[];
}

/** On a route: the handler with which it was declared, before any hook wrapped it. */
const HANDLER: unique symbol = Symbol.for("caching-route.fastify.handler") as never;

type DeclaredRoute = RouteOptions & { readonly [HANDLER]?: RouteOptions["handler"] };

/**
 * On an application's server: its routes. Of several copies of this package one records them; it may be that of an
 * earlier test file, in a realm of its own, so there is no common global object.
 */
const DECLARED: unique symbol = Symbol.for("caching-route.fastify.declared.1") as never;

function declaredIn(app: FastifyInstance): Declared {
  const server: object & { [DECLARED]?: Declared } = app.server;
  return (server[DECLARED] ??= { constraints: new Map(), gets: new Map(), strategies: [] });
}

/** Records the constraints and the handler of a declared route, cached or not. */
export function recordRoute(app: FastifyInstance, route: RouteOptions): void {
  const { url, constraints, handler } = route;
  // Not enumerable: Fastify may copy the route.
  Object.defineProperty(route, HANDLER, { value: handler, writable: true });
  const known = declaredIn(app).constraints;
  const names = known.get(url) ?? new Set();
  known.set(url, names);
  for (const name of Object.keys(constraints ?? {})) names.add(name);
}

/** Records the constraint strategies that are added to an application after it was created. */
export function recordStrategies(app: FastifyInstance): void {
  const { strategies } = declaredIn(app);
  const { addConstraintStrategy } = app;
  app.addConstraintStrategy = function recordAndAdd(strategy) {
    strategies.push(strategy);
    return addConstraintStrategy.call(this, strategy);
  };
}

/**
 * Returns what identifies a route in its application: its methods, its whole URL and its constraints. The HEAD route
 * that Fastify itself adds has the name and the declaration of its GET.
 */
export function declarationOf(
  app: FastifyInstance,
  route: RouteOptions,
): Pick<RouteContext, "route" | "name" | "paths" | "declaration"> {
  const { gets } = declaredIn(app);
  const methods = [route.method].flat().join(",");
  const rest = `${route.url}${constraintsLabel(route.constraints)}`;
  if (methods === "GET") gets.set(rest, route);
  const get = methods === "HEAD" ? gets.get(rest) : undefined;
  const label = `${methods} ${rest}`;
  const paths = [route.url];
  if (get !== undefined && (get.cache === route.cache || haveOneHandler(get, route)))
    return { route: label, name: `GET ${rest}`, paths, declaration: get };
  return { route: label, name: label, paths, declaration: route };
}

/** Whether two routes were declared with the same handler, as a GET and the HEAD that Fastify adds are. */
function haveOneHandler(one: DeclaredRoute, other: DeclaredRoute): boolean {
  const handler = one[HANDLER];
  return handler !== undefined && handler === other[HANDLER];
}

function constraintsLabel(constraints: RouteOptions["constraints"] = {}): string {
  const pairs = Object.entries(constraints as Readonly<Record<string, unknown>>).toSorted(([one], [other]) =>
    one < other ? -1 : 1,
  );
  if (pairs.length === 0) return "";
  return ` {${pairs.map(([name, value]) => `${name}: ${typeof value === "string" ? JSON.stringify(value) : String(value)}`).join(", ")}}`;
}

/**
 * Returns the request fields by which Fastify chooses between the routes of one URL, in lower case. All routes have to be
 * declared. `Host` is not among them: it is a part of the URL.
 */
export function choosingFields(app: FastifyInstance, { url }: RouteOptions): readonly string[] {
  const { constraints, strategies } = declaredIn(app);
  const all = [...constraintStrategiesOf(app), ...strategies];
  const fields = [...(constraints.get(url) ?? [])].flatMap((name) => {
    const own = all.findLast((strategy) => strategy.name === name);
    if (own !== undefined) return fieldsReadBy(own);
    return name === "version" ? ["accept-version"] : [];
  });
  return [...new Set(fields)].filter((name) => name !== "host" && !name.startsWith(":"));
}

/** Returns the fields that a strategy reads, by giving it a request without any. */
function fieldsReadBy(strategy: ConstraintStrategy): readonly string[] {
  const read: string[] = [];
  const headers = new Proxy<Record<string, undefined>>(
    {},
    {
      get(_, name) {
        if (typeof name === "string") read.push(name.toLowerCase());
        return undefined;
      },
    },
  );
  try {
    strategy.deriveConstraint(
      { headers, url: "/", method: "GET", raw: { headers } },
      undefined,
      () => undefined,
    );
  } catch {
    // A strategy that fails without a field has read it before.
  }
  return read;
}

/**
 * Returns the query parameters that a route declares, with their defaults, from `schema.querystring` or its alias
 * `schema.query`: JSON Schema (also by `$ref`, made by TypeBox, or built by `fluent-json-schema`), or a Standard Schema
 * with a JSON Schema (zod 4.2 and up). Undefined if the route declares no closed list of parameters.
 */
export function declaredQueryOf(app: FastifyInstance, route: RouteOptions): DeclaredQuery | undefined {
  // Fastify refuses both at once, and moves `query` to `querystring` after the `onRoute` hooks.
  const { querystring, query = querystring } = (route.schema ?? {}) as {
    readonly querystring?: unknown;
    readonly query?: unknown;
  };
  if (query === undefined) return undefined;
  return declaredQuery(jsonSchemaOf(query), (reference) => resolved(app, reference));
}

function jsonSchemaOf(schema: unknown): unknown {
  const standard = (
    schema as { "~standard"?: { jsonSchema?: { input(options: object): unknown } } } | null
  )?.["~standard"];
  return standard?.jsonSchema === undefined ? schema : standard.jsonSchema.input({ target: "draft-07" });
}

/** Returns `name#` or `name#/path/in/it` among the schemas that the application has added. */
function resolved(app: FastifyInstance, reference: string): unknown {
  const [id = "", pointer = ""] = reference.split("#", 2);
  let found = app.getSchema(id);
  for (const step of pointer.split("/").filter((name) => name !== "")) {
    found = (found as Readonly<Record<string, unknown>> | undefined)?.[step];
  }
  return found;
}
