// Progressive enrollment in the unmodified widget, both generations: what an app lacks is asked at sign-in, before tokens.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { base, everyFormat } from '../harness/organisation.js';
import { signUp } from '../harness/person.js';
import { password, raise, newAddress } from '../harness/stage.js';
import { generations } from '../harness/widget.js';

const optional = (attributes) => attributes.map((attribute) => ({ ...attribute, required: false }));
const named = (...names) => everyFormat.filter(({ name }) => names.includes(name));

const scene = {
  apps: {
    plain: {},
    everything: { attributes: [...base, ...everyFormat] },
    beside: { attributes: [...base, ...named('shoeSize'), ...optional(named('pseudonym'))] },
    optional: { attributes: [...base, ...optional(named('pseudonym'))] },
    off: { attributes: [...base, ...named('shoeSize')], progressiveProfilingAction: 'DISABLED' },
    grows: {},
  },
};

let stage;
before(async () => {
  stage = await raise(scene);
});
after(() => stage?.stop());

for (const generation of generations) {
  describe(`progressive enrollment, ${generation}`, () => {
    let email;
    before(async () => {
      email = newAddress();
      await signUp(stage.server, { client: 'plain', origin: stage.app.origin, email });
    });

    const signIn = async (widget) => {
      await widget.fill({ identifier: email, 'credentials.passcode': password });
      await widget.submit();
    };
    const notAsked = (client) => stage.journey(generation, client, async (widget) => {
      await signIn(widget);
      await widget.claims();
    });

    test('a policy that gains a required attribute asks for just that at the next sign-in, once', async () => {
      await notAsked('grows');
      await stage.change({ apps: { ...scene.apps, grows: { attributes: [...base, ...named('shoeSize')] } } });
      try {
        const otherAddress = newAddress();
        await signUp(stage.server, { client: 'plain', origin: stage.app.origin, email: otherAddress });
        await stage.journey(generation, 'grows', async (widget) => {
          await widget.fill({ identifier: otherAddress, 'credentials.passcode': password });
          await widget.submit();
          await widget.ready('userProfile.shoeSize');
          assert.equal(await widget.box.locator('input[name^="userProfile."]').count(), 1);
          await widget.fill({ 'userProfile.shoeSize': '42' });
          await widget.submit();
          await widget.claims();
        });
        await stage.journey(generation, 'grows', async (widget) => {
          await widget.fill({ identifier: otherAddress, 'credentials.passcode': password });
          await widget.submit();
          await widget.claims();
        });
      } finally {
        await stage.change(scene);
      }
    });

    test('an optional attribute is asked beside a required one, and may stay empty; a wrong value is told at its field', async () => {
      await stage.journey(generation, 'beside', async (widget) => {
        await signIn(widget);
        await widget.ready('userProfile.shoeSize');
        await widget.says('One thing more');
        assert.equal(await widget.field('userProfile.pseudonym').count(), 1);
        assert.equal(await widget.field('userProfile.firstName').count(), 0);
        for (const wrong of ['many', '7', '41.5']) {
          await widget.fill({ 'userProfile.shoeSize': wrong });
          const answered = widget.page.waitForResponse((response) => response.url().endsWith('/idp/idx/enroll/update'));
          await widget.submit();
          assert.equal((await answered).status(), 400, wrong);
          assert.notEqual(await widget.errorAt('userProfile.shoeSize'), '');
        }
        await widget.screenshot('progressive-wrong-value');
        await widget.fill({ 'userProfile.shoeSize': '41' });
        await widget.submit();
        await widget.claims();
      });
      await notAsked('beside');
    });

    test('every display format is drawn, answered, stored as its type, and asked only once', async () => {
      await stage.journey(generation, 'everything', async (widget) => {
        await signIn(widget);
        await widget.ready('userProfile.pseudonym');
        await widget.fill({ 'userProfile.pseudonym': 'Mae' });
        await widget.select('userProfile.colour', 'Blue');
        await widget.radio('userProfile.paint', 'green');
        await widget.select('userProfile.home', 'Iceland (IS)');
        await widget.radio('userProfile.news', 'false');
        await widget.radio('userProfile.pets', 'true');
        await widget.check('userProfile.terms');
        await widget.screenshot('progressive-every-format');
        await widget.submit();
        await widget.claims();
      });
      const items = await stage.server.dump();
      const stored = items.map((item) => JSON.stringify(item)).filter((item) => item.includes(email)).join('\n');
      for (const [name, value] of Object.entries({ pseudonym: 'Mae', shoeSize: 41, colour: 'blue', paint: 'green', home: 'IS', news: false, pets: true, terms: true })) {
        assert.ok(stored.includes(JSON.stringify({ [name]: value }).slice(1, -1)), `${name} is not stored as ${JSON.stringify(value)}`);
      }
      await notAsked('everything');
    });

    test('an optional attribute alone, and a policy with progressive enrollment off, ask for nothing', async () => {
      await notAsked('optional');
      const newcomer = newAddress();
      await signUp(stage.server, { client: 'plain', origin: stage.app.origin, email: newcomer });
      await stage.journey(generation, 'off', async (widget) => {
        await widget.fill({ identifier: newcomer, 'credentials.passcode': password });
        await widget.submit();
        await widget.claims();
      });
    });
  });
}
