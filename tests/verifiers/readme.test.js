// The verifiers of the README, as they are printed there: only the issuer is replaced. SERVER: where the local server is.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import OktaJwtVerifier from "@okta/jwt-verifier";
import { createRemoteJWKSet, jwtVerify } from "jose";

import { signUp } from "./person.js";

test("jose and @okta/jwt-verifier take an access token as the README has it", async () => {
  const { accessToken } = await signUp(process.env.SERVER);
  const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
  const blocks = [...readme.matchAll(/^```js\n([^]*?)^```$/gm)].map(([, body]) => body).filter((body) => body.includes("jwtVerify"));
  assert.equal(blocks.length, 1);
  const code = blocks[0].replaceAll("http://localhost:8787", process.env.SERVER);
  const AsyncFunction = (async () => {}).constructor;
  const run = new AsyncFunction("createRemoteJWKSet", "jwtVerify", "OktaJwtVerifier", "token", `${code}\nreturn { payload, claims };`);
  const { payload, claims } = await run(createRemoteJWKSet, jwtVerify, OktaJwtVerifier, accessToken);
  assert.equal(payload.cid, "demo-spa");
  assert.equal(claims.sub, payload.sub);
});
