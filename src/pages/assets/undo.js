// Brings the token behind the # of the link back to the server. Only on a press of the button: programs
// that open every link of an e-mail to look at it must not undo anything.

import { announce, byId } from "./dom.js";

const button = byId("undo");
const undoToken = location.hash.slice(1);
// Out of the address bar, so that it is neither shared nor kept by mistake.
history.replaceState(null, "", location.pathname);

function say(words) {
  byId("words").textContent = words;
  announce(words);
}

async function undo() {
  button.disabled = true;
  try {
    const response = await fetch("/api/v1/auth/phone/undo", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ undoToken }),
    });
    const answer = await response.json();
    if (response.ok) {
      button.hidden = true;
      say(`Your number is ${answer.destination} again, and everybody was signed out. Now choose “forgot password” `
        + "where you log in: a code comes to that number.");
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

if (undoToken) {
  button.disabled = false;
  button.addEventListener("click", undo);
} else {
  say("This link is not whole. Open it again from the e-mail.");
}
