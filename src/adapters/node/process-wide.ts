/**
 * Returns a value of which a process has one. There may be several copies of this package: two versions in
 * `node_modules`, or the ES modules beside CommonJS. What one of them knows of a request or a connection, the others
 * have to know as well.
 *
 * `name` ends in a number where another version of the package may give the value another shape.
 */
export function processWide<Value extends object>(name: string, create: () => Value): Value {
  const key = Symbol.for(`caching-route.${name}`);
  const known = Reflect.get(globalThis, key) as Value | undefined;
  if (known !== undefined) return known;
  const value = create();
  Object.defineProperty(globalThis, key, { value });
  return value;
}
