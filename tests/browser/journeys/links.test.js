// The link of a mail: in the browser that asked for it, in another one, and by way of the app's own page.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { join } from 'node:path';
import { openBrowser, screenshots } from '../harness/browser.js';
import { password, raise, newAddress } from '../harness/stage.js';
import { generations } from '../harness/widget.js';

let stage;
before(async () => {
  const callback = { enrollAuthenticatorTypes: ['password'] };
  stage = await raise({ apps: { plain: {}, 'password-first': { enrollAuthenticatorTypes: ['password'] }, callback } });
  callback.app = { emailVerifyCallbackUri: `${stage.app.origin}/email/callback` };
  await stage.change({ apps: { plain: {}, 'password-first': { enrollAuthenticatorTypes: ['password'] }, callback } });
});
after(() => stage?.stop());

for (const generation of generations) {
  describe(`the link, ${generation}`, () => {
    const asFarAsTheMail = async (widget, email, more = {}) => {
      await widget.ready('identifier');
      await widget.click('Sign up');
      await widget.fill({ 'userProfile.email': email, 'userProfile.firstName': 'Mary', 'userProfile.lastName': 'Miller', ...more });
      await widget.submit();
      await widget.ready('credentials.passcode');
      return stage.server.mail(email);
    };
    /** Opens the link in a tab of this browser and presses what there is to press. */
    const follow = async (context, link) => {
      const tab = await context.newPage();
      await tab.goto(link);
      return tab;
    };

    test('in the same browser: the first tab goes on', async () => {
      const email = newAddress();
      await stage.journey(generation, 'plain', async (widget, { context }) => {
        const { link } = await asFarAsTheMail(widget, email);
        const tab = await follow(context, link);
        await tab.screenshot({ path: join(screenshots, 'link-same-browser.png') });
        await tab.getByRole('button').first().click();
        await widget.says(/Set up password/i);
        await widget.fill({ 'credentials.passcode': password, confirmPassword: password });
        await widget.submit();
        assert.equal((await widget.claims()).email_verified, true);
      });
    });

    test('in the same browser, when nothing is left to ask: the first tab has its tokens', async () => {
      const email = newAddress();
      await stage.journey(generation, 'password-first', async (widget, { context }) => {
        const { link } = await asFarAsTheMail(widget, email, { 'credentials.passcode': password });
        const tab = await follow(context, link);
        await tab.getByRole('button').first().click();
        assert.equal((await widget.claims()).email, email);
      });
    });

    test('in another browser: it shows the code and completes nothing', async () => {
      const email = newAddress();
      await stage.journey(generation, 'plain', async (widget) => {
        const { link, code } = await asFarAsTheMail(widget, email);
        const other = await openBrowser(stage.browser);
        try {
          await other.page.goto(link);
          await other.page.getByText(code).waitFor();
          await other.page.screenshot({ path: join(screenshots, 'link-other-browser.png') });
          // What a scanner that presses everything would press.
          for (const button of await other.page.getByRole('button').all()) await button.click();
          await other.page.reload();
          assert.deepEqual(other.faults(), []);
        } finally {
          await other.context.close();
        }
        await widget.page.waitForResponse((response) => response.url().includes('/email/poll'));
        assert.equal(await widget.field('credentials.passcode').count(), 1);
        assert.equal(JSON.stringify(await stage.server.dump()).includes(`USER#${email}`), false);
        await widget.fill({ 'credentials.passcode': code });
        await widget.submit();
        await widget.says(/Set up password/i);
      });
    });

    test('by way of the page that the app names', async () => {
      const email = newAddress();
      await stage.journey(generation, 'callback', async (widget, { context }) => {
        const { link } = await asFarAsTheMail(widget, email, { 'credentials.passcode': password });
        const tab = await follow(context, link);
        const button = tab.getByRole('button');
        if (tab.url().startsWith(stage.server.url)) await button.first().click();
        const outcome = tab.locator('#outcome:not(:empty)');
        await outcome.waitFor({ state: 'attached' });
        const { tokens, verified, error } = JSON.parse(await outcome.textContent());
        assert.equal(error, undefined);
        assert.ok(verified);
        assert.equal(tokens.idToken.claims.email, email);
      });
    });
  });
}
