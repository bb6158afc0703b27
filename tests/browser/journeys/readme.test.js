// The snippets of the README, as they are printed: only addresses, the mailbox's owner and the mailed code are replaced.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { openBrowser, startBrowser } from '../harness/browser.js';
import { signUp } from '../harness/person.js';
import { startServer } from '../harness/server.js';
import { password, newAddress } from '../harness/stage.js';
import { Widget } from '../harness/widget.js';

const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');
const widgetFolder = join(dirname(createRequire(import.meta.url).resolve('@okta/okta-signin-widget/package.json')), 'dist');

/** The one block in this language that has this text in it. */
function block(language, text) {
  const found = [...readme.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].filter(([, one, body]) => one === language && body.includes(text));
  assert.equal(found.length, 1, `one block of ${language} with ${text}`);
  return found[0][2];
}

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

const here = (text) => text.replaceAll('http://localhost:8787', server.url);

for (const [generation, suffix] of [['g2', 'min'], ['g3', 'next']]) {
  test(`the page with the widget signs in, ${generation}`, async () => {
    const email = newAddress();
    await signUp(server, { client: 'demo-spa', origin: `${server.url}/demo`, email });
    const snippet = block('html', 'OktaSignIn');
    const page = here(snippet)
      .replaceAll('.min.', `.${suffix}.`)
      .replace('console.log(tokens.idToken.claims)', 'document.title = JSON.stringify(tokens.idToken.claims)');
    assert.ok(page.includes('document.title') && page.includes(`okta-sign-in.${suffix}.js`));
    const opened = await openBrowser(browser);
    try {
      // On the origin of the server, where the demo's redirect URIs are.
      await opened.page.route(`${server.url}/readme`, (route) => route.fulfill({ contentType: 'text/html', body: `<!doctype html>${page}` }));
      await opened.page.route(`${server.url}/siw/**`, (route) => route.fulfill({ path: join(widgetFolder, new URL(route.request().url()).pathname.slice('/siw'.length)) }));
      await opened.page.goto(`${server.url}/readme`);
      const widget = new Widget(opened.page, generation);
      widget.box = opened.page.locator('#sign-in');
      await widget.fill({ identifier: email, 'credentials.passcode': password });
      await widget.submit();
      await opened.page.waitForFunction(() => document.title.startsWith('{'));
      assert.equal(JSON.parse(await opened.page.title()).email, email);
    } finally {
      await opened.context.close();
    }
  });
}

test('auth-js signs up in Node', async () => {
  const email = newAddress('ada');
  // A module needs a file; beside this one it finds auth-js.
  const folder = mkdtempSync(join(import.meta.dirname, 'readme-'));
  try {
    const code = here(block('js', 'new OktaAuth'))
      .replace('ada@example.com', email)
      .replace('"123456"', 'await code()')
      .replace('const { status, tokens }', 'export const { status, tokens }');
    globalThis.code = async () => (await server.mail(email)).code;
    writeFileSync(join(folder, 'snippet.mjs'), code);
    const { status, tokens } = await import(join(folder, 'snippet.mjs'));
    assert.equal(status, 'SUCCESS');
    assert.equal(tokens.idToken.claims.email, email);
  } finally {
    rmSync(folder, { recursive: true });
    delete globalThis.code;
  }
});
