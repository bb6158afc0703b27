// Accounts, the demo policy, and whom it would ask for what.

import { element } from "./form.js";

const at = (id) => document.getElementById(id);
const NEW = "";
let data;

at("choice").addEventListener("change", chosen);
at("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  const own = at("choice").value === NEW;
  const name = own ? at("name").value.trim() : at("choice").value;
  await change("POST", { name, label: at("label").value.trim() || titleOf(name), type: own ? at("kind").value : null });
});
await load();
setInterval(load, 3000);

/** What the schema calls an attribute. */
function titleOf(name) {
  return data.available.find((attribute) => attribute.name === name)?.title || name;
}

async function load() {
  try {
    const answer = await fetch("/people/data");
    if (answer.ok) show(await answer.json());
  } catch { /* the next try may do */ }
}

async function change(method, content) {
  const answer = await fetch("/people/attributes", { method, headers: { "content-type": "application/json" }, body: JSON.stringify(content) });
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) {
    at("add").reset();
    show(body);
    chosen();
  }
  const done = method === "POST" && `${content.label} is required now.`;
  const said = answer.ok ? done && element("p", { class: "note success" }, done) : element("p", { class: "note error" }, body.message || "That did not work.");
  at("messages").replaceChildren(...[said].filter(Boolean));
}

function show(fresh) {
  // Rebuilding what has not changed would take the focus away from the person who is in it.
  if (JSON.stringify(fresh) === JSON.stringify(data)) return;
  data = fresh;
  at("policy-name").textContent = `Policy “${data.policy.name}”, app “${data.app.label}”. Progressive enrollment is ${data.policy.progressive ? "on" : "off"}.`;
  at("attributes").replaceChildren(...data.policy.attributes.map((attribute) => element("tr", {},
    element("td", {}, element("code", {}, attribute.name)), element("td", {}, attribute.label), element("td", {}, attribute.required ? "yes" : "no"),
    element("td", {}, attribute.removable ? element("button", { type: "button", class: "link", "aria-label": `Remove ${attribute.label}`, onclick: () => change("DELETE", { name: attribute.name }) }, "Remove") : ""))));
  const before = at("choice").options.length ? at("choice").value : undefined;
  const options = data.available.map((attribute) => element("option", { value: attribute.name }, `${attribute.title} (${attribute.name})`));
  at("choice").replaceChildren(...options, element("option", { value: NEW }, "A new attribute…"));
  if (before === NEW || data.available.some((attribute) => attribute.name === before)) at("choice").value = before;
  chosen();
  at("asked").replaceChildren(asked());
  at("users").replaceChildren(users());
}

function chosen() {
  const own = at("choice").value === NEW;
  at("name-field").hidden = at("kind-field").hidden = !own;
  at("name").required = own;
  const known = data?.available.find((attribute) => attribute.name === at("choice").value);
  at("label").placeholder = known ? known.title : "";
}

function asked() {
  if (!data.asked.length) return element("p", {}, data.users.length ? "Nobody: everyone who has an account has answered." : "Nobody has an account yet.");
  return element("ul", {}, ...data.asked.map((person) => element("li", {}, element("strong", {}, person.login), ` for ${person.attributes.join(", ")}`)));
}

function users() {
  if (!data.users.length) return element("p", { class: "quiet" }, "Nobody yet. ", element("a", { href: "/signin?flow=signup" }, "Sign up"), " to be the first.");
  const row = (user) => element("tr", {}, element("th", { scope: "row" }, user.login), element("td", {}, profile(user)),
    element("td", {}, user.groups.join(", ") || "none"), element("td", {}, user.emailVerified ? "yes" : "no"), element("td", {}, new Date(user.created).toLocaleString()));
  return element("div", { class: "scroll", role: "region", "aria-label": "All accounts", tabindex: "0" }, element("table", {}, element("thead", {}, element("tr", {}, ...["Username", "Profile", "Groups", "Email verified", "Since"].map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, ...data.users.map(row))));
}

function profile(user) {
  const entries = Object.entries(user.profile).filter(([name]) => name !== "login");
  return element("div", {}, ...entries.flatMap(([name, value]) => [element("code", {}, name), ` ${typeof value === "string" ? value : JSON.stringify(value)} `, element("br")]));
}
