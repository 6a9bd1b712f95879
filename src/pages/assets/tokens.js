// The two tokens of who is signed in, in memory only, and calls that bring the access token. It is renewed when it
// has run out or is about to; whoever cannot renew it is signed out.

import { call } from "./api.js";
import { serverNow } from "./times.js";

/** Milliseconds before its end from which on an access token is renewed rather than used. */
const MARGIN = 10_000;

let held = null;
let renewal = null;
let onLoss = () => {};
let onChange = () => {};

/** Says whom to tell: of new tokens, and that there are none any more. */
export function watchTokens({ changed, lost }) {
  onChange = changed;
  onLoss = lost;
}

/** Keeps the tokens of a login, a code or a renewal. */
export function keepTokens({ token, expiresIn, refreshToken }) {
  held = { token, refreshToken, expires: serverNow() + expiresIn * 1000 };
  onChange(held);
}

/** Forgets both. */
export function forgetTokens() {
  held = null;
}

/** The access token, or nothing. */
export const accessToken = () => held?.token;

/**
 * Exchanges the refresh token. Of several callers at once one asks: a second exchange would bring a token that the
 * first has just used up.
 */
export function renewTokens() {
  renewal ??= exchange().finally(() => {
    renewal = null;
  });
  return renewal;
}

async function exchange() {
  const { answer, problem } = await call("POST", "/auth/refresh", { body: { refreshToken: held.refreshToken } });
  if (answer) keepTokens(answer);
  if (problem?.code === "refresh_invalid") onLoss(problem);
  return { answer, problem };
}

/** Calls the API as the person who is signed in. */
export async function callSignedIn(method, path, body) {
  if (serverNow() > held.expires - MARGIN) {
    const { problem } = await renewTokens();
    if (problem) return { problem };
  }
  const outcome = await call(method, path, { body, token: held.token });
  if (outcome.problem?.code === "token_invalid") onLoss(outcome.problem);
  return outcome;
}
