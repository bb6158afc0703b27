// Our own pages with the demo organisation: the whole story by keyboard alone, no finding of axe, on a desk and on a phone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openBrowser, screenshots, startBrowser } from '../harness/browser.js';
import { startServer } from '../harness/server.js';
import { password, newAddress } from '../harness/stage.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const screens = { desk: { viewport: { width: 1280, height: 800 } }, phone: { viewport: { width: 375, height: 667 }, isMobile: true, hasTouch: true } };

let server;
let browser;
before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

for (const [screen, options] of Object.entries(screens)) {
  describe(`our pages, ${screen}`, () => {
    test('sign up, be asked for one thing more, be signed in: by keyboard', async () => {
      const { context, page, faults, traffic } = await openBrowser(browser, options);
      const email = newAddress(`ada.${screen}`);
      const look = (name, whole) => inspect(whole ?? page, `${screen}-${name}`);
      try {
        await page.goto(server.url);
        await look('home');

        // Sign up.
        await page.goto(`${server.url}/demo`);
        await look('demo-stranger');
        await press(page, page.getByRole('link', { name: 'Sign up' }));
        await page.getByRole('heading', { name: 'Sign up' }).waitFor();
        await look('sign-up');
        await type(page, 'Email', email);
        await type(page, 'First name', 'Ada');
        await type(page, 'Last name', 'Lovelace');
        await type(page, 'Password', 'short');
        await page.keyboard.press('Enter');
        await page.locator('.field-error').first().waitFor();
        await look('sign-up-refused');
        await type(page, 'Password', password);
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { name: 'Verify your email' }).waitFor();
        await look('code');

        // The mailbox shows the mail by itself.
        const mailbox = await context.newPage();
        await mailbox.goto(`${server.url}/mailbox`);
        await mailbox.locator('#code').filter({ visible: true }).waitFor();
        await look('mailbox', mailbox);
        const { code } = await server.mail(email);
        assert.equal(await mailbox.locator('#code').innerText(), code);
        await page.bringToFront();
        await page.keyboard.type(code);
        await page.keyboard.press('Enter');
        await signedIn(page, email);
        await look('demo-signed-in');

        // The policy gains an attribute; the page says who would be asked.
        await page.goto(`${server.url}/people`);
        await page.getByText('Nobody: everyone who has an account has answered.').waitFor();
        const choice = page.getByLabel('Attribute', { exact: true });
        await focus(page, choice);
        const title = await choice.locator('option', { hasText: 'shoeSize' }).innerText();
        await page.keyboard.type(title.slice(0, 8));
        assert.equal(await choice.inputValue(), 'shoeSize');
        await press(page, page.getByRole('button', { name: 'Require it' }));
        await page.locator('#asked').getByText(email).waitFor();
        await look('people');

        // The next sign-in asks for just that, once.
        await signIn(page, server, email);
        const size = page.getByLabel('Shoe size');
        await size.waitFor();
        assert.equal(await page.locator('#form input, #form select').count(), 1);
        await look('one-thing-more');
        await focus(page, size);
        await page.keyboard.type('EU 42');
        await press(page, page.getByRole('button', { name: 'Continue' }));
        await signedIn(page, email);
        await signIn(page, server, email);
        await signedIn(page, email);

        // As it was, for the next screen.
        await page.goto(`${server.url}/people`);
        await press(page, page.getByRole('button', { name: 'Remove Shoe size' }));
        await page.getByRole('button', { name: 'Remove Shoe size' }).waitFor({ state: 'detached' });
        assert.deepEqual(faults(), []);
      } catch (error) {
        await page.screenshot({ path: join(screenshots, `failed-${screen}.png`) }).catch(() => {});
        throw new Error(`${error.message}\nfaults: ${faults().join('\n')}\n${traffic()}`, { cause: error });
      } finally {
        await context.close();
      }
    });

    test('a wrong password, an unknown person', async () => {
      const { context, page, faults } = await openBrowser(browser, options);
      try {
        await page.goto(`${server.url}/signin`);
        await type(page, 'Email', newAddress('stranger'));
        await type(page, 'Password', password);
        await page.keyboard.press('Enter');
        await page.getByRole('alert').getByText('There is no account with the Email').waitFor();
        await inspect(page, `${screen}-unknown`);
        assert.deepEqual(faults(), []);
      } finally {
        await context.close();
      }
    });

    test('a mistyped address is corrected on the code page: by keyboard', async () => {
      const { context, page, faults } = await openBrowser(browser, options);
      const [mistyped, email] = [newAddress(`mistyped.${screen}`), newAddress(`right.${screen}`)];
      try {
        await page.goto(`${server.url}/signin?flow=signup`);
        await page.getByRole('heading', { name: 'Sign up' }).waitFor();
        await type(page, 'Email', mistyped);
        await type(page, 'First name', 'Ada');
        await type(page, 'Last name', 'Lovelace');
        await type(page, 'Password', password);
        await page.keyboard.press('Enter');
        await page.getByText(mistyped).first().waitFor();
        await inspect(page, `${screen}-code-of-a-mistyped-address`);
        await press(page, page.getByRole('button', { name: 'Change what you entered' }));
        await page.getByRole('heading', { name: 'Sign up' }).waitFor();
        assert.equal(await page.getByRole('textbox', { name: 'First name' }).inputValue(), 'Ada');
        await inspect(page, `${screen}-sign-up-again`);
        await type(page, 'Email', email);
        await type(page, 'Password', password);
        await page.keyboard.press('Enter');
        await page.getByText(email).first().waitFor();
        const { code } = await server.mail(email);
        await page.getByRole('textbox', { name: 'Enter code' }).fill(code);
        await page.keyboard.press('Enter');
        await signedIn(page, email);
        assert.deepEqual(faults(), []);
      } finally {
        await context.close();
      }
    });
  });
}

/** Signs in on our page. */
async function signIn(page, { url }, email) {
  await page.goto(`${url}/signin`);
  await type(page, 'Email', email);
  await type(page, 'Password', password);
  await page.keyboard.press('Enter');
}

/** The demo app shows the claims of a token whose signature it has checked. */
async function signedIn(page, email) {
  await page.getByRole('heading', { name: 'Welcome, Ada' }).waitFor();
  await page.getByText('The signature was checked in this page').waitFor();
  await page.locator('#claims').getByText(email).first().waitFor();
}

/** Moves the focus with the Tab key, as a person without a mouse does. */
async function focus(page, target) {
  await target.waitFor();
  const focused = () => target.evaluate((element) => element === document.activeElement);
  for (let presses = 0; presses < 60; presses += 1) {
    if (await focused()) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the Tab key does not reach ${target}`);
}

async function press(page, target) {
  await focus(page, target);
  await page.keyboard.press('Enter');
}

/** Types into the field with this label, over what is there. */
async function type(page, label, text) {
  await focus(page, page.getByRole('textbox', { name: label, exact: false }).first());
  await page.keyboard.press('Control+A');
  await page.keyboard.type(text);
}

/** A picture of the page, and what axe finds: nothing. Nothing is wider than the screen either. */
async function inspect(page, name) {
  await page.screenshot({ path: join(screenshots, `page-${name}.png`), fullPage: true });
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'], iframes: false }));
  const said = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join(' | ')}`);
  assert.deepEqual(said, [], name);
  const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide <= screen, `${name} is ${wide} wide on a screen of ${screen}`);
}
