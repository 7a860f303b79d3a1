/** One defence of the core, and what stands in its place once it is taken out. */
export interface PlantedBug {
  readonly name: string;
  /** The compiled file, below `src/`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly replace: string;
}
