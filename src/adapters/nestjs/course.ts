import type { Run } from "../node/outcome.ts";
import { processWide } from "../node/process-wide.ts";

/** How one response is made, from the lookup of its request on. */
export interface Course {
  /** The run of the handler that the cache reads. */
  run: Run | undefined;
  /** What the cache has: it is sent once the interceptors around ours have let it pass. */
  hit: { send(): void; drop(): void } | undefined;
  /** What the handler, or something around it and inside of ours, has thrown. */
  thrown: { readonly error: unknown } | undefined;
  /** The cache has sent the response: nothing else is sent. */
  isServed: boolean;
}

/** By response: Express's own, or Fastify's reply. */
const COURSES = processWide("nestjs.courses.1", () => new WeakMap<object, Course>());

/** Returns the course of a response. Undefined: its request is not looked up. */
export function courseOf(response: unknown): Course | undefined {
  return typeof response === "object" && response !== null ? COURSES.get(response) : undefined;
}

/** Begins the course of a response. */
export function beginCourse(response: object): Course {
  const course: Course = { run: undefined, hit: undefined, thrown: undefined, isServed: false };
  COURSES.set(response, course);
  return course;
}

/** Sends what the cache has, if it has anything. Returns whether it has. */
export function serve(course: Course): boolean {
  const { hit } = course;
  if (hit === undefined) return false;
  course.hit = undefined;
  course.isServed = true;
  hit.send();
  return true;
}

/** The request has failed: what the cache has is not sent, and what is sent for a foreign error is not stored. */
export function failCourse(course: Course, error: unknown): void {
  course.hit?.drop();
  course.hit = undefined;
  if (course.thrown?.error !== error) course.run?.fail(error, true);
}
