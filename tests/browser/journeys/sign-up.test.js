// Self-service registration in the unmodified widget, both generations.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { signUp } from '../harness/person.js';
import { password, raise, newAddress } from '../harness/stage.js';
import { generations } from '../harness/widget.js';

const scene = {
  apps: {
    plain: {},
    'password-first': { enrollAuthenticatorTypes: ['password'] },
    unverified: { enrollAuthenticatorTypes: ['password'], activationRequirements: { emailVerification: false } },
    closed: { unknownUserAction: 'DENY' },
  },
};

let stage;
before(async () => {
  stage = await raise(scene);
});
after(() => stage?.stop());

const profile = (email) => ({ 'userProfile.email': email, 'userProfile.firstName': 'Mary', 'userProfile.lastName': 'Miller' });

for (const generation of generations) {
  describe(`sign-up, ${generation}`, () => {
    /** From the first page to the mail. */
    const asFarAsTheMail = async (widget, email, more = {}) => {
      await widget.ready('identifier');
      await widget.click('Sign up');
      await widget.fill({ ...profile(email), ...more });
      await widget.submit();
      await widget.ready('credentials.passcode');
    };

    const setPassword = async (widget) => {
      await widget.fill({ 'credentials.passcode': password, confirmPassword: password });
      await widget.submit();
    };

    test('with a code, then a password, to tokens', async () => {
      const email = newAddress();
      await stage.journey(generation, 'plain', async (widget) => {
        await asFarAsTheMail(widget, email);
        await widget.screenshot('sign-up-code');
        const { code } = await stage.server.mail(email);
        await widget.fill({ 'credentials.passcode': code });
        await widget.submit();
        await widget.says(/Set up password|Set up Password/i);
        await setPassword(widget);
        const claims = await widget.claims();
        assert.equal(claims.email, email);
        assert.equal(claims.email_verified, true);
        assert.equal(claims.preferred_username, email);
        assert.equal(claims.name, 'Mary Miller');
        assert.equal((await stage.server.mails(email)).length, 1);
      });
    });

    test('with the password on the first page', async () => {
      const email = newAddress();
      await stage.journey(generation, 'password-first', async (widget) => {
        await asFarAsTheMail(widget, email, { 'credentials.passcode': password });
        const { code } = await stage.server.mail(email);
        await widget.fill({ 'credentials.passcode': code });
        await widget.submit();
        const claims = await widget.claims();
        assert.equal(claims.email_verified, true);
      });
    });

    test('opens at the form when the app asks for it', async () => {
      await stage.journey(generation, 'plain', (widget) => widget.ready('userProfile.firstName'), { flow: 'signup' });
    });

    test('with optional verification: tokens at once, the mail all the same', async () => {
      const email = newAddress();
      await stage.journey(generation, 'unverified', async (widget) => {
        await widget.ready('identifier');
        await widget.click('Sign up');
        await widget.fill({ ...profile(email), 'credentials.passcode': password });
        await widget.submit();
        const claims = await widget.claims();
        assert.equal(claims.email, email);
        assert.equal(claims.email_verified, false);
        const { link } = await stage.server.mail(email);
        assert.match(link, /\/email\/verify\//);
      });
    });

    test('a wrong code is refused at its field, the right one then works', async () => {
      const email = newAddress();
      await stage.journey(generation, 'plain', async (widget) => {
        await asFarAsTheMail(widget, email);
        const { code } = await stage.server.mail(email);
        await widget.fill({ 'credentials.passcode': code === '000000' ? '000001' : '000000' });
        await widget.submit();
        await widget.says('Invalid code. Try again.');
        await widget.screenshot('wrong-code');
        await widget.fill({ 'credentials.passcode': code });
        await widget.submit();
        await widget.says(/Set up password/i);
      });
    });

    test('a code is dead after five wrong answers, and a new one works', async () => {
      const email = newAddress();
      await stage.journey(generation, 'plain', async (widget) => {
        await asFarAsTheMail(widget, email);
        const { code } = await stage.server.mail(email);
        const wrong = code === '000000' ? '000001' : '000000';
        for (let attempt = 1; attempt <= 5; attempt += 1) {
          await stage.server.clock(6); // Slower than the limit on requests per transaction.
          const answered = widget.page.waitForResponse((response) => response.url().includes('/email/answer'));
          await widget.fill({ 'credentials.passcode': wrong });
          await widget.submit();
          assert.ok((await answered).status() >= 400, `attempt ${attempt}`);
        }
        await stage.server.clock(6);
        const answered = widget.page.waitForResponse((response) => response.url().includes('/email/answer'));
        await widget.fill({ 'credentials.passcode': code });
        await widget.submit();
        assert.ok((await answered).status() >= 400, 'the exhausted code worked');
        await widget.screenshot('exhausted-code');
      });
    });

    test('a code sent again replaces the first', async () => {
      const email = newAddress();
      await stage.journey(generation, 'plain', async (widget) => {
        await asFarAsTheMail(widget, email);
        const first = await stage.server.mail(email);
        await stage.server.clock(31);
        // The widget offers it half a minute after the view appeared, by the browser's clock.
        await widget.page.clock.fastForward(31_000);
        await widget.click(/Send again/i);
        const second = await stage.server.mail(email, 2);
        assert.notEqual(second.code, first.code);
        await widget.fill({ 'credentials.passcode': first.code });
        await widget.submit();
        await widget.says('Invalid code. Use the code of our newest email, or ask for a new one.');
        await widget.fill({ 'credentials.passcode': second.code });
        await widget.submit();
        await widget.says(/Set up password/i);
      }, { clock: true });
    });

    test('an address that is taken is told at its field', async () => {
      const email = newAddress();
      await signUp(stage.server, { client: 'plain', origin: stage.app.origin, email });
      await stage.journey(generation, 'plain', async (widget) => {
        await widget.ready('identifier');
        await widget.click('Sign up');
        await widget.fill(profile(email));
        await widget.submit();
        await widget.says('A user with this Email already exists');
        await widget.screenshot('taken');
      });
    });

    test('an address that is none is told at its field, and a corrected one goes on', async () => {
      const email = newAddress();
      await stage.journey(generation, 'plain', async (widget) => {
        await widget.ready('identifier');
        await widget.click('Sign up');
        await widget.fill(profile('mary@nowhere'));
        await widget.submit();
        await widget.says("'Email' must be in the form of an email address");
        await widget.fill(profile(email));
        await widget.submit();
        await widget.ready('credentials.passcode');
      });
    });

    test('is not offered where it is switched off', async () => {
      await stage.journey(generation, 'closed', async (widget) => {
        await widget.ready('identifier');
        assert.equal(await widget.saying('Sign up'), false);
      });
    });

    test('switched off while the form is open, it says so', async () => {
      await stage.journey(generation, 'plain', async (widget) => {
        await widget.ready('identifier');
        await widget.click('Sign up');
        await widget.fill(profile(newAddress()));
        await stage.change({ apps: { ...scene.apps, plain: { unknownUserAction: 'DENY' } } });
        try {
          await widget.submit();
          await widget.says('Registration is currently unavailable.');
        } finally {
          await stage.change(scene);
        }
      });
    });
  });
}
