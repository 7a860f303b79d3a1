/** Longer keys are not remembered: ten thousand of them would weigh too much (hazard 17). */
const LONGEST_KEY = 2048;

/** Remembers something of keys, of so many at most: the one that was said longest ago is forgotten first (hazard 17). */
export class Remembered<Value> {
  readonly #limit: number;
  readonly #values = new Map<string, Value>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: Value): void {
    if (key.length > LONGEST_KEY) return;
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size <= this.#limit) return;
    for (const oldest of this.#values.keys()) {
      this.#values.delete(oldest);
      return;
    }
  }

  delete(key: string): void {
    this.#values.delete(key);
  }
}
