// The demo app: takes the code of the callback to the token endpoint and shows what the ID token says.

import { redeem, verified } from "./oauth.js";
import { element } from "./form.js";

const TOKENS = "vestibule.tokens";
/** What claims mean, in the order in which they are shown. */
const MEANING = {
  name: "Name", given_name: "First name", family_name: "Last name", preferred_username: "What the person signs in with", email: "Address",
  email_verified: "Whether the mailbox was proven", groups: "Groups", sub: "Who: an id that says nothing about the person", amr: "How the person signed in",
  auth_time: "When the person signed in", iss: "Who says so", aud: "For which app", iat: "Issued", exp: "Valid until", updated_at: "When the profile last changed",
  nonce: "Ties the token to this tab's request", at_hash: "Ties the access token to this one", jti: "Id of this token", ver: "Version of this form",
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
  if (tokens) show(await verified(tokens.id_token, tokens.nonce, tokens.clientId));
  else await others();
} catch (error) {
  at("messages").replaceChildren(element("p", { class: "note error" }, error.message));
}

function show(claims) {
  at("welcome").hidden = true;
  at("person").hidden = false;
  at("greeting").textContent = `Welcome, ${claims.given_name || claims.name || claims.preferred_username || claims.email || claims.sub}`;
  at("checked").textContent = "The signature was checked in this page, with the key that the server publishes.";
  at("checked").hidden = false;
  const names = [...new Set([...Object.keys(MEANING), ...Object.keys(claims)])].filter((name) => name in claims);
  at("claims").replaceChildren(...names.map((name) => element("tr", {}, element("th", { scope: "row" }, element("code", {}, name)),
    element("td", {}, written(name, claims[name])), element("td", { class: "quiet meaning" }, MEANING[name] || ""))));
}

/** The organisation's other apps, whose policies ask for other things. */
async function others() {
  const [, ...apps] = await (await fetch("/apps")).json();
  const links = apps.flatMap((app, i) => [i ? ", " : "", element("a", { href: `/signin?${new URLSearchParams({ app: app.clientId })}` }, app.label)]);
  if (apps.length) at("others").replaceChildren("Or sign in to another app: ", ...links);
}

function written(name, value) {
  if (["iat", "exp", "auth_time", "updated_at"].includes(name)) return `${value} (${new Date(value * 1000).toLocaleString()})`;
  return typeof value === "string" ? value : JSON.stringify(value);
}
