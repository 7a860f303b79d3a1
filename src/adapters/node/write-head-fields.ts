import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Fields } from "../../adapter.ts";
import { setFields } from "./reply-fields.ts";
import { pairsOf } from "./write-arguments.ts";

/** `writeHead`, in any of its forms. */
type WriteHead = (...args: unknown[]) => unknown;

/**
 * Adds fields to a head that is written past the framework, by `res.writeHead` or by the first byte. `fieldsFor` is
 * called once, when that head is written; it returns undefined if nothing is to be added.
 *
 * They take the form of the head's own fields: Node 20 keeps only the last line of a name that a flat list repeats,
 * if a field was set before.
 */
export function addFieldsAtWriteHead(res: ServerResponse, fieldsFor: () => Fields | undefined): void {
  const methods = res as unknown as { writeHead: WriteHead };
  const { writeHead } = methods;
  let isOver = false;
  methods.writeHead = function writeHeadWith(...args) {
    const fields = isOver || res.headersSent ? undefined : fieldsFor();
    isOver = true;
    return Reflect.apply(writeHead, res, fields === undefined ? args : withFields(res, args, fields));
  };
}

/** Adds fields to the arguments of `writeHead`. `Cache-Status` is appended to; all else is replaced. */
function withFields(res: ServerResponse, args: readonly unknown[], fields: Fields): unknown[] {
  const [head, given] = [args.slice(0, -1), args.at(-1)];
  if (typeof given !== "object" || given === null) {
    setFields(
      res,
      fields.map(([name, value]) => [name, appended(res.getHeader(name), name, value)] as const),
    );
    return [...args];
  }
  const others = fields.filter(([name]) => name !== "cache-status");
  const isReplaced = (name: unknown): boolean => others.some(([own]) => own === String(name).toLowerCase());
  if (!Array.isArray(given)) {
    const kept = Object.entries(given as OutgoingHttpHeaders).filter(([name]) => !isReplaced(name));
    const lines = Object.fromEntries(kept.filter(([name]) => name.toLowerCase() !== "cache-status"));
    const inner = kept.find(([name]) => name.toLowerCase() === "cache-status")?.[1];
    for (const [name, value] of fields) lines[name] = appended(inner, name, value);
    return [...head, lines];
  }
  const whole = [...pairsOf(given).filter(([name]) => !isReplaced(name)), ...fields];
  return [...head, Array.isArray(given[0]) ? whole : whole.flat()];
}

function appended(
  present: OutgoingHttpHeaders[string],
  name: string,
  value: Fields[number][1],
): string | string[] {
  const own = typeof value === "string" ? value : [...value];
  return name !== "cache-status" || present === undefined ? own : [present, own].flat().map(String);
}
