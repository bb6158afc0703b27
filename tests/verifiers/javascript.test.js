// With the settings that the README names. SERVER: where the local server is.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import OktaJwtVerifier from "@okta/jwt-verifier";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";

import { signUp } from "./person.js";

const AUDIENCE = "api://default";

let person;

before(async () => {
  person = await signUp(process.env.SERVER);
});

test("jose takes an access token, and nothing that is for another", async () => {
  const { issuer, accessToken, idToken } = person;
  const keys = createRemoteJWKSet(new URL(`${issuer}/v1/keys`));
  const { payload, protectedHeader } = await jwtVerify(accessToken, keys, { issuer, audience: AUDIENCE, typ: "JWT" });
  assert.equal(protectedHeader.alg, "RS256");
  assert.equal(payload.cid, "demo-spa");
  assert.deepEqual(payload.scp, ["openid", "profile", "email"]);
  await assert.rejects(jwtVerify(idToken, keys, { issuer, audience: AUDIENCE }), { code: "ERR_JWT_CLAIM_VALIDATION_FAILED", claim: "aud" });
  await assert.rejects(jwtVerify(accessToken, keys, { issuer, audience: "api://other" }), { claim: "aud" });
  await assert.rejects(jwtVerify(accessToken, keys, { issuer: `${issuer}x`, audience: AUDIENCE }), { claim: "iss" });
});

test("@okta/jwt-verifier takes an access token and an ID token, each as what it is", async () => {
  const { issuer, clientId, nonce, accessToken, idToken } = person;
  // Plain http, and only this machine.
  const testing = { disableHttpsCheck: true };
  const verifier = new OktaJwtVerifier({ issuer, clientId, assertClaims: { cid: clientId, "scp.includes": ["openid"] }, testing });
  const access = await verifier.verifyAccessToken(accessToken, AUDIENCE);
  assert.equal(access.claims.sub, access.claims.uid);
  await assert.rejects(verifier.verifyAccessToken(idToken, AUDIENCE));
  await assert.rejects(verifier.verifyAccessToken(accessToken, "api://other"));
  const identity = await new OktaJwtVerifier({ issuer, clientId, testing }).verifyIdToken(idToken, clientId, nonce);
  assert.equal(identity.claims.given_name, "Ada");
  await assert.rejects(verifier.verifyIdToken(accessToken, clientId, nonce));
});

test("the type is the one that every verifier takes", () => {
  assert.equal(decodeProtectedHeader(person.accessToken).typ, "JWT");
});
