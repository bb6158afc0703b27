// The mailbox: asks each second for what is new.

import { element } from "./form.js";

const at = (id) => document.getElementById(id);
const mails = [];
let open = null;

at("filter").addEventListener("input", list);
at("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(at("code").textContent);
  at("copied").textContent = "Copied";
});
refresh();

async function refresh() {
  try {
    const answer = await fetch(`/mailbox/messages?after=${mails.at(-1)?.id ?? 0}`);
    const fresh = answer.ok ? await answer.json() : [];
    if (fresh.length) {
      mails.push(...fresh);
      list();
      // A reader who is in a message stays there; the page that just waits shows the newest.
      if (!open || open.id === mails.at(-fresh.length - 1)?.id) show(mails.at(-1), false);
      at("status").textContent = `${mails.length} ${mails.length === 1 ? "message" : "messages"}. The newest is to ${mails.at(-1).to}.`;
    }
  } catch {
    at("status").textContent = "The server does not answer. Trying again…";
  }
  setTimeout(refresh, 1000);
}

function list() {
  const only = at("filter").value.trim().toLowerCase();
  const rows = mails.filter((mail) => mail.to.toLowerCase().includes(only)).toReversed().map((mail) =>
    element("li", {}, element("button", { type: "button", "aria-current": open?.id === mail.id ? "true" : "false", onclick: () => show(mail, true) },
      element("span", { class: "subject" }, mail.subject), element("span", { class: "quiet" }, `${mail.to} · ${new Date(mail.at).toLocaleTimeString()}`))));
  at("mails").replaceChildren(...rows);
}

function show(mail, focus) {
  open = mail;
  at("mail").hidden = false;
  at("subject").textContent = mail.subject;
  at("about").textContent = `From ${mail.from} to ${mail.to}, ${new Date(mail.at).toLocaleString()}`;
  at("code-note").hidden = !mail.code;
  at("code").textContent = mail.code || "";
  at("copied").textContent = "";
  at("html").src = `/mailbox/messages/${mail.id}/html`;
  at("text").textContent = mail.text;
  list();
  if (focus) at("subject").focus();
}
