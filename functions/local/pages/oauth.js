// OAuth with PKCE (RFC 7636) and the interaction code, as far as a page needs it.

const FLOW = "vestibule.flow";
export const issuer = location.origin + "/oauth2/default";

const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const unbase64url = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const form = (fields) => ({ method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams(fields) });

/** The app with this client id, or the first; with the redirect URI that leads back to this server. */
export async function chosenApp(clientId) {
  const apps = await (await fetch("/apps")).json();
  const app = clientId ? apps.find((app) => app.clientId === clientId) : apps.find((app) => callback(app));
  if (!app) throw new Error(clientId ? `There is no app “${clientId}”.` : `No app of this organisation leads back to this page. Add ${location.origin}/signin/callback to the redirect_uris of one, and ${location.origin} to its allowedOrigins.`);
  const redirectUri = callback(app);
  if (!redirectUri) throw new Error(`${app.label} lives elsewhere: open its own page to sign in.`);
  return { ...app, redirectUri };
}

function callback(app) {
  const here = ["/demo/callback", "/signin/callback"].map((path) => location.origin + path);
  return here.find((uri) => app.redirectUris.includes(uri));
}

/** Begins a transaction; what is kept for its end is in this tab only. */
export async function begin(app) {
  if (!crypto.subtle) throw new Error("Browsers give pages no cryptography at this address, only at https:// and at localhost: open this server there.");
  const flow = { clientId: app.clientId, redirectUri: app.redirectUri, verifier: random(), state: random(), nonce: random() };
  const challenge = base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(flow.verifier)));
  const answer = await fetch(issuer + "/v1/interact", form({
    client_id: flow.clientId, redirect_uri: flow.redirectUri, scope: "openid profile email", state: flow.state, nonce: flow.nonce,
    code_challenge: challenge, code_challenge_method: "S256",
  }));
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error_description || body.error || `The server answered ${answer.status}.`);
  flow.handle = body.interaction_handle;
  sessionStorage.setItem(FLOW, JSON.stringify(flow));
  return flow;
}

/** The transaction that this tab has begun, if any. */
export function resumed(clientId) {
  const flow = JSON.parse(sessionStorage.getItem(FLOW) || "null");
  return flow && flow.clientId === clientId ? flow : null;
}

export function forget() {
  sessionStorage.removeItem(FLOW);
}

/** Where the browser goes with the code. */
export function redirectWith(flow, code) {
  return `${flow.redirectUri}?${new URLSearchParams({ interaction_code: code, state: flow.state })}`;
}

/** Redeems the code in `query`; the tokens. */
export async function redeem(query) {
  const flow = JSON.parse(sessionStorage.getItem(FLOW) || "null");
  if (!flow || query.get("state") !== flow.state) throw new Error("This sign-in did not begin in this tab. Please sign in again.");
  forget();
  const answer = await fetch(issuer + "/v1/token", form({
    grant_type: "interaction_code", client_id: flow.clientId, redirect_uri: flow.redirectUri, code_verifier: flow.verifier,
    interaction_code: query.get("interaction_code"),
  }));
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error_description || body.error || `The server answered ${answer.status}.`);
  return { ...body, nonce: flow.nonce, clientId: flow.clientId };
}

/** The claims of an ID token, once its signature, issuer, audience, nonce and expiry have been checked. */
export async function verified(token, nonce, clientId) {
  const [head, body, signature] = token.split(".");
  const header = JSON.parse(new TextDecoder().decode(unbase64url(head)));
  const { keys } = await (await fetch(issuer + "/v1/keys")).json();
  const jwk = keys.find((key) => key.kid === header.kid);
  if (!jwk || header.alg !== "RS256") throw new Error("The token was signed with a key that the server does not publish.");
  const key = await crypto.subtle.importKey("jwk", jwk, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, false, ["verify"]);
  const right = await crypto.subtle.verify("RSASSA-PKCS1-v1_5", key, unbase64url(signature), new TextEncoder().encode(`${head}.${body}`));
  const claims = JSON.parse(new TextDecoder().decode(unbase64url(body)));
  if (!right) throw new Error("The signature of the token is wrong.");
  const mine = claims.iss === issuer && claims.aud === clientId && claims.nonce === nonce;
  // Clocks may differ by a few minutes (OpenID Connect Core §3.1.3.7).
  const lives = claims.exp > Date.now() / 1000 - 300;
  if (!mine || !lives) throw new Error("The token is not for this sign-in.");
  return claims;
}
