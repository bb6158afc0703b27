// Signs a person up at the demo app by way of `cargo lambda watch`: sign-up.js LOCAL_SERVER WATCH. The mail is in the local server's mailbox.
import { setTimeout as sleep } from 'node:timers/promises';
import { signUp, newAddress } from '../tests/browser/harness/person.js';
import { read } from '../tests/browser/harness/server.js';

const [local, watch] = process.argv.slice(2);
const server = {
  url: watch,
  issuer: `${watch}/oauth2/default`,
  async mail(to) {
    for (let tries = 0; tries < 100; tries += 1) {
      const mails = await (await fetch(`${local}/mailbox/messages`)).json();
      const mail = mails.find((candidate) => candidate.to === to);
      if (mail) return { ...mail, ...(mail.html ? read(mail) : {}) };
      await sleep(50);
    }
    throw new Error(`no mail to ${to}`);
  },
};
const email = newAddress();
const claims = await signUp(server, { client: 'demo-spa', origin: 'http://localhost:8787/demo', email });
if (claims.email !== email || claims.iss !== server.issuer) throw new Error(JSON.stringify(claims));
console.log(`signed up ${claims.email} at ${claims.iss}`);
