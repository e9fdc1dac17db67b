// Which text fields people can fill by the API, from the document that describes it, and which of them were attacked.

import { readFileSync } from "node:fs";

const DOCUMENT = JSON.parse(readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8"));
const NOT_TYPED = new Set(["date-time", "uuid", "binary"]);

// `Profile.bio`: fields of one schema are one field, wherever it is sent.
function* fieldsOf(schema, name, around = []) {
  if (schema.$ref) {
    const named = schema.$ref.split("/").at(-1);
    if (!around.includes(named)) yield* fieldsOf(DOCUMENT.components.schemas[named], named, [...around, named]);
    return;
  }
  for (const part of [...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])]) yield* fieldsOf(part, name, around);
  if (schema.enum || schema.const) return;
  const types = [schema.type].flat();
  if (types.includes("string") && !NOT_TYPED.has(schema.format)) yield name;
  if (types.includes("array")) yield* fieldsOf(schema.items ?? {}, name, around);
  for (const [field, inner] of Object.entries(schema.properties ?? {})) yield* fieldsOf(inner, `${name}.${field}`, around);
}

const bodies = () =>
  Object.entries(DOCUMENT.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, operation]) =>
      Object.values(operation.requestBody?.content ?? {}).map(({ schema }) => ({ path, method: method.toUpperCase(), schema })),
    ),
  );

export const typedFields = () =>
  [...new Set(bodies().flatMap(({ path, method, schema }) => [...fieldsOf(schema, `${method} ${path}`)]))].sort();

// The names of the fields that a request fills with what `isHostile` says yes to.
export function hostileFields(method, path, data, isHostile) {
  const fits = (template) => new RegExp(`^${template.replace(/\{\w+\}/g, "[^/]+")}$`).test(path.split("?")[0]);
  const known = bodies().filter((body) => body.method === method && fits(body.path));
  const filled = Object.entries(data ?? {})
    .filter(([, value]) => [value].flat().some((text) => typeof text === "string" && isHostile(text)))
    .map(([field]) => field);
  return known
    .flatMap((body) => [...fieldsOf(body.schema, `${body.method} ${body.path}`)])
    .filter((name) => filled.includes(name.split(".").at(-1)));
}
