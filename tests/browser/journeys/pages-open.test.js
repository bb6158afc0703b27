// A policy changes while one of our own pages is open. No page is reloaded.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { openBrowser, screenshots, startBrowser } from '../harness/browser.js';
import { startServer } from '../harness/server.js';
import { password, newAddress } from '../harness/stage.js';

const file = join(import.meta.dirname, '../../../functions/local/organisation.yaml');
const changed = /has changed while this page was open/;
const asked = { shoeSize: 'Shoe size', favouriteColour: 'Favourite colour' };

/** The demo, whose form asks for these too; `edit` changes the whole of it. */
function demo(names = [], edit = () => {}) {
  const organisation = parse(readFileSync(file, 'utf8').replaceAll('http://localhost:8787', server.url));
  const { actions } = organisation.policies.PROFILE_ENROLLMENT.find(({ id }) => id === 'demo-enrollment').rules[0];
  actions.profileEnrollment.profileAttributes.push(...names.map((name) => ({ name, label: asked[name], required: true })));
  edit(organisation, actions.profileEnrollment);
  return organisation;
}

let server;
let browser;
before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
afterEach(() => server.organisation(demo()));
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Travels on our sign-in page, which opens at the form to sign up. */
async function journey(name, travel) {
  const { context, page, faults, traffic } = await openBrowser(browser);
  try {
    await page.goto(`${server.url}/signin?flow=signup`);
    await page.getByRole('heading', { name: 'Sign up' }).waitFor();
    await travel(page);
    assert.deepEqual(faults(), []);
  } catch (error) {
    await page.screenshot({ path: join(screenshots, `failed-open-${name}.png`) }).catch(() => {});
    throw new Error(`${error.message}\n${traffic()}`, { cause: error });
  } finally {
    await context.close();
  }
}

const fill = async (page, email) => {
  await page.getByLabel('Email', { exact: true }).fill(email);
  await page.getByLabel('First name').fill('Ada');
  await page.getByLabel('Last name').fill('Lovelace');
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
};
const press = (page) => page.getByRole('button', { name: 'Sign up', exact: true }).click();
const atTheCode = (page) => page.getByRole('heading', { name: 'Verify your email' }).waitFor();

describe('our page, open while a policy changes', () => {
  test('an attribute leaves', async () => {
    await server.organisation(demo(['shoeSize']));
    await journey('leaves', async (page) => {
      await fill(page, newAddress());
      await page.getByLabel('Shoe size').selectOption('38');
      await server.organisation(demo());
      await press(page);
      await atTheCode(page);
    });
  });

  test('one joins: what was typed stays, the password too', async () => {
    await journey('joins', async (page) => {
      const email = newAddress();
      await fill(page, email);
      await server.organisation(demo(['shoeSize']));
      await press(page);
      await page.getByText(changed).waitFor();
      assert.equal(await page.getByLabel('Email', { exact: true }).inputValue(), email);
      await page.getByLabel('Shoe size').selectOption('38');
      await press(page);
      await atTheCode(page);
    });
  });

  test('choices narrow', async () => {
    await server.organisation(demo(['favouriteColour']));
    await journey('narrows', async (page) => {
      await fill(page, newAddress());
      await page.getByLabel('Red').check();
      await server.organisation(demo(['favouriteColour'], ({ userSchema }) => {
        Object.assign(userSchema.definitions.custom.properties.favouriteColour, { enum: ['green'], oneOf: [{ const: 'green', title: 'Green' }] });
      }));
      await press(page);
      await page.getByText(changed).waitFor();
      assert.equal(await page.getByLabel('Red').count(), 0);
      await page.getByLabel('Green').check();
      await press(page);
      await atTheCode(page);
    });
  });

  test('sign-up closes: the first page says so', async () => {
    await journey('closes', async (page) => {
      await fill(page, newAddress());
      await server.organisation(demo([], (_, enrollment) => { enrollment.unknownUserAction = 'DENY'; }));
      await press(page);
      await page.getByText('Registration is currently unavailable.').waitFor();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    });
  });

  test('the progressive form follows its policy', async () => {
    const email = newAddress();
    await journey('progressive', async (page) => {
      await fill(page, email);
      await press(page);
      await atTheCode(page);
      await page.keyboard.type((await server.mail(email)).code);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Welcome, Ada' }).waitFor();
      await server.organisation(demo(['shoeSize']));
      await page.goto(`${server.url}/signin`);
      await page.getByRole('textbox', { name: /Username|Email/ }).fill(email);
      await page.getByRole('textbox', { name: 'Password' }).fill(password);
      await page.keyboard.press('Enter');
      await page.getByLabel('Shoe size').selectOption('38');
      await server.organisation(demo(['shoeSize', 'favouriteColour']));
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByText(changed).waitFor();
      assert.equal(await page.getByLabel('Shoe size').inputValue(), '38');
      await page.getByLabel('Green').check();
      await server.organisation(demo(['favouriteColour']));
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByRole('heading', { name: 'Welcome, Ada' }).waitFor();
    });
  });
});
