import type { ServerResponse } from "node:http";

/**
 * Calls `putBack` once a response has ended, in front of all who listen for that: what a handler was not to see, loggers
 * are to see that read the request when it has been answered.
 */
export function restoreAtEnd(res: ServerResponse, putBack: () => void): void {
  const once = (): void => {
    res.off("finish", once);
    res.off("close", once);
    putBack();
  };
  res.prependListener("finish", once);
  res.prependListener("close", once);
}

/** Puts other values in the place of own or inherited properties; answers what puts those back that nobody has changed since. */
export function shadow(holder: object, values: Readonly<Record<string, unknown>>): () => void {
  const before = Object.keys(values).map(
    (name) => [name, Object.getOwnPropertyDescriptor(holder, name), values[name]] as const,
  );
  for (const [name, , value] of before) {
    Object.defineProperty(holder, name, { configurable: true, enumerable: true, writable: true, value });
  }
  return () => {
    for (const [name, property, value] of before) {
      if (Reflect.get(holder, name) !== value) continue;
      if (property === undefined) Reflect.deleteProperty(holder, name);
      else Object.defineProperty(holder, name, property);
    }
  };
}
