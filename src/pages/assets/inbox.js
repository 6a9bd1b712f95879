// The inbox of the console provider: asks for the messages every second while the page is in view.

import { announce, byId, copyButton, element } from "./dom.js";
import { distance, learnServerTime, readable } from "./times.js";

const EVERY_MILLISECONDS = 1000;
const CHANNELS = { sms: "Text message", call: "Phone call" };

/** The list's items by message, so that a renewal leaves focus and selection where they are. */
const shown = new Map();
let timer;
let asking = false;
let loaded = false;
/** The time before which the server does not want to be asked, after a 429. */
let notBefore = 0;

async function renew() {
  clearTimeout(timer);
  if (document.hidden || asking) return;
  asking = true;
  if (Date.now() >= notBefore) await ask();
  asking = false;
  timer = setTimeout(renew, EVERY_MILLISECONDS);
}

async function ask() {
  try {
    const response = await fetch("/dev/inbox/messages", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    learnServerTime(response.headers.get("date"));
    if (!response.ok) return refused(response);
    showMessages((await response.json()).messages);
    trouble("");
  } catch {
    trouble("The server does not answer. Asking again every second.");
  }
}

function refused(response) {
  const seconds = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  if (seconds > 0) notBefore = Date.now() + seconds * 1000;
  if (response.status === 404) return trouble("There is no inbox here: it exists only with the console provider.");
  trouble(
    `The messages could not be read (status ${response.status}). Asking again${seconds > 0 ? ` in ${seconds} s` : ""}.`,
  );
}

function trouble(text) {
  byId("trouble").hidden = !text;
  if (byId("trouble").textContent !== text) byId("trouble").textContent = text;
  if (text) byId("empty").hidden = true;
}

function showMessages(messages) {
  const list = byId("messages");
  const keys = new Set(messages.map(keyOf));
  for (const [key, item] of shown) {
    if (keys.has(key)) continue;
    item.remove();
    shown.delete(key);
  }
  // Oldest first, each new one on top: the items that stay are not moved.
  for (const message of messages.toReversed()) {
    if (shown.has(keyOf(message))) continue;
    const item = messageItem(message);
    shown.set(keyOf(message), item);
    list.prepend(item);
    if (loaded) announce(`New message to ${message.to}: ${message.text}`);
  }
  for (const time of list.querySelectorAll("time")) {
    const text = distance(new Date(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
  loaded = true;
  byId("empty").hidden = messages.length > 0;
}

const keyOf = ({ to, sentAt, text }) => JSON.stringify([to, sentAt, text]);

function messageItem({ to, channel, text, code, sentAt }) {
  const codeNode = element("span", { class: "code" }, code);
  const title = `${CHANNELS[channel] ?? channel} to ${to}`;
  const time = element("time", { datetime: sentAt, title: readable(new Date(sentAt)), class: "hint" });
  const copy = code && copyButton("Copy code", () => code, codeNode);
  return element(
    "li",
    { class: "card message" },
    element("h2", {}, title),
    time,
    code && codeNode,
    copy,
    element("p", { class: "text" }, text),
  );
}

document.addEventListener("visibilitychange", renew);
renew();
