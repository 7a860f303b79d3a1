import { ServerResponse } from "node:http";
import type { Fields, FieldValue } from "../../adapter.ts";

/** Fields of which a handler says only a part: the others have said theirs. */
const JOINED: ReadonlySet<string> = new Set(["set-cookie", "vary"]);

/**
 * Notes what a handler gives to `setHeader` where middleware in front makes other values of it. That middleware does so
 * again on each hit, so what is stored has to be the handler's.
 */
export class HeaderRecorder {
  readonly #values: Map<string, FieldValue> | undefined;
  readonly #end: () => void = () => undefined;

  constructor(res: ServerResponse) {
    const { setHeader, appendHeader } = res;
    if (setHeader === ServerResponse.prototype.setHeader) return;
    const values = (this.#values = new Map<string, FieldValue>());
    const own = Object.getOwnPropertyDescriptor(res, "setHeader");
    const noting: typeof setHeader = (name, value) => {
      const said = typeof value === "object" ? [...value] : String(value);
      values.set(name.toLowerCase(), said);
      return Reflect.apply(setHeader, res, [name, value]);
    };
    res.setHeader = noting;
    res.appendHeader = (name, value) => {
      values.delete(name.toLowerCase());
      return Reflect.apply(appendHeader, res, [name, value]);
    };
    this.#end = () => {
      Reflect.deleteProperty(res, "appendHeader");
      if (res.setHeader !== noting) return;
      if (own === undefined) Reflect.deleteProperty(res, "setHeader");
      else Object.defineProperty(res, "setHeader", own);
    };
  }

  /** The fields that a handler set, as it said them; `joined` are those of which it said a part. */
  of(own: Fields, joined: readonly string[]): Fields {
    const values = this.#values;
    if (values === undefined) return own;
    return own.map(([name, value]) => {
      const isWhole = !JOINED.has(name) && !joined.includes(name);
      return [name, (isWhole ? values.get(name) : undefined) ?? value] as const;
    });
  }

  /** Notes nothing any more. */
  end(): void {
    this.#end();
  }
}
