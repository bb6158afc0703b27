// What happens when a person takes too long. In a file of its own, as the server's clock is ahead of the browser's from the first journey on,
// and tokens of the future are refused.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { raise, newAddress } from '../harness/stage.js';
import { generations } from '../harness/widget.js';

let stage;
before(async () => {
  stage = await raise({ apps: { plain: {} } });
});
after(() => stage?.stop());

for (const generation of generations) {
  describe(`too late, ${generation}`, () => {
    const toTheForm = async (widget, email) => {
      await widget.ready('identifier');
      await widget.click('Sign up');
      await widget.fill({ 'userProfile.email': email, 'userProfile.firstName': 'Mary', 'userProfile.lastName': 'Miller' });
    };
    const toTheMail = async (widget, email) => {
      await toTheForm(widget, email);
      await widget.submit();
      await widget.ready('credentials.passcode');
      return stage.server.mail(email);
    };

    test('an expired code is refused, and a new one works', async () => {
      const email = newAddress();
      await stage.journey(generation, 'plain', async (widget) => {
        const { code } = await toTheMail(widget, email);
        await stage.server.clock(301);
        await widget.fill({ 'credentials.passcode': code });
        await widget.submit();
        await widget.says('Invalid code. Use the code of our newest email, or ask for a new one.');
        await widget.page.clock.fastForward(31_000);
        await widget.click(/Send again/i);
        const again = await stage.server.mail(email, 2);
        await widget.fill({ 'credentials.passcode': again.code });
        await widget.submit();
        await widget.says(/Set up password/i);
      }, { clock: true });
    });

    test('an expired link says so', async () => {
      await stage.journey(generation, 'plain', async (widget, { context }) => {
        const { link } = await toTheMail(widget, newAddress());
        await stage.server.clock(301);
        const tab = await context.newPage();
        await tab.goto(link);
        await tab.getByText(/expired|no longer/i).first().waitFor();
      });
    });

    test('a transaction that has expired begins anew', async () => {
      await stage.journey(generation, 'plain', async (widget) => {
        await toTheForm(widget, newAddress());
        await stage.server.clock(3601);
        await widget.submit();
        await widget.says(/logged out due to inactivity/i);
        await widget.screenshot('expired');
        await widget.click(/Back to sign in/i);
        await widget.ready('identifier');
        assert.equal(await widget.saying(/logged out due to inactivity/i), false);
      });
    });
  });
}
