import type { ServerResponse } from "node:http";

/** Gives properties of an object other values. Returns how to restore those that nobody has changed since. */
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

/**
 * Calls `restore` once a response has ended, before all other listeners: loggers that read the request then see what
 * its handler did not.
 */
export function restoreAtEnd(res: ServerResponse, restore: () => void): void {
  const once = (): void => {
    res.off("finish", once);
    res.off("close", once);
    restore();
  };
  res.prependListener("finish", once);
  res.prependListener("close", once);
}
