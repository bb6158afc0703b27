// A person who signs up at the demo app, and the tokens that the app gets. `node person.js SERVER` prints them for programs in other languages.

import { createHash, randomBytes } from "node:crypto";

const CLIENT_ID = "demo-spa";
const NONCE = "a-nonce";
// As the demo file has it, wherever the server is: nothing is sent there.
const REDIRECT_URI = "http://localhost:8787/demo/callback";

/** `{ issuer, clientId, nonce, accessToken, idToken }` of a new account. */
export async function signUp(server) {
  const issuer = `${server}/oauth2/default`;
  const verifier = randomBytes(32).toString("base64url");
  const email = `ada-${randomBytes(6).toString("hex")}@example.com`;
  const oauth = async (endpoint, parameters) => {
    const response = await fetch(`${issuer}/v1/${endpoint}`, { method: "POST", body: new URLSearchParams(parameters) });
    if (!response.ok) throw new Error(`${endpoint}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const step = async (path, body) => {
    const response = await fetch(`${server}/idp/idx/${path}`, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };

  const { interaction_handle: interactionHandle } = await oauth("interact", {
    client_id: CLIENT_ID, scope: "openid profile email", redirect_uri: REDIRECT_URI, state: "a-state", nonce: NONCE,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"), code_challenge_method: "S256",
  });
  const { stateHandle } = await step("introspect", { interactionHandle });
  await step("enroll", { stateHandle });
  await step("enroll/new", {
    stateHandle, userProfile: { email, firstName: "Ada", lastName: "Lovelace" }, credentials: { passcode: "correct horse battery" },
  });
  const mails = await (await fetch(`${server}/mailbox/messages?to=${encodeURIComponent(email)}`)).json();
  const passcode = mails.at(-1).text.match(/\b\d{6}\b/)[0];
  const done = await step("email/answer", { stateHandle, credentials: { passcode } });
  const code = done.successWithInteractionCode.value.find((field) => field.name === "interaction_code").value;
  const tokens = await oauth("token", {
    grant_type: "interaction_code", client_id: CLIENT_ID, interaction_code: code, code_verifier: verifier,
  });
  return { issuer, clientId: CLIENT_ID, nonce: NONCE, accessToken: tokens.access_token, idToken: tokens.id_token };
}

if (import.meta.filename === process.argv[1]) {
  const { issuer, accessToken, idToken } = await signUp(process.argv[2]);
  console.log([issuer, accessToken, idToken].join("\n"));
}
