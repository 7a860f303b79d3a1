/** What one run of a handler answers, so that whoever reads it can tell whether all of it is of that run. */
export interface Origin {
  readonly kind: string;
  readonly id: string;
  readonly user: string;
  readonly language: string;
  readonly run: string;
}

/** How many parts a stream has, and how large they are. */
export const SIZES: Readonly<Record<string, { readonly parts: number; readonly bytes: number }>> = {
  stream: { parts: 8, bytes: 3000 },
  broken: { parts: 8, bytes: 3000 },
  large: { parts: 160, bytes: 65_536 },
};

/** What a route keeps at most, in bytes: less than `large` has, more than all others have. */
export const MAX_BODY_BYTES = 262_144;

/** After how many parts a run of a broken stream fails. */
export function failsAfter(run: string): number {
  return Number(run) % 3 === 0 ? Infinity : Number(run) % 8;
}

/** One part of a stream. */
export function partOf(origin: Origin, at: number): Buffer {
  const { bytes } = SIZES[origin.kind] ?? { bytes: 0 };
  return Buffer.alloc(bytes, `${nameOf(origin)} part ${at};`);
}

/** The content as a whole. */
export function wholeOf(origin: Origin): Buffer {
  const size = SIZES[origin.kind];
  if (size === undefined) return textOf(origin);
  return Buffer.concat(Array.from({ length: size.parts }, (_, at) => partOf(origin, at)));
}

/** What says which content it is; its entity tag is made of it. */
export function nameOf({ kind, id, user, language, run }: Origin): string {
  return `${kind} ${id} ${user} ${language} ${run}`;
}

function textOf(origin: Origin): Buffer {
  const length = (Number(origin.run) * 7919) % 9000;
  return Buffer.from(`${nameOf(origin)};${"=".repeat(length)}; the end`);
}
