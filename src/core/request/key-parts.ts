/** What a key is made of, for those who want to read it. */
export interface KeyParts {
  /** The whole namespace, root included; empty where there is none. */
  readonly namespace: string;
  readonly method: string;
  /** The keyed hash of the principal; undefined where the response belongs to nobody. */
  readonly principal: string | undefined;
  /** The digest of the request's content; undefined where it does not count. */
  readonly content: string | undefined;
  /** What keys call the route; undefined where its own function named the key. */
  readonly route: string | undefined;
  /** What the URI was rewritten to before the route was reached; undefined where nothing did so. */
  readonly rewritten: string | undefined;
  /** The target URI as it counts, for a key that was made from the request. */
  readonly uri: string | undefined;
  /** What the route's own `key` function returned. */
  readonly named: string | undefined;
}

/** Reads a key back into its parts: the encoding is injective, so nothing is guessed. */
export function keyParts(resource: string, selector: string): KeyParts {
  const [namespace, kind, ...rest] = resource.split("|");
  const chosen = selector.split("|");
  const from = kind === "k" ? chosen : rest;
  const [method, principal, content] = from as [string, string, string];
  const common = {
    namespace: unescapePart(namespace as string),
    method: unescapePart(method),
    principal: principal || undefined,
  };
  if (kind === "k") {
    const unknown = { content: undefined, route: undefined, rewritten: undefined, uri: undefined };
    return { ...common, ...unknown, named: rest.join("|") };
  }
  const [route = "", rewritten = ""] = chosen;
  return {
    ...common,
    content: content || undefined,
    route: unescapePart(route),
    rewritten: rewritten === "" ? undefined : unescapePart(rewritten),
    uri: uriOf(rest.slice(3)),
    named: undefined,
  };
}

/** Leaves out the rule that the key was made by: no URI begins with a question mark. */
function uriOf(parts: readonly string[]): string {
  return (parts[0]?.startsWith("?") === true ? parts.slice(1) : parts).join("|");
}

function unescapePart(part: string): string {
  return part.replace(/%(25|7C)/g, (_, code) => (code === "25" ? "%" : "|"));
}
