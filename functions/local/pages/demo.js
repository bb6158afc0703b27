// The demo app: takes the code of the callback to the token endpoint and shows what the ID token says.

import { redeem, verified } from "./oauth.js";
import { element } from "./form.js";

const TOKENS = "vestibule.tokens";
const MEANING = {
  sub: "Who: an id that says nothing about the person", iss: "Who says so", aud: "For which app", iat: "Issued", exp: "Valid until", auth_time: "When the person signed in",
  email: "Address", email_verified: "Whether the mailbox was proven", preferred_username: "What the person signs in with", name: "Name", given_name: "First name",
  family_name: "Last name", nonce: "Ties the token to this tab's request", amr: "How the person signed in", at_hash: "Ties the access token to this one", jti: "Id of this token",
};
const at = (id) => document.getElementById(id);

at("forget").addEventListener("click", () => {
  sessionStorage.removeItem(TOKENS);
  location.assign("/demo");
});

try {
  const query = new URLSearchParams(location.search);
  if (query.has("interaction_code")) {
    const tokens = await redeem(query);
    sessionStorage.setItem(TOKENS, JSON.stringify(tokens));
  } else if (query.has("error")) {
    throw new Error(query.get("error_description") || query.get("error"));
  }
  // The code has been used: it need not stay in the address.
  if (location.search) history.replaceState(null, "", "/demo");
  const tokens = JSON.parse(sessionStorage.getItem(TOKENS) || "null");
  if (tokens) show(await verified(tokens.id_token, tokens.nonce));
} catch (error) {
  at("messages").replaceChildren(element("p", { class: "note error" }, error.message));
}

function show(claims) {
  at("welcome").hidden = true;
  at("person").hidden = false;
  at("greeting").textContent = `Welcome, ${claims.given_name || claims.name || claims.preferred_username || claims.email || claims.sub}`;
  at("checked").textContent = "The signature was checked in this page, with the key that the server publishes.";
  at("checked").hidden = false;
  at("claims").replaceChildren(...Object.entries(claims).map(([name, value]) =>
    element("tr", {}, element("th", { scope: "row" }, element("code", {}, name)), element("td", {}, written(name, value)), element("td", { class: "quiet" }, MEANING[name] || ""))));
}

function written(name, value) {
  if (["iat", "exp", "auth_time"].includes(name)) return `${value} (${new Date(value * 1000).toLocaleString()})`;
  return typeof value === "string" ? value : JSON.stringify(value);
}
