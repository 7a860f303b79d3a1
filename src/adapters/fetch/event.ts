import { CacheError } from "../../adapter.ts";
import { withoutUndeclared } from "../web/request.ts";

/** Throws `ERR_CACHE_OPTION_INVALID` for anything but a function. `write` is the call as it should be, for the message. */
export function checkRequestOf(requestOf: unknown, write: string): void {
  if (typeof requestOf === "function") return;
  throw new CacheError(
    "ERR_CACHE_OPTION_INVALID",
    `event handler: what takes the request from the event is of type ${typeof requestOf}, and no function; write ${write}`,
  );
}

/** Returns the request of an event. Throws `ERR_CACHE_OPTION_INVALID` if the function for it returns none. */
export function requestIn<Event>(event: Event, requestOf: (event: Event) => Request, route: string): Request {
  const request: unknown = requestOf(event);
  const { url, headers } = Object(request) as Partial<Request>;
  if (typeof url === "string" && typeof headers?.get === "function") return request as Request;
  throw new CacheError(
    "ERR_CACHE_OPTION_INVALID",
    `${route}: the function that takes the request from the event has returned a ${typeof request}; write where it is, ` +
      "such as (event) => event.request",
  );
}

/**
 * Returns an event that has another request in place of its own, and a URL to match. It is a copy: the original may be of
 * a class that reads slots of its own, so its members are read through that.
 */
export function withRequest<Event>(event: Event, request: Request, shown: Request): Event {
  if (Object.is(request, shown) || typeof event !== "object" || event === null) return event;
  const copy = Object.create(Object.getPrototypeOf(event) as object | null) as Event;
  for (
    let type: object | null = event;
    type !== null && type !== Object.prototype;
    type = Object.getPrototypeOf(type) as object | null
  ) {
    for (const name of Reflect.ownKeys(type)) {
      if (name === "constructor" || Object.hasOwn(copy as object, name)) continue;
      const enumerable = Object.prototype.propertyIsEnumerable.call(type, name);
      Object.defineProperty(copy, name, {
        configurable: true,
        enumerable,
        get: () => shownValue(event, name, request, shown),
        set(value) {
          Reflect.set(event, name, value);
        },
      });
    }
  }
  return copy;
}

function shownValue(event: object, name: string | symbol, request: Request, shown: Request): unknown {
  const value: unknown = Reflect.get(event, name);
  if (value === request) return shown;
  if (typeof value === "function") return value.bind(event) as unknown;
  return withoutUndeclared(shown, request, String(name), value);
}
