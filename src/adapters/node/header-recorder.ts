import { ServerResponse } from "node:http";
import type { Fields, FieldValue } from "../../adapter.ts";

/** Fields to which a handler adds, beside the values of earlier middleware. */
const JOINED: ReadonlySet<string> = new Set(["set-cookie", "vary"]);

/**
 * Records the values that a handler gives to `setHeader` where middleware changes them. That middleware changes them
 * again on each hit, so the handler's own are stored.
 */
export class HeaderRecorder {
  readonly #values: Map<string, FieldValue> | undefined;
  readonly #stop: () => void = () => undefined;

  constructor(res: ServerResponse) {
    const { setHeader } = res;
    if (setHeader === ServerResponse.prototype.setHeader) return;
    const { appendHeader } = res;
    const values = (this.#values = new Map<string, FieldValue>());
    const own = Object.getOwnPropertyDescriptor(res, "setHeader");
    const recording: typeof setHeader = (name, value) => {
      const given = typeof value === "object" ? [...value] : String(value);
      values.set(name.toLowerCase(), given);
      return Reflect.apply(setHeader, res, [name, value]);
    };
    res.setHeader = recording;
    res.appendHeader = (name, value) => {
      values.delete(name.toLowerCase());
      return Reflect.apply(appendHeader, res, [name, value]);
    };
    this.#stop = () => {
      Reflect.deleteProperty(res, "appendHeader");
      if (res.setHeader !== recording) return;
      if (own === undefined) Reflect.deleteProperty(res, "setHeader");
      else Object.defineProperty(res, "setHeader", own);
    };
  }

  /** Returns a handler's fields with the values that it gave; to those in `added` it gave only a part. */
  given(own: Fields, added: readonly string[]): Fields {
    const values = this.#values;
    if (values === undefined) return own;
    return own.map(([name, value]) => {
      const isWhole = !JOINED.has(name) && !added.includes(name);
      return [name, (isWhole ? values.get(name) : undefined) ?? value] as const;
    });
  }

  /** Stops recording. */
  stop(): void {
    this.#stop();
  }
}
