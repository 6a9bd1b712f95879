// npm install jose
import { createRemoteJWKSet, jwtVerify } from "jose";

const [ISSUER, token] = process.argv.slice(2); // Ringfence's BASE_URL
const keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", ISSUER));

/** What the access token says, if it is good. */
async function check(token) {
  const { payload } = await jwtVerify(token, keys, {
    issuer: ISSUER, audience: ISSUER, algorithms: ["EdDSA"], typ: "at+jwt",
    requiredClaims: ["sub", "nbf", "exp"],
  });
  return payload;
}

console.log(await check(token));
