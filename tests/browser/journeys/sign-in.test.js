// Signing in with the unmodified widget, both generations.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startApp } from '../harness/app.js';
import { openBrowser } from '../harness/browser.js';
import { assurance } from '../harness/organisation.js';
import { signUp } from '../harness/person.js';
import { password, raise, newAddress } from '../harness/stage.js';
import { Widget, generations } from '../harness/widget.js';

const apps = {
  plain: {},
  closed: { unknownUserAction: 'DENY' },
  any: { signOn: assurance('1FA') },
  two: { signOn: assurance('2FA') },
};
const passwordFirst = { apps };
const identifierFirst = { apps, primaryFactor: 'PASSWORD_IDP_ANY_FACTOR' };
const quiet = { apps, settings: { userEnumerationPrevention: { authentication: true } } };

let stage;
let mary;
/** A person who has an account and no mail since: an address gets only a few mails an hour. */
const newcomer = async () => {
  const email = newAddress();
  await signUp(stage.server, { client: 'plain', origin: stage.app.origin, email });
  return email;
};
before(async () => {
  stage = await raise(passwordFirst);
  mary = await newcomer();
});
after(() => stage?.stop());

for (const generation of generations) {
  const signIn = async (widget, identifier, passcode) => {
    await widget.fill({ identifier, 'credentials.passcode': passcode });
    await widget.submit();
  };

  describe(`sign-in, password first, ${generation}`, () => {
    before(() => stage.change(passwordFirst));

    test('with a password, to tokens', async () => {
      await stage.journey(generation, 'plain', async (widget) => {
        await widget.ready('identifier');
        await widget.screenshot('sign-in');
        await signIn(widget, mary, password);
        const claims = await widget.claims();
        assert.equal(claims.email, mary);
        assert.deepEqual(claims.amr, ['pwd']);
      });
    });

    test('a wrong password says no more than that it failed, the right one then works', async () => {
      await stage.journey(generation, 'plain', async (widget) => {
        await signIn(widget, mary, 'not the password');
        await widget.says('Unable to sign in');
        await widget.screenshot('wrong-password');
        await signIn(widget, mary, password);
        await widget.claims();
      });
    });

    test('an unknown person is told to sign up where sign-up is on', async () => {
      const stranger = newAddress('stranger');
      await stage.journey(generation, 'plain', async (widget) => {
        await signIn(widget, stranger, password);
        await widget.says(`There is no account with the Email ${stranger}.`);
        assert.ok(await widget.saying('Sign up'));
        await widget.screenshot('unknown-user');
      });
    });

    test('an unknown person looks like a wrong password where sign-up is off', async () => {
      await stage.journey(generation, 'closed', async (widget) => {
        await signIn(widget, newAddress('stranger'), password);
        await widget.says('Unable to sign in');
        assert.equal(await widget.saying('Sign up'), false);
      });
    });

    test('with the right password and a second factor by email', async () => {
      const email = await newcomer();
      await stage.journey(generation, 'two', async (widget) => {
        await signIn(widget, email, password);
        await toEmail(widget);
        await widget.fill({ 'credentials.passcode': (await stage.server.mail(email, 2)).code });
        await widget.submit();
        const claims = await widget.claims();
        assert.deepEqual([...claims.amr].sort(), ['email', 'mfa', 'pwd']);
      });
    });
  });

  describe(`sign-in, enumeration prevented, ${generation}`, () => {
    before(() => stage.change(quiet));
    after(() => stage.change(passwordFirst));

    test('an unknown person cannot be told from a known person: the same pages, the same words', async () => {
      /** What is to be read on the way, without the name. */
      const read = async (name) => {
        const seen = [];
        await stage.journey(generation, 'plain', async (widget) => {
          const look = async () => seen.push((await widget.box.innerText()).replaceAll(name, 'NAME').replace(/.\*\*\*./, 'x***x'));
          await widget.fill({ identifier: name });
          await widget.submit();
          await toPassword(widget);
          await look();
          await widget.fill({ 'credentials.passcode': 'not the password' });
          await widget.submit();
          await widget.says(/Password is incorrect|Unable to sign in/);
          await look();
        });
        return seen;
      };
      assert.deepEqual(await read(newAddress('mary')), await read(await newcomer()));
    });

    test('a taken address gets the same answer, and its owner a mail', async () => {
      const email = await newcomer();
      await stage.journey(generation, 'plain', async (widget) => {
        await widget.ready('identifier');
        await widget.click('Sign up');
        await widget.fill({ 'userProfile.email': email, 'userProfile.firstName': 'Mary', 'userProfile.lastName': 'Miller' });
        await widget.submit();
        await widget.ready('credentials.passcode');
        const mail = await stage.server.mail(email, 2);
        assert.equal(mail.code, undefined, 'the mail to the owner holds a code');
      });
    });
  });

  describe(`sign-in, identifier first, ${generation}`, () => {
    before(() => stage.change(identifierFirst));
    after(() => stage.change(passwordFirst));

    const identify = async (widget, identifier) => {
      await widget.ready('identifier');
      assert.equal(await widget.field('credentials.passcode').count(), 0);
      await widget.fill({ identifier });
      await widget.submit();
    };

    test('then the password', async () => {
      await stage.journey(generation, 'plain', async (widget) => {
        await identify(widget, mary);
        await widget.fill({ 'credentials.passcode': 'not the password' });
        await widget.submit();
        await widget.says('Password is incorrect');
        await widget.fill({ 'credentials.passcode': password });
        await widget.submit();
        await widget.claims();
      });
    });

    test('then a code by email', async () => {
      const email = await newcomer();
      await stage.journey(generation, 'any', async (widget) => {
        await identify(widget, email);
        await toEmail(widget);
        await widget.fill({ 'credentials.passcode': (await stage.server.mail(email, 2)).code });
        await widget.submit();
        const claims = await widget.claims();
        assert.equal(claims.email, email);
      });
    });

    test('an unknown person is asked for a password that never works where sign-up is off', async () => {
      await stage.journey(generation, 'closed', async (widget) => {
        await identify(widget, newAddress('stranger'));
        await widget.fill({ 'credentials.passcode': password });
        await widget.submit();
        await widget.says(/Password is incorrect|Unable to sign in/);
      });
    });

    test('back to the beginning', async () => {
      await stage.journey(generation, 'plain', async (widget) => {
        await identify(widget, mary);
        await widget.ready('credentials.passcode');
        await widget.click(/Back to sign in/i);
        await widget.ready('identifier');
      });
    });
  });

  test(`a page on an origin that the app does not name gets nothing, ${generation}`, async () => {
    const elsewhere = await startApp();
    elsewhere.use(stage.server.issuer);
    const opened = await openBrowser(stage.browser);
    try {
      await opened.page.goto(`${elsewhere.origin}/widget?client=plain&generation=${generation}`);
      const widget = new Widget(opened.page, generation);
      await opened.page.waitForFunction(() => document.querySelector('#outcome').textContent !== '' || /wrong|error|unable/i.test(document.body.innerText));
      assert.equal(await widget.field('identifier').count(), 0);
      assert.ok(opened.faults().some((fault) => /CORS/.test(fault)), opened.faults().join('\n'));
    } finally {
      await opened.context.close();
      await elsewhere.stop();
    }
  });
}

/** An authenticator in the list: g2 has a button in its row, g3 makes the row a button. */
const choice = (widget, key) => widget.box.locator(`[data-se="${key}"]${widget.generation === 'g2' ? ' a' : ''}`).first();

/** To the field for a password, where there may be a choice before it. */
async function toPassword(widget) {
  const field = widget.field('credentials.passcode');
  const list = choice(widget, 'okta_password');
  await list.or(field).first().waitFor();
  if (await list.isVisible()) await list.click();
  await widget.ready('credentials.passcode');
}

/** To the field for an emailed code: by a list of authenticators, and a button that sends the mail. */
async function toEmail(widget) {
  const list = choice(widget, 'okta_email');
  const send = widget.box.getByRole('button', { name: /Send me an email/i });
  await list.or(send).first().waitFor();
  if (await list.isVisible()) await list.click();
  const field = widget.field('credentials.passcode');
  await send.or(field).first().waitFor();
  if (await send.isVisible()) await send.click();
  const type = widget.box.getByText(/Enter a (verification )?code( from the email)? instead/i);
  await type.or(field).first().waitFor();
  if (await type.isVisible()) await type.click();
  await widget.ready('credentials.passcode');
}
