import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Fields } from "../../adapter.ts";
import { setFields } from "./reply-fields.ts";

/** `writeHead`, in any of its forms. */
type WriteHead = (...args: unknown[]) => unknown;

/**
 * Says fields with a head that is written past the framework, by a method of the response or by its first byte. `say` is
 * called once, as that head is written; it answers the fields, or nothing where the head is not such a one.
 *
 * They are put beside what the head says, in the form in which it says it: Node 20 keeps only the last line of a name
 * that a flat list repeats, where a field was set before.
 */
export function addFieldsAtWriteHead(res: ServerResponse, say: () => Fields | undefined): void {
  const methods = res as unknown as { writeHead: WriteHead };
  const { writeHead } = methods;
  let isOver = false;
  methods.writeHead = function writeHeadWith(...args) {
    const fields = isOver || res.headersSent ? undefined : say();
    isOver = true;
    return Reflect.apply(writeHead, res, fields === undefined ? args : beside(res, args, fields));
  };
}

/** The arguments of `writeHead` with more fields; a list of caches goes on, all else replaces. */
function beside(res: ServerResponse, args: readonly unknown[], fields: Fields): unknown[] {
  const [head, said] = [args.slice(0, -1), args.at(-1)];
  if (typeof said !== "object" || said === null) {
    setFields(
      res,
      fields.map(([name, value]) => [name, after(res.getHeader(name), name, value)] as const),
    );
    return [...args];
  }
  const others = fields.filter(([name]) => name !== "cache-status");
  const isOurs = (name: unknown): boolean => others.some(([own]) => own === String(name).toLowerCase());
  if (!Array.isArray(said)) {
    const kept = Object.entries(said as OutgoingHttpHeaders).filter(([name]) => !isOurs(name));
    const lines = Object.fromEntries(kept.filter(([name]) => name.toLowerCase() !== "cache-status"));
    const inner = kept.find(([name]) => name.toLowerCase() === "cache-status")?.[1];
    for (const [name, value] of fields) lines[name] = after(inner, name, value);
    return [...head, lines];
  }
  const pairs = Array.isArray(said[0]) ? (said as unknown[][]) : pairsOf(said);
  const whole = [...pairs.filter(([name]) => !isOurs(name)), ...fields];
  return [...head, Array.isArray(said[0]) ? whole : whole.flat()];
}

function after(
  present: OutgoingHttpHeaders[string],
  name: string,
  value: Fields[number][1],
): string | string[] {
  const own = typeof value === "string" ? value : [...value];
  return name !== "cache-status" || present === undefined ? own : [present, own].flat().map(String);
}

function pairsOf(list: readonly unknown[]): unknown[][] {
  return list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1]]] : []));
}
