// Brings the token behind the # of an e-mail's link back to the server. Only on a press of the button: programs that
// open every link of an e-mail to look at it must not do anything. The button says where the token goes
// (data-path), under which name (data-member), and what to say then (data-done, with members of the answer in {}).

import { announce, byId } from "./dom.js";

const button = byId("press");
const { path, member, done } = button.dataset;
const token = location.hash.slice(1);
// Out of the address bar, so that it is neither shared nor kept by mistake.
history.replaceState(null, "", location.pathname);

function say(words) {
  byId("words").textContent = words;
  announce(words);
}

async function bring() {
  button.disabled = true;
  try {
    const response = await fetch(`/api/v1${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ [member]: token }),
    });
    const answer = await response.json();
    if (response.ok) {
      button.hidden = true;
      say(done.replaceAll(/\{(\w+)\}/g, (_, name) => answer[name]));
      return;
    }
    say(answer.detail ?? answer.title);
    // The link itself is worth nothing any more; anything else may pass.
    button.disabled = response.status < 500 && response.status !== 429;
  } catch {
    say("The server could not be reached. Try again.");
    button.disabled = false;
  }
}

if (token) {
  button.disabled = false;
  button.addEventListener("click", bring);
} else {
  say("This link is not whole. Open it again from the e-mail.");
}
