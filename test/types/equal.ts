/** Whether each of two types is assignable to the other. */
export type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

/** Compiles only where the fact is one. */
export type Fact<Holds extends true> = Holds;

/** Whether an object type has this member. */
export type Has<T, Name extends PropertyKey> = Name extends keyof T ? true : false;

/** Whether two types are one, `any` and `unknown` told apart. */
export type Exact<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
