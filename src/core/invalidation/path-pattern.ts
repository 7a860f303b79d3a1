/** A parameter in the path of a route. */
export interface PathParameter {
  readonly name: string;
  /** Whether the path has a form without it. */
  readonly isOptional: boolean;
}

type Letters<Text extends string> = Text extends `${infer First}${infer Rest}`
  ? First | Letters<Rest>
  : never;
type Word = Letters<"abcdefghijklmnopqrstuvwxyz0123456789_$">;

/** The characters of a name at the start of a text, and what follows them. */
type Split<Text extends string, Name extends string = ""> = Text extends `${infer First}${infer Rest}`
  ? Lowercase<First> extends Word
    ? Split<Rest, `${Name}${First}`>
    : [Name, Text]
  : [Name, ""];

/** The names of the parameters in a path. */
type NamesIn<Path extends string> = Path extends `${infer Before}::${infer After}`
  ? NamesIn<Before> | NamesIn<After>
  : Path extends `${string}:${infer Rest}`
    ? Split<Rest> extends [infer Name extends string, infer After extends string]
      ? Name | NamesIn<After>
      : never
    : never;

/**
 * The parameters of a route's path, by name. A path with wildcards or expressions, and one that is not known to the types,
 * may have any.
 */
export type ParametersOf<Route extends string> = string extends Route
  ? Readonly<Record<string, string | number>>
  : Route extends `${string}${"*" | "(" | "{" | "?"}${string}`
    ? Readonly<Record<string, string | number>>
    : { readonly [Name in NamesIn<Route>]: string | number };

/** A parameter such as `:id`, `:id(\\d+)`, `*path` or `*`, with what makes it optional. Or `::`, which is Fastify's colon. */
const PARAMETER = /::|:([A-Za-z0-9_$]+)(\([^()]*\))?(\?)?|\*([A-Za-z0-9_$]*)/g;

/** Returns the parameters in the path of a route, in the notation of the usual routers. */
export function parametersIn(path: string): readonly PathParameter[] {
  const found = [...path.matchAll(PARAMETER)].filter(([text]) => text !== "::");
  return found.map(({ 1: name, 3: mark, 4: rest, index }) => ({
    name: name ?? (rest || "*"),
    isOptional: mark === "?" || isInBraces(path, index),
  }));
}

/** Returns a path with its parameters filled in. Undefined: it has parts that are not filled in by a name. */
export function expanded(path: string, parameters: Readonly<Record<string, unknown>>): string | undefined {
  if (/[:*(){}?]/.test(path.replace(PARAMETER, ""))) return undefined;
  return path.replace(
    PARAMETER,
    (all, name?: string, _expression?: string, _mark?: string, rest?: string) => {
      if (all === "::") return ":";
      const value = parameters[name ?? (rest || "*")];
      if (value === undefined) return "";
      const text = parameterText(value);
      return name === undefined
        ? text.split("/").map(encodeURIComponent).join("/")
        : encodeURIComponent(text);
    },
  );
}

/** Returns the value of a parameter as text. Routers return a list for a wildcard. */
export function parameterText(value: unknown): string {
  const text = [value].flat().join("/");
  // No URL has half a character.
  return text.replace(/\p{Surrogate}/gu, "\uFFFD");
}

/**
 * Returns the values of the parameters that a route's path has. What is missing in `given` is read from the request's
 * `target`, if each of the path's segments is a name or a parameter. Undefined: not all are known.
 */
export function valuesOf(
  parameters: readonly PathParameter[],
  given: Readonly<Record<string, unknown>>,
  path: string,
  target: string,
): Readonly<Record<string, unknown>> | undefined {
  const values: Record<string, unknown> = {};
  for (const { name, isOptional } of parameters) {
    // Express 4 counts its wildcards.
    const value = given[name] ?? (name === "*" ? given["0"] : undefined);
    if (isOptional && (value === undefined || value === "")) continue;
    const known = value ?? valueIn(target, path, name);
    if (known === undefined) return undefined;
    values[name] = known;
  }
  return values;
}

/** Returns the value that a parameter has in a request's path. Undefined: unknown. */
function valueIn(target: string, path: string, name: string): string | undefined {
  const [wanted, found] = [path, target].map((text) => text.replace(/\/$/, "").split("/")) as [
    string[],
    string[],
  ];
  const isPlain = wanted.every((segment) => /^(:[A-Za-z0-9_$]+|[^:*(){}?]*)$/.test(segment));
  const segment = isPlain && wanted.length === found.length ? found[wanted.indexOf(`:${name}`)] : undefined;
  try {
    return segment && decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Whether a place in a path is inside `{ }`, which Express 5 uses for what is optional. */
function isInBraces(path: string, at: number): boolean {
  const before = path.slice(0, at);
  return before.lastIndexOf("{") > before.lastIndexOf("}");
}
