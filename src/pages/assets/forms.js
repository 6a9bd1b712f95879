// What every form and button of the demo does: one thing at a time, problems shown where they can be mended.

import { byId } from "./dom.js";
import { clearProblem, showProblem } from "./problem.js";

/** Runs `work` on submit, one at a time; what it returns is a problem to show, or nothing. */
export function onSubmit(formId, work) {
  const form = byId(formId);
  const button = form.querySelector("button:not([type])");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(button, async () => {
      clearProblem(form);
      const problem = await work(Object.fromEntries(new FormData(form)), form);
      if (problem) showProblem(form, problem);
    });
  });
}

/** Runs `work` on a click of the button, one at a time. */
export function onClick(id, work) {
  byId(id).addEventListener("click", () => whileBusy(byId(id), work));
}

/** A busy button keeps the focus (a disabled one would lose it) and starts nothing more. */
export async function whileBusy(button, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** The fields of the person whose e-mail address or phone number was typed into one input. */
export const nameFields = (name) => (name.includes("@") ? { email: name } : { phoneNumber: name });

/** A code as people type it, with blanks and dashes. */
export const digits = (code) => code.replaceAll(/[\s-]/g, "");

for (const button of document.querySelectorAll("[data-shows]")) {
  const input = byId(button.dataset.shows);
  const set = (shown) => {
    input.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-label", `${button.textContent} password`);
  };
  button.addEventListener("click", () => set(input.type === "password"));
  input.form.addEventListener("reset", () => set(false));
}
