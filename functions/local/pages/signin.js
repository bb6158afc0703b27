// A sign-in page that draws whatever step the server offers. It knows no flow: it shows the first form, its fields, its messages, and the
// other things that can be done as links.

import { begin, chosenApp, forget, redirectWith, resumed } from "./oauth.js";
import { authenticatorOptions, body, draw, element, fields, fixed, isVisible, requirements } from "./form.js";

const query = new URLSearchParams(location.search);
const at = (id) => document.getElementById(id);
const [title, subtitle, person, messages, form, links] = ["title", "subtitle", "person", "messages", "form", "links"].map(at);

/** Actions without fields that are offered beside the form, and what they are called. */
const LINKS = {
  "select-enroll-profile": "Sign up", "select-identify": "Already have an account? Sign in",
  "edit-enroll-profile": "Change what you entered", skip: "Skip for now", resend: "Send a new code",
  recover: "Forgot your password?", cancel: "Back to sign in",
};

let app, flow, timer, shown, drawn = [], busy = false, wantsSignUp = query.get("flow") === "signup";

start();

async function start(fresh = false) {
  try {
    app = await chosenApp(query.get("app"));
    at("app").textContent = `You are signing in to ${app.label}.`;
    // A reload, or the way back, shows the step that was reached; a person who follows a link to this page begins anew.
    const followed = performance.getEntriesByType("navigation")[0]?.type === "navigate";
    flow = fresh || wantsSignUp || followed ? null : resumed(app.clientId);
    flow ??= await begin(app);
    // The wish to sign up is met once: a reload shall come back to the step that was reached.
    if (wantsSignUp) history.replaceState(null, "", `?${new URLSearchParams({ app: app.clientId })}`);
    const { ok, answer } = await send("/idp/idx/introspect", { interactionHandle: flow.handle });
    // A transaction that this tab began long ago is over: begin another one, without a word.
    if (!ok && !fresh && !answer?.remediation?.value?.length) return start(true);
    show(answer);
  } catch (error) {
    end([{ message: error.message, class: "ERROR" }]);
  }
}

/** Posts JSON; `{ ok, answer }`, where the answer is an IDX envelope or, if the server could not be understood, nothing. */
async function send(href, content) {
  try {
    const response = await fetch(href, {
      method: "POST", credentials: "include", body: JSON.stringify(content),
      headers: { "content-type": "application/json", accept: "application/json; okta-version=1.0.0" },
    });
    const envelope = await response.json();
    const wait = response.status === 429 ? Number(response.headers.get("retry-after")) : 0;
    return { ok: response.ok, status: response.status, wait, answer: envelope?.version ? envelope : null };
  } catch {
    return { ok: false, answer: null };
  }
}

/** Sends a form or an action and shows what comes back. */
async function proceed(remediation, entries = []) {
  if (busy) return;
  setBusy(true);
  clearTimeout(timer);
  const { ok, answer, wait } = await send(remediation.href, body([...fixed(fields(remediation.value)), ...entries]));
  setBusy(false);
  const step = answer?.remediation?.value?.length ? answer : null;
  // Too many requests with one handle: the step is still there, only the answer is not.
  const tooFast = [{ message: `That was too fast. Please try again in ${wait} seconds.`, class: "ERROR" }];
  if (wait && !step) return tell(tooFast);
  if (!answer) return tell([{ message: "That did not work. Please try again.", class: "ERROR" }]);
  show(answer);
  if (wait) tell(wait <= 5 ? tooFast : tooMany(remediation, step));
  else if (ok && remediation.name === "resend") tell([{ message: "A new code was sent. Earlier ones no longer work.", class: "SUCCESS" }]);
}

/** What is the matter when it was too often, and what helps. */
function tooMany(remediation, step) {
  if (remediation.name === "resend") return step.messages?.value || [];
  const authenticator = (step.currentAuthenticatorEnrollment || step.currentAuthenticator)?.value;
  const help = authenticator?.resend ? "If the code was wrong too often, a new one helps: choose “Send a new code”." :
    remediation.name === "enroll-profile" ? "So many sign-ups from one place are too many." :
      "A browser in which you have signed in with this name before may still let you in.";
  return [...step.messages?.value || [], { message: help, class: "INFO" }];
}

function setBusy(value) {
  busy = value;
  form.setAttribute("aria-busy", String(value));
  for (const button of document.querySelectorAll("main button")) button.disabled = value;
}

function show(envelope) {
  clearTimeout(timer);
  if (!envelope) return end([{ message: "The server did not answer as expected. Please try again.", class: "ERROR" }]);
  const code = envelope.successWithInteractionCode?.value.find((field) => field.name === "interaction_code")?.value;
  if (code) return location.assign(redirectWith(flow, code));
  if (envelope.success?.href) return location.assign(envelope.success.href);

  const offered = envelope.remediation?.value || [];
  const said = envelope.messages?.value || [];
  const [first] = offered;
  if (!first) return end(said);
  const signUp = offered.find((remediation) => remediation.name === "select-enroll-profile");
  if (wantsSignUp && signUp) {
    wantsSignUp = false;
    return proceed(signUp);
  }

  const authenticator = (envelope.currentAuthenticatorEnrollment || envelope.currentAuthenticator)?.value;
  const same = shown?.name === first.name && shown?.href === first.href;
  const typed = same ? new Map(drawn.map((field) => [field.field.id, field.typed()])) : new Map();
  shown = first;
  head(envelope, first, authenticator, same);
  tell(said.length || !hasFieldMessages(first) ? said : [{ message: "Please check the marked fields.", class: "ERROR" }]);
  drawForm(first, authenticator, typed, envelope);
  drawLinks(envelope, offered.slice(1), authenticator);
  poll(envelope, authenticator);
  focus(same);
}

function head(envelope, remediation, authenticator) {
  const [name, explained] = titleOf(envelope, remediation, authenticator);
  title.textContent = name;
  document.title = `${name} · ${app.label}`;
  subtitle.textContent = explained || "";
  subtitle.hidden = !explained;
  const identifier = envelope.user?.value?.identifier;
  person.textContent = identifier || "";
  // Said once: the explanation may name the address already.
  person.hidden = !identifier || (explained || "").includes(identifier);
}

function titleOf(envelope, remediation, authenticator) {
  const display = envelope.uiDisplay?.value?.label;
  const email = authenticator?.profile?.email;
  const sent = `We sent a message${email ? ` to ${email}` : ""}. Enter the code in it, or press the button in it.`;
  const isEmail = authenticator?.key === "okta_email";
  switch (remediation.name) {
    case "identify": return ["Sign in"];
    case "enroll-profile":
      return remediation.href.endsWith("idp/idx/enroll/update") ? [display || "One thing more", `${app.label} needs this before you go on.`] : [display || "Sign up"];
    case "profile-update": return [display || "Additional profile information", "You may leave this out."];
    case "enroll-authenticator": return isEmail ? ["Verify your email", sent] : ["Set up a password"];
    case "challenge-authenticator": return isEmail ? ["Verify with your email", sent] : ["Enter your password"];
    case "select-authenticator-enroll": return ["Set up how you sign in"];
    case "select-authenticator-authenticate": return ["Choose how to sign in"];
    default: return [display || remediation.name.replaceAll("-", " ")];
  }
}

function drawForm(remediation, authenticator, typed, envelope) {
  const all = fields(remediation.value);
  const choices = all.flatMap(authenticatorOptions);
  drawn = all.filter((field) => isVisible(field) && !authenticatorOptions(field).length)
    .map((field) => draw(field, passcodeKind(field, remediation, envelope), typed.get(field.id)));
  const buttons = choices.map((choice) =>
    element("button", { type: "button", class: "plain wide", onclick: () => proceed(remediation, choice.entries) }, choice.label));
  const settings = authenticator?.settings || envelope.currentAuthenticator?.value?.settings;
  const asksNewPassword = drawn.some(({ field }) => field.path.at(-1) === "passcode" && field.secret) && remediation.name.startsWith("enroll");
  const submit = choices.length ? [] : [element("button", { type: "submit", class: "wide" }, submitLabel(remediation, envelope))];
  form.replaceChildren(...drawn.map((field) => field.node), ...(asksNewPassword ? [requirements(settings)].filter(Boolean) : []), ...buttons, ...submit);
  form.onsubmit = (event) => {
    event.preventDefault();
    proceed(remediation, drawn.flatMap((field) => field.read()));
  };
}

function passcodeKind(field, remediation) {
  if (!field.secret) return "one-time-code";
  return remediation.name.startsWith("enroll") ? "new-password" : "current-password";
}

function submitLabel(remediation, envelope) {
  const said = envelope.uiDisplay?.value?.buttonLabel;
  if (said) return said;
  if (remediation.name === "identify") return drawn.some(({ field }) => field.secret) ? "Sign in" : "Next";
  if (remediation.name === "enroll-profile") return remediation.href.endsWith("idp/idx/enroll/update") ? "Submit" : "Sign up";
  return remediation.name === "profile-update" ? "Finish" : "Continue";
}

/** Everything else that can be done: fieldless remediations, actions of the authenticator, other authenticators, cancel. */
function drawLinks(envelope, others, authenticator) {
  const actions = ["resend", "recover"].map((name) => authenticator?.[name]).filter(Boolean);
  const back = shown.name === "identify" ? null : envelope.cancel;
  const nodes = [...others, ...actions, back].filter(Boolean).flatMap((remediation) => {
    const all = fields(remediation.value).flatMap(authenticatorOptions);
    // A list of nothing but what is on the page already is for clients that choose from lists.
    const choices = all.filter((choice) => !authenticator || !choice.entries.some(([, value]) => value === authenticator.id));
    if (all.length && !choices.length) return [];
    if (choices.length) {
      const rows = choices.map((choice) =>
        element("button", { type: "button", class: "link", onclick: () => proceed(remediation, choice.entries) }, choice.label));
      return [element("details", {}, element("summary", {}, "Verify with something else"), element("div", { class: "links" }, ...rows))];
    }
    if (fields(remediation.value).some(isVisible)) return [];
    const follow = remediation.name === "cancel" ? () => startOver(remediation) : () => proceed(remediation);
    return [element("button", { type: "button", class: "link", onclick: follow }, LINKS[remediation.name] || remediation.name.replaceAll("-", " "))];
  });
  links.replaceChildren(...nodes);
}

/** Asks, as often as the server says, whether the link in the mail was followed; shows only an answer that is another step. */
function poll(envelope, authenticator) {
  const action = authenticator?.poll;
  if (!action) return;
  let wait = action.refresh || 4000;
  const ask = async () => {
    const { ok, status, answer } = await send(action.href, body(fixed(fields(action.value))));
    if (busy || shown !== envelope.remediation.value[0]) return;
    if (status === 429) wait *= 2;
    const next = answer?.remediation?.value?.[0];
    const moved = answer && (ok ? answer.success || answer.successWithInteractionCode || !next || next.name !== shown.name || next.href !== shown.href : !next && status !== 429);
    if (moved) return show(answer);
    timer = setTimeout(ask, wait);
  };
  timer = setTimeout(ask, wait);
}

async function startOver(cancel) {
  clearTimeout(timer);
  if (cancel) await send(cancel.href, body(fixed(fields(cancel.value))));
  forget();
  shown = undefined;
  await start(true);
}

/** The end of a transaction without tokens: messages, and the way back. */
function end(said) {
  clearTimeout(timer);
  shown = undefined;
  drawn = [];
  form.replaceChildren();
  person.hidden = subtitle.hidden = true;
  tell(said.length ? said : [{ message: "There is nothing more to do here.", class: "INFO" }]);
  // Without an app there is no sign-in to go back to.
  const back = app ? element("button", { type: "button", onclick: () => startOver() }, "Back to sign in") : element("a", { class: "button", href: "/demo" }, "To the demo app");
  links.replaceChildren(back);
  title.focus();
}

function tell(said) {
  const nodes = said.map((message) => element("p", { class: `note ${(message.class || "INFO").toLowerCase()}` }, message.message));
  messages.replaceChildren(...nodes);
}

const hasFieldMessages = (remediation) => fields(remediation.value).some((field) => field.messages?.value?.length);

/** To the first field that is wrong, else the first: the form's name, its title, is read out with it. */
function focus(same) {
  const wrong = drawn.find(({ field }) => field.messages?.value?.length);
  if (wrong) return wrong.focus();
  // Drawn anew, a field has lost the focus to nothing at all.
  if (!same || document.activeElement === document.body) (drawn[0] || { focus: () => title.focus() }).focus();
}
