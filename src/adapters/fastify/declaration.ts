import type { FastifyInstance, RouteOptions } from "fastify";
import type { RouteContext } from "../../adapter.ts";
import { constraintStrategiesOf } from "./internals.ts";
import type { ConstraintStrategy } from "./internals.ts";

/** What is known of the routes of one application, cached or not. */
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

/** Notes that a route was declared, cached or not. */
export function noteRoute(app: FastifyInstance, { url, constraints }: RouteOptions): void {
  const known = declaredIn(app).constraints;
  const names = known.get(url) ?? new Set();
  known.set(url, names);
  for (const name of Object.keys(constraints ?? {})) names.add(name);
}

/** Notes the strategies that an application is given after it was made. */
export function noteStrategies(app: FastifyInstance): void {
  const { strategies } = declaredIn(app);
  const { addConstraintStrategy } = app;
  app.addConstraintStrategy = function noteAndAdd(strategy) {
    strategies.push(strategy);
    return addConstraintStrategy.call(this, strategy);
  };
}

/**
 * Answers what Fastify knows a route by: its methods, its whole URL and its constraints, of which no two routes of an
 * application have the same. Fastify's own route for HEAD is that of its GET.
 */
export function declarationOf(
  app: FastifyInstance,
  route: RouteOptions,
): Pick<RouteContext, "route" | "name" | "declaration"> {
  const { gets } = declaredIn(app);
  const methods = [route.method].flat().join(",");
  const rest = `${route.url}${written(route.constraints)}`;
  if (methods === "GET") gets.set(rest, route);
  const get = methods === "HEAD" ? gets.get(rest) : undefined;
  const label = `${methods} ${rest}`;
  if (get !== undefined && get.config?.cache === route.config?.cache)
    return { route: label, name: `GET ${rest}`, declaration: get };
  return { route: label, name: label, declaration: route };
}

function written(constraints: RouteOptions["constraints"] = {}): string {
  const pairs = Object.entries(constraints as Readonly<Record<string, unknown>>).toSorted(([one], [other]) =>
    one < other ? -1 : 1,
  );
  if (pairs.length === 0) return "";
  return ` {${pairs.map(([name, value]) => `${name}: ${typeof value === "string" ? JSON.stringify(value) : String(value)}`).join(", ")}}`;
}

/**
 * The request fields by which Fastify chooses between the routes of one URL, all of which have to be declared by now.
 * `Host` is not among them: it is a part of the URL.
 */
export function choosingFields(app: FastifyInstance, { url }: RouteOptions): readonly string[] {
  const { constraints, strategies } = declaredIn(app);
  const all = [...constraintStrategiesOf(app), ...strategies];
  const fields = [...(constraints.get(url) ?? [])].flatMap((name) => {
    const own = all.findLast((strategy) => strategy.name === name);
    if (own !== undefined) return readBy(own);
    return name === "version" ? ["accept-version"] : [];
  });
  return [...new Set(fields)].filter((name) => name !== "host" && !name.startsWith(":"));
}

/** The fields at which a strategy looks when it is shown a request without any. */
function readBy(strategy: ConstraintStrategy): readonly string[] {
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
    // One that relies on a field has told of it before.
  }
  return read;
}
