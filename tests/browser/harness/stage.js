// One server, one app, one browser for a file of journeys.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { startApp } from './app.js';
import { openBrowser, screenshots, startBrowser } from './browser.js';
import { organisation } from './organisation.js';
import { startServer } from './server.js';
import { Widget } from './widget.js';

export { password, newAddress } from './person.js';

/** Raises the stage. `scene` is what `organisation()` takes, without the origin. */
export async function raise(scene) {
  const app = await startApp();
  const server = await startServer(organisation({ origin: app.origin, ...scene }));
  app.use(server.issuer);
  const browser = await startBrowser();

  return {
    server,
    app,
    browser,

    /** Puts another scene into effect. */
    change: (changed) => server.organisation(organisation({ origin: app.origin, ...changed })),

    /**
     * Opens the widget of `client` in a browser of its own and travels. Fails when the journey does, and when something went wrong behind the
     * scenes; then it shows what was said on the wire. `clock`: the browser's timers can be moved, with `page.clock`.
     */
    async journey(generation, client, travel, { flow, clock } = {}) {
      const opened = await openBrowser(browser);
      if (clock) await opened.page.clock.install();
      const widget = new Widget(opened.page, generation);
      try {
        const query = new URLSearchParams({ client, generation, ...(flow ? { flow } : {}) });
        await opened.page.goto(`${app.origin}/widget?${query}`);
        await travel(widget, opened);
        assert.deepEqual(opened.faults(), []);
      } catch (error) {
        const picture = join(screenshots, `failed-${generation}-${client}.png`);
        await opened.page.screenshot({ path: picture }).catch(() => {});
        throw new Error(`${error.message}\npicture: ${picture}\nfaults: ${opened.faults().join('\n')}\n${opened.traffic()}`, { cause: error });
      } finally {
        await opened.context.close();
      }
    },

    async stop() {
      await browser.close();
      await server.stop();
      await app.stop();
    },
  };
}
