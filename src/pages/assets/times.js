// Times as people read them, and countdowns. Countdowns follow the server's clock, not the visitor's.

const READABLE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const CLOCK_TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

let skewMilliseconds = 0;

/** Learns from a response's `Date` header how far the visitor's clock is off. */
export function learnServerTime(dateHeader) {
  const server = Date.parse(dateHeader ?? "");
  // The header has whole seconds; less than two of them is no evidence.
  const skew = server - Date.now();
  if (Number.isFinite(skew)) skewMilliseconds = Math.abs(skew) > 2000 ? skew : 0;
}

/** The time at the server, in milliseconds since 1970. */
export const serverNow = () => Date.now() + skewMilliseconds;

/** `2 Jan 2026, 15:04:05` in the visitor's language and time zone. */
export const readable = (date) => READABLE.format(date);

/** `15:04:05` in the visitor's language and time zone. */
export const clockTime = (date) => CLOCK_TIME.format(date);

/** `0:09`, `1:58`, `2:03:00`: a span in seconds. */
export function span(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = two(seconds % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** `in 15 minutes`, `3 days ago`: the distance of a time from now, in one unit. */
export function distance(date) {
  const seconds = Math.round((date - serverNow()) / 1000);
  const units = [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
  ];
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? units.at(-1);
  const format = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  return format.format(Math.trunc(seconds / size), unit);
}

/**
 * Calls `tick(secondsLeft)` now and as time passes, the last time with 0.
 * @param {number} until server time in milliseconds since 1970
 * @param {(secondsLeft: number) => void} tick
 * @param {Element} [owner] once it has left the page, the countdown ends
 * @returns {() => void} stops it
 */
export function countdown(until, tick, owner = document.body) {
  let timer;
  const step = () => {
    const seconds = Math.max(0, Math.ceil((until - serverNow()) / 1000));
    tick(seconds);
    if (seconds > 0) timer = setTimeout(() => owner.isConnected && step(), 250);
  };
  step();
  return () => clearTimeout(timer);
}
