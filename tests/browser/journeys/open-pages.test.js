// A policy changes while a person has a form open: the unmodified widget in both generations, and auth-js. No page is reloaded.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { client, versions } from '../harness/auth.js';
import { base, colours, everyFormat } from '../harness/organisation.js';
import { signUp } from '../harness/person.js';
import { password, raise, newAddress } from '../harness/stage.js';
import { generations } from '../harness/widget.js';

const named = (...names) => everyFormat.filter(({ name }) => names.includes(name));
const enrollAuthenticatorTypes = ['password'];
const changed = /has changed while this page was open/;

const scene = {
  apps: {
    plain: {},
    form: { enrollAuthenticatorTypes },
    leaves: { enrollAuthenticatorTypes, attributes: [...base, ...named('pseudonym', 'shoeSize')] },
    narrows: { enrollAuthenticatorTypes, attributes: [...base, ...named('colour')] },
    later: { attributes: [...base, ...named('shoeSize')] },
  },
};

/** The scene with another policy for these apps. */
const withApps = (apps, more = {}) => ({ ...scene, apps: { ...scene.apps, ...apps }, ...more });

let stage;
before(async () => {
  stage = await raise(scene);
});
afterEach(() => stage.change(scene));
after(() => stage?.stop());

const profile = (email) => ({ 'userProfile.email': email, 'userProfile.firstName': 'Mary', 'userProfile.lastName': 'Miller' });

/** The stored user of this address. */
async function stored(email) {
  const items = (await stage.server.dump()).map((item) => JSON.stringify(item));
  return items.filter((item) => item.includes(email)).join('\n');
}

for (const generation of generations) {
  describe(`pages that are open, ${generation}`, () => {
    const openForm = async (widget, values) => {
      await widget.ready('identifier');
      await widget.click('Sign up');
      await widget.fill(values);
    };
    const answerCode = async (widget, email) => {
      await widget.ready('credentials.passcode');
      await widget.says(/verification email|code/i);
      const { code } = await stage.server.mail(email);
      await widget.fill({ 'credentials.passcode': code });
      await widget.submit();
    };

    test('an attribute leaves the sign-up form: what was typed is dropped', async () => {
      const email = newAddress();
      await stage.journey(generation, 'leaves', async (widget) => {
        await openForm(widget, { ...profile(email), 'userProfile.pseudonym': 'Mae', 'userProfile.shoeSize': '42', 'credentials.passcode': password });
        await stage.change(withApps({ leaves: { enrollAuthenticatorTypes, attributes: [...base, ...named('pseudonym')] } }));
        await widget.submit();
        await answerCode(widget, email);
        await widget.claims();
      });
      const found = await stored(email);
      assert.ok(found.includes('"pseudonym":"Mae"') && !found.includes('shoeSize'), found);
    });

    test('a required attribute joins the sign-up form: it is shown, with a message and what was typed', async () => {
      const email = newAddress();
      await stage.journey(generation, 'form', async (widget) => {
        await openForm(widget, { ...profile(email), 'credentials.passcode': password });
        await stage.change(withApps({ form: { enrollAuthenticatorTypes, attributes: [...base, ...named('shoeSize')] } }));
        await widget.submit();
        await widget.says(changed);
        await widget.ready('userProfile.shoeSize');
        await widget.screenshot('joined');
        for (const [name, value] of Object.entries(profile(email))) assert.equal(await widget.field(name).inputValue(), value);
        await widget.fill({ 'userProfile.shoeSize': '42', 'credentials.passcode': password });
        await widget.submit();
        await answerCode(widget, email);
        await widget.claims();
      });
      assert.ok((await stored(email)).includes('"shoeSize":42'));
    });

    test('the choices of an attribute narrow: those of today are shown', async () => {
      const email = newAddress();
      await stage.journey(generation, 'narrows', async (widget) => {
        await openForm(widget, { ...profile(email), 'credentials.passcode': password });
        await widget.select('userProfile.colour', 'Red');
        await stage.change(withApps({}, { attributes: { colour: colours('green') } }));
        await widget.submit();
        await widget.says(changed);
        await widget.ready('userProfile.email');
        await widget.screenshot('narrowed');
        await widget.select('userProfile.colour', 'Green');
        await widget.fill({ 'credentials.passcode': password });
        await widget.submit();
        await answerCode(widget, email);
        await widget.claims();
      });
      assert.ok((await stored(email)).includes('"colour":"green"'));
    });

    test('the password joins the sign-up form, and leaves it', async () => {
      const email = newAddress();
      await stage.journey(generation, 'plain', async (widget) => {
        await openForm(widget, profile(email));
        await stage.change(withApps({ plain: { enrollAuthenticatorTypes } }));
        await widget.submit();
        await widget.says(changed);
        await widget.fill({ 'credentials.passcode': password });
        await stage.change(scene);
        await widget.submit();
        await answerCode(widget, email);
        await widget.says(/Set up password/i);
        await widget.fill({ 'credentials.passcode': password, confirmPassword: password });
        await widget.submit();
        await widget.claims();
      });
    });

    test('sign-up closes: the first page says so', async () => {
      await stage.journey(generation, 'form', async (widget) => {
        await openForm(widget, { ...profile(newAddress()), 'credentials.passcode': password });
        await stage.change(withApps({ form: { enrollAuthenticatorTypes, unknownUserAction: 'DENY' } }));
        await widget.submit();
        await widget.says('Registration is currently unavailable.');
        await widget.ready('identifier');
        await widget.screenshot('closed');
      });
    });

    test('the progressive form: what leaves is not asked, what joins is shown', async () => {
      const email = newAddress();
      await signUp(stage.server, { client: 'plain', origin: stage.app.origin, email });
      await stage.journey(generation, 'later', async (widget) => {
        await widget.fill({ identifier: email, 'credentials.passcode': password });
        await widget.submit();
        await widget.fill({ 'userProfile.shoeSize': '42' });
        await stage.change(withApps({ later: { attributes: [...base, ...named('pseudonym', 'shoeSize')] } }));
        await widget.submit();
        await widget.says(changed);
        await widget.ready('userProfile.pseudonym');
        assert.equal(await widget.field('userProfile.shoeSize').inputValue(), '42');
        await widget.fill({ 'userProfile.pseudonym': 'Mae' });
        await stage.change(withApps({ later: { attributes: [...base, ...named('pseudonym')] } }));
        await widget.submit();
        await widget.claims();
      });
      const found = await stored(email);
      assert.ok(found.includes('"pseudonym":"Mae"') && !found.includes('shoeSize'), found);

      const other = newAddress();
      await signUp(stage.server, { client: 'plain', origin: stage.app.origin, email: other });
      await stage.journey(generation, 'later', async (widget) => {
        await widget.fill({ identifier: other, 'credentials.passcode': password });
        await widget.submit();
        await widget.fill({ 'userProfile.pseudonym': 'Mae' });
        await stage.change(withApps({ later: {} }));
        await widget.submit();
        await widget.claims();
      });
    });

    test('the first page asks for a password by now', async () => {
      const email = newAddress();
      await signUp(stage.server, { client: 'plain', origin: stage.app.origin, email });
      await stage.change({ ...scene, primaryFactor: 'PASSWORD_IDP_ANY_FACTOR' });
      await stage.journey(generation, 'plain', async (widget) => {
        await widget.fill({ identifier: email });
        await stage.change(scene);
        await widget.submit();
        await widget.says(changed);
        await widget.fill({ identifier: email, 'credentials.passcode': password });
        await widget.submit();
        await widget.claims();
      });
    });

    test('another browser was faster to sign up: the page says so and leads to the sign-in', async () => {
      const email = newAddress();
      await stage.journey(generation, 'form', async (widget) => {
        await openForm(widget, { ...profile(email), 'credentials.passcode': password });
        await widget.submit();
        await widget.ready('credentials.passcode');
        await stage.server.mail(email);
        await signUp({ ...stage.server, mail: (to) => stage.server.mail(to, 2) }, { client: 'form', origin: stage.app.origin, email });
        const [{ code }] = await stage.server.mails(email);
        await widget.fill({ 'credentials.passcode': code });
        await widget.submit();
        await widget.says(/There is an account with your email address now/);
        await widget.screenshot('account-exists');
        await widget.fill({ identifier: email, 'credentials.passcode': password });
        await widget.submit();
        await widget.claims();
      });
    });
  });
}

const origin = 'http://localhost:3000';
for (const [name, version] of Object.entries({ ...versions, 'auth-js 8': {} })) {
  describe(`pages that are open, ${name}`, () => {
    const texts = (transaction) => (transaction.messages ?? []).map(({ message }) => message).join();
    const open = async (clientId) => {
      const auth = client(version, { issuer: stage.server.issuer, origin: stage.app.origin ?? origin, clientId });
      await auth.idx.start();
      await auth.idx.proceed({ step: 'select-enroll-profile' });
      return auth;
    };
    const press = (auth, userProfile) => auth.idx.proceed({ step: 'enroll-profile', userProfile, credentials: { passcode: password } });
    const fields = (transaction) => JSON.stringify(transaction.rawIdxState.remediation.value[0]);

    test('an attribute leaves, joins, sign-up closes', async () => {
      const [email, other] = [newAddress(), newAddress()];
      let auth = await open('leaves');
      await stage.change(withApps({ leaves: { enrollAuthenticatorTypes } }));
      await press(auth, { email, firstName: 'Mary', lastName: 'Miller', pseudonym: 'Mae', shoeSize: '42' });
      const { code } = await stage.server.mail(email);
      let transaction = await auth.idx.proceed({ step: 'enroll-authenticator', credentials: { passcode: code } });
      assert.equal(transaction.status, 'SUCCESS', JSON.stringify(transaction.messages));

      auth = await open('form');
      await stage.change(withApps({ form: { enrollAuthenticatorTypes, attributes: [...base, ...named('shoeSize')] } }));
      transaction = await press(auth, { email: other, firstName: 'Mary', lastName: 'Miller' });
      assert.match(texts(transaction), changed);
      assert.match(fields(transaction), /shoeSize/);
      await press(auth, { email: other, firstName: 'Mary', lastName: 'Miller', shoeSize: '42' });
      await stage.server.mail(other);

      auth = await open('form');
      await stage.change(withApps({ form: { enrollAuthenticatorTypes, unknownUserAction: 'DENY' } }));
      transaction = await press(auth, { email: newAddress(), firstName: 'Mary', lastName: 'Miller', shoeSize: '42' });
      assert.match(texts(transaction), /Registration is currently unavailable/);
    });
  });
}
