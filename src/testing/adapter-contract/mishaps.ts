/** What an application's function may do by mistake. */
export const mishaps: Readonly<Record<string, () => unknown>> = {
  "is asynchronous": async () => "a value",
  rejects: async () => {
    throw new Error("down");
  },
  "rejects with nothing": () => Promise.reject(undefined),
  throws: () => {
    throw new Error("down");
  },
  "throws nothing": () => thrown(undefined),
  "throws a text that a framework knows": () => thrown("route"),
  "returns nothing": () => undefined,
  "returns null": () => null,
  "returns NaN": () => Number.NaN,
  "returns Infinity": () => Infinity,
  "returns a negative number": () => -1,
  "returns a symbol": () => Symbol("s"),
  "returns a long text": () => "x".repeat(100_000),
  "returns an object whose getters throw": () => new Proxy({}, { get: () => thrown(new Error("lazy")) }),
};

function thrown(value: unknown): never {
  // What applications throw, and not what they should.
  const error = value as Error;
  throw error;
}
