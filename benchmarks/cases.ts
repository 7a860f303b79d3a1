import type { Shape } from "./payload.ts";

/** One kind of answer that is measured. */
export interface Case {
  /** How the tables call it. */
  readonly title: string;
  /** The exact length of the JSON that the handler makes. */
  readonly bytes: number;
  readonly shape: Shape;
  /** Whether the client has the response already, and asks with `If-None-Match`. */
  readonly conditional: boolean;
}

/** The cases by the names that the command line knows. */
export const cases = {
  "1k": { title: "1 KB", bytes: 1024, shape: "rows", conditional: false },
  "64k": { title: "64 KB", bytes: 65_536, shape: "rows", conditional: false },
  "304": { title: "304", bytes: 1024, shape: "rows", conditional: true },
  "1k-utf8": { title: "1 KB, beyond ASCII", bytes: 1024, shape: "beyond-ascii", conditional: false },
  "64k-prose": { title: "64 KB, long texts", bytes: 65_536, shape: "prose", conditional: false },
} as const satisfies Record<string, Case>;

export type CaseName = keyof typeof cases;

/** The cases with goals; the others are for whoever asks how far they carry. */
export const usualCases: readonly CaseName[] = ["1k", "64k", "304"];

export function isCaseName(name: string): name is CaseName {
  return Object.hasOwn(cases, name);
}
