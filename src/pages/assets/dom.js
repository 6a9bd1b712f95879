// Builds elements. Data always enters as text, never as markup, so nothing a server says can become HTML.

/** The element of that id. It is part of the page's own markup, so it is there. */
export const byId = (id) => document.getElementById(id);

/**
 * Makes an element.
 * @param {string} name tag name
 * @param {Object<string, unknown>} [attributes] attributes; a function under `on…` is a listener;
 *   `null`, `undefined` and `false` leave the attribute out
 * @param {...(Node|string|number|null|undefined|false|Array)} children text or nodes
 */
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  append(node, children);
  return node;
}

function append(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(node, child);
    else node.append(child instanceof Node ? child : String(child));
  }
}

/** Says something to screen readers through the page's `#live` region. */
export function announce(text) {
  // Emptied first: the same words again would be no change, and no change is not read out.
  byId("live").textContent = "";
  setTimeout(() => {
    byId("live").textContent = text;
  }, 50);
}

/**
 * A button that copies what `read()` returns. Where the clipboard is closed to the page (it is over plain
 * http on a host other than localhost), `source` is selected instead, so that Ctrl+C does the rest.
 */
export function copyButton(label, read, source) {
  const button = element("button", { type: "button", class: "quiet" }, label);
  let timer;
  button.addEventListener("click", async () => {
    let outcome = "Copied";
    try {
      await navigator.clipboard.writeText(read());
    } catch {
      getSelection().selectAllChildren(source);
      outcome = "Selected: press Ctrl+C";
    }
    button.textContent = outcome;
    announce(outcome);
    clearTimeout(timer);
    timer = setTimeout(() => {
      button.textContent = label;
    }, 2000);
  });
  return button;
}
