import type { ServerResponse } from "node:http";
import { besideEarlier, toFields } from "../../adapter.ts";
import type { Fields, FieldValue, Making, Reply } from "../../adapter.ts";

/**
 * Sets a reply's fields on a Node response, beside the fields of earlier middleware: `Vary` is merged, `Set-Cookie`
 * lines are appended, all else is replaced. `making` names the earlier fields that the handler removed, or added to.
 */
export function setFields(res: ServerResponse, fields: Fields, making?: Making): void {
  for (const name of making?.removed ?? []) remove(res, name);
  for (const [name, value] of fields) setField(res, name, value, making);
}

/** Sets each of these fields unless the response has one of its name. */
export function setUnlessSet(res: ServerResponse, fields: Fields = []): void {
  for (const [name, value] of fields) if (!res.hasHeader(name)) res.setHeader(name, value);
}

/**
 * Replaces the fields that a handler set on a response (`own`, beside `earlier` ones) by those of a reply. Equal
 * fields are left alone: middleware may have changed their values. `told` was set by `setUnlessSet`.
 */
export function replaceFields(
  res: ServerResponse,
  { own, earlier, told = [] }: { readonly own: Fields; readonly earlier: Fields; readonly told?: Fields },
  { fields, unlessSet, making }: Pick<Reply, "fields" | "unlessSet" | "making">,
): void {
  for (const [name, value] of told) if (res.getHeader(name) === value) remove(res, name);
  for (const name of making?.removed ?? []) if (fieldIn(own, name) === undefined) remove(res, name);
  for (const [name] of own) if (fieldIn(fields, name) === undefined) restore(res, name, earlier);
  for (const [name, value] of fields) {
    const before = fieldIn(own, name);
    if (before !== undefined && isSame(before, value)) continue;
    if (before !== undefined) restore(res, name, making?.removed?.includes(name) === true ? [] : earlier);
    setField(res, name, value, making);
  }
  setUnlessSet(res, unlessSet);
}

function setField(res: ServerResponse, name: string, value: FieldValue, making: Making | undefined): void {
  const present = res.getHeader(name);
  const earlier = typeof present === "number" ? String(present) : present;
  res.setHeader(name, besideEarlier(name, value, earlier, making?.added?.includes(name)));
}

function restore(res: ServerResponse, name: string, earlier: Fields): void {
  const value = fieldIn(earlier, name);
  if (value === undefined) remove(res, name);
  else res.setHeader(name, value);
}

function remove(res: ServerResponse, name: string): void {
  // Removing `Date` also stops Node from adding one.
  const { sendDate } = res;
  res.removeHeader(name);
  res.sendDate = sendDate;
}

function fieldIn(fields: Fields, name: string): FieldValue | undefined {
  return fields.find(([known]) => known === name)?.[1];
}

function isSame(left: FieldValue, right: FieldValue): boolean {
  if (left === right) return true;
  const [lefts, rights] = [lines(left), lines(right)];
  return lefts.length === rights.length && lefts.every((line, index) => line === rights[index]);
}

/** Returns the fields that are set on a response now. */
export function fieldsOf(res: ServerResponse): Fields {
  return toFields(res.getHeaders());
}

/** Returns the `Set-Cookie` lines that are set on a response now. */
export function cookiesOf(res: ServerResponse): readonly string[] {
  const cookies = res.getHeader("set-cookie");
  return cookies === undefined ? [] : lines(cookies);
}

/** Returns the content security policies with a nonce that are set on a response now. */
export function noncePoliciesOf(res: ServerResponse): readonly string[] {
  return ["content-security-policy", "content-security-policy-report-only"].flatMap((name) => {
    const policy = res.getHeader(name);
    return policy === undefined ? [] : lines(policy).filter((line) => /'nonce-/i.test(line));
  });
}

/** Whether the handler chose a framing, which no other message can use. */
export function isFramed(res: ServerResponse): boolean {
  return res.hasHeader("transfer-encoding") || res.hasHeader("trailer");
}

function lines(value: number | FieldValue): readonly string[] {
  return typeof value === "object" ? value : [String(value)];
}
