/**
 * Writes the types of /x/v1 from its OpenAPI description, so that nobody keeps a second copy by hand.
 *
 *     node tools/types.mjs http://localhost:8080/x/v1/openapi.json   writes src/data/openapi.ts
 *     node tools/types.mjs FILE --print                              prints it
 */

import { readFile, writeFile } from "node:fs/promises";

const HEAD = `/** Made by tools/types.mjs from the OpenAPI description of /x/v1. Not to be edited. */

`;

function name(reference) {
  return reference.slice(reference.lastIndexOf("/") + 1);
}

/** The TypeScript type of a JSON schema, of the kind that the exchange's own description uses. */
function typeOf(schema) {
  if (schema.$ref) return name(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const parts = schema.anyOf ?? schema.oneOf;
  if (parts) return [...new Set(parts.map(typeOf))].join(" | ");
  switch (schema.type) {
    case "string":
      return "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "null":
      return "null";
    case "array":
      return arrayOf(schema);
    case "object":
      return objectOf(schema);
    default:
      return "unknown";
  }
}

function arrayOf(schema) {
  if (schema.prefixItems) return `readonly [${schema.prefixItems.map(typeOf).join(", ")}]`;
  const item = typeOf(schema.items ?? {});
  return /[|{ ]/.test(item) ? `readonly (${item})[]` : `readonly ${item}[]`;
}

function objectOf(schema, isWhole = false) {
  if (!schema.properties) {
    const more = schema.additionalProperties;
    const value = more && typeof more === "object" ? typeOf(more) : "unknown";
    return `Readonly<Record<string, ${value}>>`;
  }
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties).map(([field, type]) => {
    const mark = isWhole || required.has(field) ? "" : "?";
    return `  readonly ${field}${mark}: ${typeOf(type)};`;
  });
  return `{\n${fields.join("\n")}\n}`;
}

function declaration([title, schema]) {
  const about = schema.description
    ? `/** ${schema.description.split("\n")[0].replaceAll("*/", "")} */\n`
    : "";
  const isObject = schema.type === "object" && schema.properties;
  const type = isObject ? objectOf(schema, answered.has(title)) : typeOf(schema);
  if (type === "{\n\n}") return `${about}export type ${title} = Readonly<Record<string, never>>;`;
  return type.startsWith("{")
    ? `${about}export interface ${title} ${type}`
    : `${about}export type ${title} = ${type};`;
}

/** What answers are made of. They have all their fields always; only requests may leave some out. */
function answeredOf({ paths, components: { schemas } }) {
  const answers = Object.values(paths)
    .flatMap((path) => Object.values(path))
    .flatMap((operation) => Object.entries(operation.responses ?? {}))
    .filter(([status]) => status.startsWith("2"));
  const found = new Set();
  const waiting = [JSON.stringify(answers)];
  for (let text = waiting.pop(); text !== undefined; text = waiting.pop()) {
    for (const [, title] of text.matchAll(/#\/components\/schemas\/([^"]+)"/g)) {
      if (found.has(title)) continue;
      found.add(title);
      waiting.push(JSON.stringify(schemas[title]));
    }
  }
  return found;
}

async function description(place) {
  if (!/^https?:/.test(place)) return JSON.parse(await readFile(place, "utf8"));
  const response = await fetch(place);
  if (!response.ok) throw new Error(`${place}: HTTP ${response.status}`);
  return response.json();
}

const [place, option] = process.argv.slice(2);
if (!place) throw new Error("say where the OpenAPI description is: an address or a file");
const whole = await description(place);
const answered = answeredOf(whole);
const text = `${HEAD}${Object.entries(whole.components.schemas).map(declaration).join("\n\n")}\n`;
if (option === "--print") process.stdout.write(text);
else await writeFile(new URL("../src/data/openapi.ts", import.meta.url), text);
