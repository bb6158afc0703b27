// Okta's sign-in widget, driven as a person drives it: by fields, buttons, links and what is to be read.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { screenshots } from './browser.js';

/** The two generations that the package holds. */
export const generations = ['g2', 'g3'];

export class Widget {
  constructor(page, generation) {
    this.page = page;
    this.generation = generation;
    this.box = page.locator('#widget');
  }

  /** The input of a field: `identifier`, `userProfile.firstName`, `credentials.passcode`, … */
  field(name) {
    return this.box.locator(`input[name="${name}"]`);
  }

  /** Waits until a field is there and the view has settled (idx.md §12.13). */
  async ready(name) {
    await this.field(name).first().waitFor({ state: 'attached' });
    await sleep(this.generation === 'g2' ? 500 : 150);
  }

  /** Types into text fields. */
  async fill(values) {
    await this.ready(Object.keys(values)[0]);
    for (const [name, value] of Object.entries(values)) await this.field(name).fill(value);
  }

  async check(name) {
    await this.field(name).check({ force: true });
  }

  /** Chooses the radio button with this value. */
  async radio(name, value) {
    const named = this.generation === 'g2' ? 'data-se-name' : 'name';
    await this.box.locator(`input[type="radio"][${named}="${name}"][value="${value}"]`).check({ force: true });
  }

  /** Chooses from a drop-down by what is to be read there. */
  async select(name, label) {
    await this.box.locator(`select[name="${name}"]`).selectOption({ label });
  }

  async submit() {
    await this.box.locator('input[type="submit"], button[type="submit"]').first().click();
  }

  async click(name) {
    // g2 has links without an address, which are none for a screen reader: those are found by their text.
    const links = this.box.getByRole('link', { name }).or(this.box.getByRole('button', { name })).or(this.box.locator('a').filter({ hasText: name }));
    await links.filter({ visible: true }).first().click();
  }

  /** Waits until the widget says this. */
  async says(text) {
    await this.box.getByText(text).first().waitFor();
  }

  /** Whether the widget says this now. */
  async saying(text) {
    return (await this.box.getByText(text).count()) > 0;
  }

  /** What is said under a field, as soon as something is. */
  async errorAt(name) {
    const found = this.generation === 'g2'
      ? this.box.locator(`[data-se="o-form-fieldset-${name}"] .o-form-input-error, [data-se="o-form-fieldset-${name}"] .okta-form-input-error`)
      : this.box.locator(`[id="${name}-error"], [data-se="${name}-error"]`);
    await found.first().waitFor();
    return (await found.first().innerText()).replace(/^Error:\s*/, '').trim();
  }

  /** What the page ends with: `{ tokens, verified }` or `{ error }`. */
  async outcome() {
    const text = this.page.locator('#outcome:not(:empty)');
    await text.waitFor({ state: 'attached' });
    return JSON.parse(await text.textContent());
  }

  /** The claims of the ID token that it ends with. */
  async claims() {
    const { tokens, verified, error } = await this.outcome();
    if (error || !verified) throw new Error(`no tokens: ${error}`);
    return tokens.idToken.claims;
  }

  async screenshot(name) {
    await this.page.screenshot({ path: join(screenshots, `${this.generation}-${name}.png`) });
  }
}
