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

const APPLICATIONS: WeakMap<object, Declared> = new WeakMap();

function declaredIn({ server }: FastifyInstance): Declared {
  let declared = APPLICATIONS.get(server);
  if (declared === undefined)
    APPLICATIONS.set(server, (declared = { constraints: new Map(), gets: new Map(), strategies: [] }));
  return declared;
}

/** Records the constraints of a declared route, cached or not. */
export function recordRoute(app: FastifyInstance, { url, constraints }: RouteOptions): void {
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
): Pick<RouteContext, "route" | "name" | "declaration"> {
  const { gets } = declaredIn(app);
  const methods = [route.method].flat().join(",");
  const rest = `${route.url}${constraintsLabel(route.constraints)}`;
  if (methods === "GET") gets.set(rest, route);
  const get = methods === "HEAD" ? gets.get(rest) : undefined;
  const label = `${methods} ${rest}`;
  if (get !== undefined && get.config?.cache === route.config?.cache)
    return { route: label, name: `GET ${rest}`, declaration: get };
  return { route: label, name: label, declaration: route };
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
