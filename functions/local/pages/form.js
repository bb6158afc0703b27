// Draws the fields of any IDX form and reads them back.

/** An element with attributes and children; text only ever as text. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") made.addEventListener("click", value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== undefined && value !== null) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** The fields of a form, nested ones with their path: `userProfile.email`. */
export function fields(values, path = []) {
  return (values || []).flatMap((field) => {
    const here = [...path, field.name];
    const nested = field.form?.value;
    return nested ? fields(nested, here) : [{ ...field, path: here, id: here.join(".") }];
  });
}

export const isVisible = (field) => field.visible !== false && field.mutable !== false;

/** What is sent along without being shown: the state handle, fixed values. */
export const fixed = (all) => all.filter((field) => !isVisible(field) && field.value !== undefined).map((field) => [field.path, field.value]);

/** Options that choose an authenticator carry a form of fixed values each; which values a choice sends. */
export function authenticatorOptions(field) {
  const options = (field.options || []).filter((option) => option.value?.form);
  return options.map((option) => ({
    label: option.label,
    entries: option.value.form.value.filter((part) => part.value !== undefined && part.required !== false).map((part) => [[...field.path, part.name], part.value]),
  }));
}

/** Builds a nested object from `[path, value]` pairs. */
export function body(entries) {
  const whole = {};
  for (const [path, value] of entries) {
    let place = whole;
    path.slice(0, -1).forEach((key) => { place = place[key] ??= {}; });
    place[path.at(-1)] = value;
  }
  return whole;
}

const AUTOCOMPLETE = {
  identifier: "username", "userProfile.email": "email", "userProfile.login": "username", "userProfile.firstName": "given-name",
  "userProfile.lastName": "family-name", "userProfile.middleName": "additional-name", "userProfile.nickName": "nickname",
  "userProfile.mobilePhone": "tel", "userProfile.primaryPhone": "tel", "userProfile.streetAddress": "street-address", "userProfile.city": "address-level2",
  "userProfile.state": "address-level1", "userProfile.zipCode": "postal-code", "userProfile.countryCode": "country",
  "userProfile.organization": "organization", "userProfile.title": "organization-title",
};

/** One visible field: `{ node, read(), focus() }`. `context` says what a passcode is (`current-password`, `new-password`, `one-time-code`). */
export function draw(field, context, typed) {
  const display = field.options?.[0]?.value?.value;
  const messages = (field.messages?.value || []).map((message) => message.message);
  const error = messages.length ? element("p", { class: "field-error", id: `${field.id}-error` }, ...messages.flatMap((text, i) => (i ? [element("br"), text] : [text]))) : null;
  const aria = { "aria-describedby": error ? error.id : undefined, "aria-invalid": error ? "true" : undefined, "aria-required": field.required === true ? "true" : undefined };
  const label = [field.label || field.name, field.required === true || field.type === "boolean" ? null : element("span", { class: "optional" }, " (optional)")];
  const value = typed ?? field.value;

  if (display?.inputType === "radio") return radios(field, display.options || [], label, error, aria, value);
  if (field.type === "boolean") return checkbox(field, label, error, aria, value);
  if (display?.inputType === "select") return select(field, display, label, error, aria, value);
  return text(field, label, error, aria, value, context, typed);
}

function text(field, label, error, aria, value, context, typed) {
  const passcode = field.path.at(-1) === "passcode";
  const code = passcode && context === "one-time-code";
  const input = element("input", {
    id: field.id, name: field.id, value: field.secret ? (error ? undefined : typed) : value, spellcheck: "false", autocapitalize: field.path[0] === "userProfile" ? undefined : "off",
    type: field.secret ? "password" : field.path.at(-1) === "email" ? "email" : "text", class: code ? "passcode" : undefined,
    inputmode: code ? "numeric" : undefined, autocomplete: passcode ? context : AUTOCOMPLETE[field.id] || "off", ...aria,
  });
  const labelled = element("label", { for: field.id }, ...label);
  const shown = field.secret ? element("div", { class: "with-toggle" }, input, toggle(input, field)) : input;
  // An empty optional field is left out: it says nothing, rather than "nothing".
  const read = () => (input.value === "" && field.required !== true ? [] : [[field.path, code ? input.value.trim() : input.value]]);
  // A new password stays while other fields are corrected; a wrong one is typed anew.
  const kept = () => (code || (field.secret && context !== "new-password") ? undefined : input.value);
  return { field, node: element("div", { class: "field" }, labelled, shown, error), read, focus: () => input.focus(), typed: kept };
}

function toggle(input, field) {
  // Without the rules that stand in parentheses behind it.
  const name = (field.label || field.name).split(" (")[0];
  const button = element("button", { type: "button", class: "link small", "aria-pressed": "false", "aria-label": `Show ${name}` }, "Show");
  button.addEventListener("click", () => {
    const show = input.type === "password";
    input.type = show ? "text" : "password";
    button.textContent = show ? "Hide" : "Show";
    button.setAttribute("aria-pressed", String(show));
  });
  return button;
}

function checkbox(field, label, error, aria, value) {
  const input = element("input", { type: "checkbox", id: field.id, name: field.id, ...aria });
  input.checked = value === true || value === "true";
  const node = element("div", { class: "field" }, element("div", { class: "choice" }, input, element("label", { for: field.id }, ...label)), error);
  return { field, node, read: () => [[field.path, input.checked]], focus: () => input.focus(), typed: () => input.checked };
}

function radios(field, options, label, error, aria, value) {
  const inputs = options.map((option, i) => {
    const input = element("input", { type: "radio", id: `${field.id}-${i}`, name: field.id, "aria-invalid": aria["aria-invalid"], value: option.value });
    input.checked = value !== undefined && String(value) === String(option.value);
    return input;
  });
  const rows = inputs.map((input, i) => element("div", { class: "choice" }, input, element("label", { for: input.id }, options[i].label)));
  const chosen = () => inputs.find((input) => input.checked)?.value;
  const node = element("fieldset", { class: "field", "aria-describedby": aria["aria-describedby"] }, element("legend", {}, ...label), ...rows, error);
  return { field, node, read: () => (chosen() === undefined ? [] : [[field.path, chosen()]]), focus: () => inputs[0]?.focus(), typed: chosen };
}

function select(field, display, label, error, aria, value) {
  const options = display.format === "country-code" && !display.options?.length ? countries() : display.options || [];
  const made = options.map((option) => element("option", { value: option.value, selected: String(option.value) === String(value) }, option.label));
  const input = element("select", { id: field.id, name: field.id, autocomplete: AUTOCOMPLETE[field.id], ...aria }, element("option", { value: "" }, "Choose…"), ...made);
  const node = element("div", { class: "field" }, element("label", { for: field.id }, ...label), input, error);
  return { field, node, read: () => (input.value === "" ? [] : [[field.path, input.value]]), focus: () => input.focus(), typed: () => input.value };
}

/** Every country that the browser has a name for (ISO 3166-1 alpha-2), in its language. */
function countries() {
  const names = new Intl.DisplayNames([navigator.language, "en"], { type: "region", fallback: "none" });
  // Names for things that are no countries, and codes that are withdrawn or reserved.
  const not = new Set(["AC", "AN", "BU", "CP", "CQ", "CS", "DD", "DG", "DY", "EA", "EU", "EZ", "FQ", "FX", "HV", "IC", "JT", "MI", "NH", "NQ", "NT", "PC", "PU", "PZ", "QO", "RH", "SU", "TA", "TP", "UK", "UN", "VD", "WK", "XA", "XB", "YD", "YU", "ZR", "ZZ"]);
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  return letters.flatMap((a) => letters.map((b) => a + b)).filter((code) => !not.has(code))
    .map((code) => ({ value: code, label: names.of(code) })).filter((option) => option.label)
    .sort((a, b) => a.label.localeCompare(b.label));
}

/** The rules of a password (idx.md §8) as sentences. */
export function requirements(settings) {
  const rules = settings?.complexity || {};
  const said = [
    rules.minLength && `At least ${rules.minLength} characters`,
    rules.minLowerCase && "A lowercase letter",
    rules.minUpperCase && "An uppercase letter",
    rules.minNumber && "A number",
    rules.minSymbol && "A symbol",
    rules.excludeUsername && "No part of your username",
    rules.excludeAttributes?.includes("firstName") && "Not your first name",
    rules.excludeAttributes?.includes("lastName") && "Not your last name",
  ].filter(Boolean);
  return said.length ? element("ul", { class: "requirements", "aria-label": "Password requirements" }, ...said.map((text) => element("li", {}, text))) : null;
}
