// Reads JSON Schema (2020-12, as OpenAPI 3.1 uses it): follows references, describes a schema in words and as a list
// of properties, and makes an example of it. References that run in a circle are cut where they meet themselves.

import { element } from "./dom.js";
import { prose } from "./prose.js";

/** References followed in a row before a document is taken to be broken. */
const MOST_HOPS = 16;
/** Levels of nesting that an example goes down. */
const EXAMPLE_DEPTH = 8;

const EXAMPLES_BY_FORMAT = {
  email: "ada@example.com",
  uuid: "0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
  "date-time": "2026-01-02T15:04:05Z",
  date: "2026-01-02",
  uri: "https://example.com",
};

/**
 * Follows `$ref` within the document.
 * @returns {{node: object, trail: string[]}} the node, keywords beside a reference laid over it, and the references
 *   that led here; `cyclic` is set where one of them was in the trail already
 */
export function resolve(root, node, trail = []) {
  let overlay = {};
  let path = trail;
  for (let hop = 0; hop < MOST_HOPS && node?.$ref; hop += 1) {
    const { $ref, ...beside } = node;
    const cyclic = path.includes($ref);
    path = [...path, $ref];
    overlay = { ...beside, ...overlay };
    if (cyclic) return { node: overlay, trail: path, cyclic };
    node = pointed(root, $ref);
  }
  return { node: { ...node, ...overlay }, trail: path, cyclic: false };
}

function pointed(root, reference) {
  if (!reference.startsWith("#/")) return { description: `Defined elsewhere: ${reference}` };
  const steps = decodeURIComponent(reference.slice(2)).split("/");
  const found = steps.reduce((at, step) => at?.[step.replaceAll("~1", "/").replaceAll("~0", "~")], root);
  return found ?? { description: `Missing from the document: ${reference}` };
}

/** Resolves a schema and merges its `allOf` into one. */
function open(root, schema, trail) {
  const { node, trail: path, cyclic } = resolve(root, schema, trail);
  if (!node.allOf) return { schema: node, trail: path, cyclic };
  const { allOf, ...merged } = node;
  let reached = path;
  for (const part of allOf) {
    const { schema: piece, trail: onward, cyclic: again } = open(root, part, reached);
    if (again) continue;
    reached = onward;
    merged.properties = { ...piece.properties, ...merged.properties };
    merged.required = [...(piece.required ?? []), ...(merged.required ?? [])];
    for (const [key, value] of Object.entries(piece)) merged[key] ??= value;
  }
  return { schema: merged, trail: reached, cyclic };
}

const nameOf = (reference) => reference.split("/").at(-1);
const isNull = (schema) => schema.type === "null";
const typesOf = ({ type }) => [type ?? []].flat();
const choicesOf = (schema) => schema.oneOf ?? schema.anyOf ?? [];

/** The type in words: `string (email)`, `array of Session`, `integer or null`. */
export function typeText(root, schema, trail = []) {
  if (typeof schema !== "object") return "anything";
  if (schema.$ref && !schema.$ref.startsWith("#/")) return nameOf(schema.$ref);
  const opened = open(root, schema, trail);
  if (opened.cyclic) return nameOf(opened.trail.at(-1));
  const { schema: node, trail: path } = opened;
  const choices = choicesOf(node);
  if (choices.length > 0) return choices.map((choice) => typeText(root, choice, path)).join(" or ");
  if ("const" in node) return `always ${JSON.stringify(node.const)}`;
  const words = typesOf(node).map((type) => {
    if (type === "array" && node.items) return `array of ${typeText(root, node.items, path)}`;
    if (type === "object" && typeof node.additionalProperties === "object" && !node.properties) {
      return `map of ${typeText(root, node.additionalProperties, path)}`;
    }
    if (type === "object" && schema.$ref) return nameOf(schema.$ref);
    return type !== "null" && node.format ? `${type} (${node.format})` : type;
  });
  return words.join(" or ") || (node.properties ? "object" : "anything");
}

function limitsOf(schema) {
  const between = (least, most, unit) => {
    if (least !== undefined && most !== undefined) return least === most ? `${most}${unit}` : `${least}–${most}${unit}`;
    if (most !== undefined) return `at most ${most}${unit}`;
    return least !== undefined && least > 0 ? `at least ${least}${unit}` : null;
  };
  return [
    between(schema.minLength, schema.maxLength, " characters"),
    between(schema.minItems, schema.maxItems, " items"),
    between(schema.minimum, schema.maximum, ""),
    schema.exclusiveMinimum !== undefined && `more than ${schema.exclusiveMinimum}`,
    schema.exclusiveMaximum !== undefined && `less than ${schema.exclusiveMaximum}`,
    schema.pattern && `matches ${schema.pattern}`,
    schema.uniqueItems && "no item twice",
    schema.default !== undefined && `default ${JSON.stringify(schema.default)}`,
    schema.readOnly && "read only",
    schema.writeOnly && "write only",
    schema.deprecated && "deprecated",
    schema.additionalProperties === false && "no other properties",
  ].filter(Boolean);
}

/** Limits, description, allowed values and examples of a schema, without its properties. */
function aboutSchema(schema) {
  const limits = limitsOf(schema);
  const examples = schema.examples ?? (schema.example === undefined ? [] : [schema.example]);
  const values = (list) => list.map((value, at) => [at > 0 && ", ", element("code", {}, JSON.stringify(value))]);
  const simple = examples.filter((value) => typeof value !== "object");
  return [
    prose(schema.description),
    limits.length > 0 && element("p", { class: "hint limits" }, limits.join(" · ")),
    schema.enum && element("p", { class: "hint limits" }, "One of ", values(schema.enum)),
    simple.length > 0 && element("p", { class: "hint limits" }, "Example: ", values(simple)),
  ];
}

/** A whole schema: what it is, then its properties, items or alternatives. */
export function schemaBlock(root, schema, trail = []) {
  const opened = open(root, schema ?? {}, trail);
  if (opened.cyclic) return element("p", { class: "hint" }, `The same as ${nameOf(opened.trail.at(-1))} above.`);
  return element(
    "div",
    { class: "schema" },
    element("p", { class: "hint" }, typeText(root, schema ?? {}, trail)),
    aboutSchema(opened.schema),
    inside(root, opened.schema, opened.trail),
  );
}

/** Properties, items or alternatives of an opened schema; nothing where there are none. */
function inside(root, schema, trail) {
  if (schema.properties) {
    const rows = Object.entries(schema.properties).map(([name, property]) =>
      propertyItem(root, name, property, schema.required?.includes(name), trail),
    );
    return element("ul", { class: "properties" }, rows);
  }
  const choices = choicesOf(schema).filter((choice) => !isNull(choice));
  if (choices.length === 1) return nested(root, choices[0], trail);
  if (choices.length > 1) return choices.map((choice) => schemaBlock(root, choice, trail));
  if (schema.items) return nested(root, schema.items, trail);
  return typeof schema.additionalProperties === "object" ? nested(root, schema.additionalProperties, trail) : null;
}

function nested(root, schema, trail) {
  const opened = open(root, schema, trail);
  if (opened.cyclic) return element("p", { class: "hint" }, `Again ${nameOf(opened.trail.at(-1))}, as above.`);
  return inside(root, opened.schema, opened.trail);
}

function propertyItem(root, name, property, required, trail) {
  const opened = open(root, property, trail);
  const children = opened.cyclic ? null : inside(root, opened.schema, opened.trail);
  return element(
    "li",
    {},
    element(
      "div",
      { class: "property" },
      element("code", {}, name),
      element("span", { class: "hint" }, typeText(root, property, trail)),
      required && element("span", { class: "required" }, "required"),
    ),
    aboutSchema(opened.schema),
    children && element("details", {}, element("summary", { class: "hint" }, `Inside ${name}`), children),
  );
}

/** An example value: what the schema gives, or something of the right type. */
export function exampleOf(root, schema, trail = [], depth = 0) {
  const opened = open(root, schema ?? {}, trail);
  const node = opened.schema;
  const given = [node.example, node.examples?.[0], node.const, node.default, node.enum?.[0]];
  const known = given.find((value) => value !== undefined && value !== null);
  if (known !== undefined) return known;
  if (opened.cyclic || depth >= EXAMPLE_DEPTH) return null;
  const deeper = (inner) => exampleOf(root, inner, opened.trail, depth + 1);
  const choice = choicesOf(node).find((choice) => !isNull(choice));
  if (choice) return deeper(choice);
  const type = typesOf(node).find((type) => type !== "null");
  if (node.properties) {
    return Object.fromEntries(Object.entries(node.properties).map(([name, inner]) => [name, deeper(inner)]));
  }
  if (type === "array") return [node.items && deeper(node.items)].filter((item) => item !== null && item !== undefined);
  if (type === "string") return EXAMPLES_BY_FORMAT[node.format] ?? "string";
  if (type === "integer" || type === "number") return node.minimum ?? 0;
  if (type === "boolean") return true;
  return type === "object" ? {} : null;
}
