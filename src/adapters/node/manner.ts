import type { Changes, Manner } from "../../adapter.ts";

/** How content is handed over. */
export interface Form extends Pick<Manner, "isParted" | "isHeadFirst" | "isUnsized"> {
  readonly textIn?: Manner["textIn"] | undefined;
}

/** How a handler made its response; undefined where it did so in the usual way. */
export function mannerOf(form: Form, { removed, added }: Changes): Manner | undefined {
  const { textIn, isParted, isHeadFirst, isUnsized } = form;
  const manner: Manner = {
    ...(textIn !== undefined && { textIn }),
    ...(isParted === true && { isParted }),
    ...(isHeadFirst === true && { isHeadFirst }),
    ...(isUnsized === true && { isUnsized }),
    ...(removed.length > 0 && { removed }),
    ...(added.length > 0 && { added }),
  };
  return Object.keys(manner).length === 0 ? undefined : manner;
}

/** The encoding of what was handed over as text; undefined for bytes, and for text that only stands for bytes. */
export function textIn(chunk: unknown, encoding: BufferEncoding | undefined): Manner["textIn"] {
  if (typeof chunk !== "string") return undefined;
  if (encoding === undefined || /^utf-?8$/i.test(encoding)) return "utf8";
  return /^(?:latin1|binary)$/i.test(encoding) ? "latin1" : undefined;
}
