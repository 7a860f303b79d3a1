/** Returns whether a value is the status of an error: 400 to 599 (RFC 9110 §15.5, §15.6). */
export function isErrorStatus(status: unknown): status is number {
  return Number.isInteger(status) && Number(status) >= 400 && Number(status) <= 599;
}

/**
 * Returns whether a value is the status of a response that can be stored whole: a final one, but not 206, which is a
 * part, nor 304, which has no content (RFC 9110 §15).
 */
export function isStorableStatus(status: unknown): status is number {
  const isFinal = Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599;
  return isFinal && status !== 206 && status !== 304;
}
