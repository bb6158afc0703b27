// Debian's Chromium, and what a page may not do in any journey.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

export const screenshots = join(import.meta.dirname, '../screenshots');

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export async function startBrowser() {
  mkdirSync(screenshots, { recursive: true });
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: flags });
}

/**
 * A browser of its own (cookies, storage) with one page. `faults()` lists what went wrong behind the scenes: script errors, violations of the
 * Content-Security-Policy, calls blocked by CORS, requests that leave this machine.
 */
export async function openBrowser(browser, options = {}) {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1024, height: 900 }, ...options });
  // Far: a busy machine is slow, not wrong.
  context.setDefaultTimeout(60_000);
  const faults = [];
  const traffic = [];
  context.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol.startsWith('http') && hostname !== 'localhost' && hostname !== '127.0.0.1') faults.push(`asked ${request.url()}`);
  });
  context.on('response', async (response) => {
    if (!/\/(idp|oauth2|email)\//.test(response.url())) return;
    const body = await response.text().catch(() => '');
    traffic.push(`${response.request().method()} ${new URL(response.url()).pathname} ${response.request().postData() ?? ''}\n  → ${response.status()} ${summary(body)}`);
  });
  const watch = (page) => {
    page.on('pageerror', (error) => faults.push(`script error: ${error.stack ?? error}`));
    page.on('console', (message) => {
      if (message.type() === 'error' && /Content.Security.Policy|CORS|Access-Control/i.test(message.text())) faults.push(message.text());
    });
  };
  context.on('page', watch);
  const page = await context.newPage();
  return { context, page, faults: () => faults, traffic: () => traffic.join('\n') };
}

/** What an envelope offers and says, in one line; another body as it is. */
function summary(body) {
  try {
    const { version, remediation, messages, ...rest } = JSON.parse(body);
    if (!version) return body.slice(0, 500);
    const said = (list) => (list?.value ?? []).map(({ i18n, message }) => `${i18n?.key ?? ''} "${message}"`);
    const fields = (values) => (values ?? []).flatMap((field) => [...said(field.messages).map((text) => `${field.name}: ${text}`), ...fields(field.form?.value)]);
    const forms = (remediation?.value ?? []).map(({ name, value }) => [name, ...fields(value)].join(' '));
    return `[${forms.join(', ')}] ${said(messages).join(', ')} ${Object.keys(rest).filter((key) => key.startsWith('success'))}`;
  } catch {
    return body.slice(0, 500);
  }
}
