// One operation of the document as an article: what it needs, what it answers, and a curl line that can be pasted.

import { copyButton, element } from "./dom.js";
import { prose } from "./prose.js";
import { exampleOf, resolve, schemaBlock, typeText } from "./schema.js";

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/**
 * Every operation of the document, in its order.
 * @returns {{id: string, method: string, path: string, tag: string, operation: object}[]}
 */
export function operationsOf(root) {
  return Object.entries(root.paths ?? {}).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => {
      const operation = item[method];
      const id = operation.operationId ?? `${method}${path}`.replaceAll(/[^A-Za-z0-9]+/g, "-");
      const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])];
      return {
        id: `operation-${id}`,
        method,
        path,
        tag: operation.tags?.[0] ?? "Other",
        operation: { ...operation, parameters: parameters.map((parameter) => resolve(root, parameter).node) },
      };
    }),
  );
}

/** The error codes that a response can carry: of its extension, of its schema, of its examples. */
export function errorCodesOf(root, response) {
  const codes = new Set((response["x-error-codes"] ?? []).map((entry) => entry.code ?? entry));
  for (const media of Object.values(response.content ?? {})) {
    const property = resolve(root, resolve(root, media.schema ?? {}).node.properties?.code ?? {}).node;
    for (const code of property.enum ?? [property.const]) codes.add(code);
    codes.add(media.example?.code);
    for (const example of Object.values(media.examples ?? {})) codes.add(resolve(root, example).node.value?.code);
  }
  codes.delete(undefined);
  return [...codes];
}

/** A link to a code's row in the table of error codes. */
export const codeLink = (code) => element("a", { href: `#error-${code}` }, element("code", {}, code));

/** The article of one operation. */
export function operationArticle(root, { id, method, path, operation }) {
  const responses = Object.entries(operation.responses ?? {}).map(([status, response]) => [
    status,
    resolve(root, response).node,
  ]);
  const title = `${id}-title`;
  return element(
    "article",
    { id, class: "operation card", tabindex: "-1", "aria-labelledby": title },
    element(
      "header",
      {},
      element(
        "h3",
        { id: title },
        element("a", { class: "anchor", href: `#${id}` }, operation.summary ?? `${method} ${path}`),
      ),
      element(
        "p",
        { class: "route" },
        element("span", { class: `method ${method}` }, method.toUpperCase()),
        element("code", {}, path),
        operation.deprecated && element("span", { class: "badge warn" }, "deprecated"),
        securityBadge(root, operation),
      ),
      prose(operation.description),
    ),
    element(
      "div",
      { class: "facts" },
      parameterList(root, operation.parameters),
      requestBody(root, operation.requestBody),
      element("h4", {}, "Responses"),
      element(
        "div",
        { class: "responses" },
        responses.map(([status, response]) => responseDetails(root, status, response)),
      ),
    ),
    element("div", { class: "samples" }, curlSample(root, method, path, operation), answerSample(root, responses)),
  );
}

function securityBadge(root, operation) {
  const needs = operation.security ?? root.security ?? [];
  const names = needs.map((need) => Object.keys(need).join(" and ")).filter(Boolean);
  if (names.length === 0) return element("span", { class: "badge good" }, "open to all");
  const optional = needs.some((need) => Object.keys(need).length === 0);
  return element("span", { class: "badge warn" }, `${optional ? "may carry" : "needs"} ${names.join(" or ")}`);
}

function parameterList(root, parameters) {
  if (parameters.length === 0) return null;
  const rows = parameters.map(({ name, in: place, required, description, schema }) =>
    element(
      "li",
      {},
      element(
        "div",
        { class: "property" },
        element("code", {}, name),
        element("span", { class: "hint" }, `${typeText(root, schema ?? {})}, in ${place}`),
        required && element("span", { class: "required" }, "required"),
      ),
      prose(description),
    ),
  );
  return [element("h4", {}, "Parameters"), element("ul", { class: "properties" }, rows)];
}

function requestBody(root, reference) {
  if (!reference) return null;
  const body = resolve(root, reference).node;
  return [
    element("h4", {}, "Request body", !body.required && element("span", { class: "hint" }, " (optional)")),
    prose(body.description),
    Object.entries(body.content ?? {}).map(([type, media]) => [
      element("p", { class: "hint" }, element("code", {}, type)),
      schemaBlock(root, media.schema),
    ]),
  ];
}

function responseDetails(root, status, response) {
  const codes = errorCodesOf(root, response);
  const kind = status.startsWith("2") ? "good" : status.startsWith("5") ? "bad" : "warn";
  return element(
    "details",
    { open: status.startsWith("2") },
    element("summary", {}, element("span", { class: `badge ${kind}` }, status), response.description),
    element(
      "div",
      {},
      codes.length > 0 &&
        element(
          "ul",
          { class: "codes" },
          codes.map((code) => element("li", {}, codeLink(code))),
        ),
      headerList(root, response.headers),
      Object.entries(response.content ?? {}).map(([type, media]) => [
        element("p", { class: "hint" }, element("code", {}, type)),
        schemaBlock(root, media.schema),
      ]),
    ),
  );
}

function headerList(root, headers = {}) {
  const rows = Object.entries(headers).map(([name, reference]) => {
    const header = resolve(root, reference).node;
    return element(
      "li",
      {},
      element(
        "div",
        { class: "property" },
        element("code", {}, name),
        element("span", { class: "hint" }, typeText(root, header.schema ?? {})),
      ),
      prose(header.description),
    );
  });
  return rows.length > 0 && element("ul", { class: "properties", "aria-label": "Headers" }, rows);
}

function mediaExample(root, media) {
  const first = Object.values(media.examples ?? {})[0];
  return media.example ?? (first && resolve(root, first).node.value) ?? exampleOf(root, media.schema);
}

function answerSample(root, responses) {
  const [status, response] = responses.find(([status]) => status.startsWith("2")) ?? [];
  const media = Object.values(response?.content ?? {})[0];
  if (!media) return null;
  const example = mediaExample(root, media);
  const text = typeof example === "string" ? example : JSON.stringify(example, null, 2);
  return sample(`Answer, ${status}`, text);
}

function curlSample(root, method, path, operation) {
  return sample("curl", curlText(root, method, path, operation));
}

/** A command for a POSIX shell; `$TOKEN` is for the reader to set. */
function curlText(root, method, path, operation) {
  const base = new URL(root.servers?.[0]?.url ?? "/", location.origin).href.replace(/\/$/, "");
  const query = operation.parameters
    .filter((parameter) => parameter.in === "query" && parameter.required)
    .map(({ name, schema }) => `${name}=${encodeURIComponent(exampleOf(root, schema) ?? "")}`);
  const body = operation.requestBody && resolve(root, operation.requestBody).node;
  const [type, media] = Object.entries(body?.content ?? {})[0] ?? [];
  const example = media && mediaExample(root, media);
  const secured = (operation.security ?? root.security ?? []).some((need) => Object.keys(need).length > 0);
  const lines = [
    method === "get" ? "curl" : `curl -X ${method.toUpperCase()}`,
    quoted(base + path + (query.length > 0 ? `?${query.join("&")}` : "")),
    secured && '-H "Authorization: Bearer $TOKEN"',
    ...(media ? bodyLines(type, example) : []),
  ].filter(Boolean);
  return `${lines[0]} ${lines.slice(1).join(" \\\n  ")}`;
}

function bodyLines(type, example) {
  if (type === "application/x-www-form-urlencoded") {
    return Object.entries(example ?? {}).map(([name, value]) => `--data-urlencode ${quoted(`${name}=${value}`)}`);
  }
  return [`-H ${quoted(`Content-Type: ${type}`)}`, `-d ${quoted(JSON.stringify(example, null, 2))}`];
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function sample(title, text) {
  const pre = element("pre", { tabindex: "0" }, element("code", {}, text));
  const header = element(
    "header",
    {},
    element("h4", {}, title),
    copyButton("Copy", () => text, pre),
  );
  return element("div", { class: "sample" }, header, pre);
}
