// The documentation: fetches the OpenAPI document and draws it, with contents, a filter and deep links.
// `#operation-<operationId>` leads to an operation, `#error-<code>` to a code (the `type` of a problem points there).

import { announce, byId, element } from "./dom.js";
import { codeLink, errorCodesOf, operationArticle, operationsOf } from "./operation.js";
import { inline, prose } from "./prose.js";
import { resolve } from "./schema.js";

/** What the filter searches: text of an operation or code, its element and its line in the contents. */
const searchable = [];

async function start() {
  const content = byId("content");
  content.setAttribute("aria-busy", "true");
  try {
    const response = await fetch("/openapi.json", { signal: AbortSignal.timeout(15_000) });
    if (!response.ok) throw new Error(`the server answered with status ${response.status}`);
    draw(content, await response.json());
    follow();
  } catch (failure) {
    content.append(unavailable(failure));
  } finally {
    content.removeAttribute("aria-busy");
  }
}

function unavailable(failure) {
  return element(
    "div",
    { class: "notice danger" },
    element("p", {}, `The documentation could not be loaded: ${failure.message}.`),
    element(
      "p",
      {},
      element("button", { type: "button", onclick: () => location.reload() }, "Try again"),
      " ",
      element("a", { href: "/openapi.json" }, "Open openapi.json"),
    ),
  );
}

function draw(content, root) {
  const operations = operationsOf(root);
  const contents = byId("contents");
  content.append(introduction(root), servers(root), authentication(root));
  contents.append(
    contentsGroup("Start", [
      ["introduction", "Introduction"],
      ["authentication", "Authentication"],
    ]),
  );
  for (const { name, description } of tagsOf(root, operations)) {
    const members = operations.filter(({ tag }) => tag === name);
    const group = contentsGroup(name, []);
    const section = element(
      "section",
      { id: `tag-${name.replaceAll(/\W+/g, "-")}` },
      element("h2", {}, name),
      prose(description),
    );
    for (const member of members) addOperation(root, member, section, group);
    contents.append(group);
    content.append(section);
  }
  drawErrors(content, contents, root, operations);
}

function introduction({ info = {} }) {
  const { title, version, description, license } = info;
  return element(
    "section",
    { id: "introduction", tabindex: "-1" },
    element("h1", {}, title, " ", element("span", { class: "badge good" }, version)),
    prose(description),
    license && element("p", { class: "hint" }, `License: ${license.identifier ?? license.name}`),
  );
}

function servers({ servers: list = [] }) {
  const items = list.map(({ url, description }) =>
    element(
      "li",
      {},
      element("code", {}, new URL(url, location.origin).href),
      description && [" ", inline(description)],
    ),
  );
  return items.length > 0
    ? element("section", { id: "servers" }, element("h2", {}, "Servers"), element("ul", {}, items))
    : "";
}

function authentication(root) {
  const schemes = Object.entries(root.components?.securitySchemes ?? {}).map(([name, reference]) => {
    const scheme = resolve(root, reference).node;
    const how = [scheme.type, scheme.scheme, scheme.bearerFormat, scheme.in, scheme.name].filter(Boolean).join(", ");
    return element(
      "div",
      {},
      element("h3", {}, element("code", {}, name)),
      element("p", { class: "hint" }, how),
      prose(scheme.description),
    );
  });
  return element(
    "section",
    { id: "authentication", tabindex: "-1" },
    element("h2", {}, "Authentication"),
    schemes.length > 0 ? schemes : element("p", {}, "No operation needs credentials."),
  );
}

function tagsOf(root, operations) {
  const described = root.tags ?? [];
  const used = [...new Set(operations.map(({ tag }) => tag))];
  const listed = described.filter(({ name }) => used.includes(name));
  return [...listed, ...used.filter((name) => !described.some((tag) => tag.name === name)).map((name) => ({ name }))];
}

function contentsGroup(title, links) {
  const items = links.map(([id, label]) => element("li", {}, element("a", { href: `#${id}` }, label)));
  return element("div", {}, element("h2", {}, title), element("ul", {}, items));
}

function addOperation(root, member, section, group) {
  const { id, method, path, operation, tag } = member;
  const article = operationArticle(root, member);
  const line = element(
    "li",
    {},
    element(
      "a",
      { href: `#${id}` },
      element("span", { class: `method ${method}` }, method.toUpperCase()),
      operation.summary ?? path,
    ),
  );
  section.append(article);
  group.querySelector("ul").append(line);
  const codes = Object.entries(operation.responses ?? {}).map(([status, response]) => [
    status,
    ...errorCodesOf(root, resolve(root, response).node),
  ]);
  const text = [method, path, tag, operation.operationId, operation.summary, operation.description, codes].flat(2);
  searchable.push({ text: text.join(" ").toLowerCase(), nodes: [article, line], counts: true });
}

function drawErrors(content, contents, root, operations) {
  const codes = root["x-error-codes"] ?? [];
  if (codes.length === 0) return;
  const rows = codes.map(({ code, status, title, description }) => {
    const users = operations.filter(({ operation }) => usesCode(root, operation, code));
    const row = element(
      "tr",
      { id: `error-${code}`, tabindex: "-1" },
      element("th", { scope: "row" }, codeLink(code)),
      element("td", {}, status),
      element("td", {}, element("strong", {}, title), prose(description), usedBy(users)),
    );
    searchable.push({ text: [code, status, title, description].join(" ").toLowerCase(), nodes: [row], counts: false });
    return row;
  });
  const heads = ["Code", "Status", "Meaning"].map((head) => element("th", { scope: "col" }, head));
  contents.append(contentsGroup("Errors", [["errors", "Error codes"]]));
  content.append(
    element(
      "section",
      { id: "errors", tabindex: "-1" },
      element("h2", {}, "Error codes"),
      element(
        "p",
        {},
        "Every refusal is a problem document (RFC 9457). Its ",
        element("code", {}, "code"),
        " is stable: branch on it, not on the words.",
      ),
      element(
        "div",
        { class: "card scroll" },
        element("table", {}, element("thead", {}, element("tr", {}, heads)), element("tbody", {}, rows)),
      ),
    ),
  );
}

const usesCode = (root, operation, code) =>
  Object.values(operation.responses ?? {}).some((response) =>
    errorCodesOf(root, resolve(root, response).node).includes(code),
  );

function usedBy(users) {
  if (users.length === 0) return null;
  const links = users.map(({ id, path }, at) => [at > 0 && ", ", element("a", { href: `#${id}` }, path)]);
  return element("p", { class: "hint" }, "Answered by ", links);
}

// -- Filter and deep links --

function filter(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { text, nodes, counts } of searchable) {
    const hit = wanted.every((word) => text.includes(word));
    for (const node of nodes) node.hidden = !hit;
    if (hit && counts) shown += 1;
  }
  for (const group of document.querySelectorAll("#contents > div, #content > section[id^='tag-']")) {
    const parts = group.querySelectorAll(":scope > ul > li, :scope > article");
    group.hidden = [...parts].every((part) => part.hidden);
  }
  const errors = byId("errors");
  if (errors) errors.hidden = [...errors.querySelectorAll("tbody tr")].every((row) => row.hidden);
  // While something is looked for, what introduces the document would only push the finds down.
  for (const section of document.querySelectorAll("#introduction, #servers, #authentication")) {
    section.hidden = wanted.length > 0;
  }
  if (byId("content").getBoundingClientRect().top < 0) byId("content").scrollIntoView();
  const all = searchable.filter(({ counts }) => counts).length;
  byId("filter-count").textContent = wanted.length > 0 ? `${shown} of ${all} operations` : "";
}

/** Brings what the address points to into view, also where the filter hides it. */
function follow() {
  for (const old of document.querySelectorAll(".is-target")) old.classList.remove("is-target");
  const id = location.hash.slice(1);
  if (!id) return;
  const target = byId(id);
  if (!target) return announce(`There is nothing named ${id} on this page.`);
  if (target.closest("[hidden]")) {
    byId("filter").value = "";
    filter("");
  }
  if (target.matches("article, tr")) target.classList.add("is-target");
  target.scrollIntoView();
  target.focus({ preventScroll: true });
}

byId("filter").addEventListener("input", (event) => filter(event.currentTarget.value));
addEventListener("hashchange", follow);
start();
