// Brings the token behind the # of the link back to the server. Only on a press of the button: programs
// that open every link of an e-mail to look at it must not confirm anything.

import { announce, byId } from "./dom.js";

const button = byId("confirm");
const token = location.hash.slice(1);
// Out of the address bar, so that it is neither shared nor kept by mistake.
history.replaceState(null, "", location.pathname);

function say(words) {
  byId("words").textContent = words;
  announce(words);
}

async function confirm() {
  button.disabled = true;
  try {
    const response = await fetch("/api/v1/auth/email/verify", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
    });
    const answer = await response.json();
    if (response.ok) {
      button.hidden = true;
      say(`Thank you: ${answer.email} is confirmed. You can close this page.`);
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
  button.addEventListener("click", confirm);
} else {
  say("This link is not whole. Open it again from the e-mail.");
}
