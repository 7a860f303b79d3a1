import type { Fields } from "../../src/adapter.ts";

/** The value of a field that is said once. */
export function fieldNamed(fields: Fields, name: string): string | undefined {
  const found = fields.find((field) => field[0] === name);
  return found === undefined ? undefined : String(found[1]);
}

/** Bytes as text, one character each. */
export function textOf(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return "";
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
