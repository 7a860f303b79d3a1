type IsAny<T> = 0 extends 1 & T ? true : false;

/** Whether each of two types is assignable to the other. `any` is only the same as itself. */
export type Same<A, B> =
  IsAny<A> extends IsAny<B> ? ([A] extends [B] ? ([B] extends [A] ? true : false) : false) : false;

/** Compiles only where the fact is one. */
export type Fact<Holds extends true> = Holds;

/** Whether an object type has this member. */
export type Has<T, Name extends PropertyKey> = Name extends keyof T ? true : false;
