import { describe, expect, it } from "vitest";
import { isErrorStatus, isStorableStatus } from "../../src/http/status.ts";

describe("a status", () => {
  it.each([400, 404, 499, 500, 599])("%s is that of an error", (status) => {
    expect(isErrorStatus(status)).toBe(true);
  });

  it.each<unknown>([200, 304, 399, 600, 404.5, "404", undefined, null, Number.NaN])(
    "%s is not that of an error",
    (status) => {
      expect(isErrorStatus(status)).toBe(false);
    },
  );

  it.each([200, 203, 204, 301, 404, 599])("%s can be that of a whole response", (status) => {
    expect(isStorableStatus(status)).toBe(true);
  });

  it.each<unknown>([100, 199, 206, 304, 600, 200.5, "200", undefined, Number.NaN])(
    "%s cannot be that of a whole response",
    (status) => {
      expect(isStorableStatus(status)).toBe(false);
    },
  );
});
