/** One row of an order. */
interface Line {
  readonly sku: string;
  readonly title: string;
  readonly quantity: number;
  readonly price: number;
  readonly inStock: boolean;
}

interface Item {
  readonly id: number;
  readonly name: string;
  readonly lines: readonly Line[];
}

/** What the handlers return: 20 items, and a note that fills the JSON up to an exact size. */
export interface Payload {
  readonly items: readonly Item[];
  readonly note: string;
}

/** What a payload is made of: many small rows, a few long texts, or rows with letters beyond ASCII. */
export type Shape = "rows" | "prose" | "beyond-ascii";

const ITEMS = 20;

const text = { type: "string" } as const;
const number = { type: "number" } as const;

/** The payload as JSON Schema: with it, Fastify serialises by fast-json-stringify. */
export const responseSchema = object({
  items: list(
    object({
      id: number,
      name: text,
      lines: list(
        object({ sku: text, title: text, quantity: number, price: number, inStock: { type: "boolean" } }),
      ),
    }),
  ),
  note: text,
});

/** Makes 20 items whose JSON is exactly `bytes` long. */
export function payloadOf(bytes: number, shape: Shape): Payload {
  const rows = shape === "prose" ? 1 : Math.max(0, Math.floor((bytes - 960) / ITEMS / 105));
  const title = shape === "prose" ? "word ".repeat(Math.floor((bytes / ITEMS - 170) / 5)) : "A thing to buy";
  const items = Array.from({ length: ITEMS }, (_, index) => ({
    id: 1000 + index,
    name: shape === "beyond-ascii" ? "Größe" : "Order",
    lines: Array.from({ length: rows }, (_line, row) => lineOf(index, row, title)),
  }));
  const missing = bytes - Buffer.byteLength(JSON.stringify({ items, note: "" }));
  if (missing < 0) throw new Error(`20 items of shape "${shape}" do not fit into ${bytes} bytes`);
  return { items, note: ".".repeat(missing) };
}

function lineOf(item: number, row: number, title: string): Line {
  const serial = item * 100 + row;
  return {
    sku: `SKU-${10_000 + serial}`,
    title,
    quantity: 1 + (row % 9),
    price: serial + 0.25,
    inStock: row % 3 > 0,
  };
}

function object(properties: Readonly<Record<string, unknown>>): object {
  return { type: "object", properties, required: Object.keys(properties) };
}

function list(items: object): object {
  return { type: "array", items };
}
