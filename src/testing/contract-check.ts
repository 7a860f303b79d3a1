/** One requirement of a contract: its name says what must hold, `run` rejects with an `AssertionError` where it does not. */
export interface ContractCheck {
  readonly name: string;
  run(): Promise<void>;
}
