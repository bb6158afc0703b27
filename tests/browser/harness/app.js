// The pages of an app, on an origin of their own: Okta's sign-in widget as npm delivers it, under a strict Content-Security-Policy.
import { randomBytes } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join, normalize } from 'node:path';

const widget = join(dirname(createRequire(import.meta.url).resolve('@okta/okta-signin-widget/package.json')), 'dist');
const types = { '.css': 'text/css', '.js': 'text/javascript', '.json': 'application/json', '.png': 'image/png', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };

/**
 * Serves the pages until `stop`. `issuer` is told later, by `use`, because the organisation wants to know this origin first.
 *
 * - `/widget?client=ID&generation=g2|g3[&flow=signup]` the widget
 * - `/callback?interaction_code=…&state=…` the redirect URI
 * - `/email/ID?state=…&otp=…` the email callback of app ID
 */
export async function startApp() {
  let issuer;
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    if (url.pathname.startsWith('/siw/')) return file(join(widget, normalize(url.pathname.slice('/siw'.length))), response);
    if (url.pathname === '/favicon.ico') return response.writeHead(204).end();
    const nonce = randomBytes(16).toString('base64');
    const own = `'self' 'nonce-${nonce}'`;
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${own}; font-src 'self' data:; img-src 'self' data:; `
        + `connect-src 'self' ${new URL(issuer).origin}; base-uri 'none'; form-action 'self'`,
    });
    const generation = url.searchParams.get('generation') ?? cookie(request, 'generation') ?? 'g2';
    const client = url.searchParams.get('client') ?? /^\/email\/(.+)$/.exec(url.pathname)?.[1] ?? cookie(request, 'client') ?? '';
    return response.end(page({ nonce, generation, client, issuer, kind: url.pathname.split('/')[1], flow: url.searchParams.get('flow') }));
  });
  await new Promise((listening) => server.listen(0, listening));
  return {
    origin: `http://localhost:${server.address().port}`,
    use(found) {
      issuer = found;
    },
    stop() {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    },
  };
}

function cookie(request, name) {
  return new RegExp(`(?:^|; )${name}=([^;]+)`).exec(request.headers.cookie ?? '')?.[1];
}

function file(path, response) {
  if (!path.startsWith(widget) || !existsSync(path)) return response.writeHead(404).end();
  response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' });
  return createReadStream(path).pipe(response);
}

function page({ nonce, generation, client, issuer, kind, flow }) {
  const [style, script] = generation === 'g3' ? ['okta-sign-in.next.css', 'okta-sign-in.next.js'] : ['okta-sign-in.min.css', 'okta-sign-in.min.js'];
  const facts = JSON.stringify({ generation, client, issuer, kind, flow, nonce }).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>An app</title>
<link rel="stylesheet" href="/siw/css/${style}"></head>
<body><main id="widget"></main><pre id="outcome"></pre>
<script nonce="${nonce}" src="/siw/js/${script}"></script>
<script nonce="${nonce}">
(${inPage})(${facts});
</script></body></html>`;
}

/** What the app's page does, in the browser. */
async function inPage({ generation, client, issuer, kind, flow, nonce }) {
  /* global OktaSignIn */
  document.cookie = `generation=${generation}; path=/`;
  document.cookie = `client=${client}; path=/`;
  const search = new URLSearchParams(location.search);
  const config = {
    issuer,
    clientId: client,
    redirectUri: `${location.origin}/callback`,
    scopes: ['openid', 'profile', 'email'],
    authScheme: 'OAUTH2',
    assets: { baseUrl: '/siw' },
    cspNonce: nonce,
    helpLinks: { help: '/help' },
    ...(flow ? { flow } : {}),
  };
  const say = (outcome) => {
    document.getElementById('outcome').textContent = JSON.stringify(outcome);
  };
  const finish = async (authClient, tokens) => {
    // Signature, issuer, audience and times, once more and with auth-js's own verifier.
    await authClient.token.verify(tokens.idToken, { clientId: client, issuer });
    document.getElementById('widget').replaceChildren();
    say({ tokens, verified: true });
  };
  const show = async (more) => {
    const signIn = new OktaSignIn({ ...config, ...more });
    signIn.on('afterRender', (context) => {
      document.body.dataset.view = context.formName ?? context.controller ?? '';
    });
    window.signIn = signIn;
    try {
      const { tokens } = await signIn.showSignIn({ el: '#widget' });
      await finish(signIn.authClient, tokens);
    } catch (error) {
      say({ error: `${error.name}: ${error.message}` });
    }
  };

  if (kind === 'callback') {
    // The widget has cleared this tab's transaction before it followed the redirect; by its state it is found in what tabs share.
    const { authClient } = new OktaSignIn({ ...config, state: search.get('state') });
    try {
      await authClient.idx.handleInteractionCodeRedirect(location.href);
      await finish(authClient, await authClient.tokenManager.getTokens());
    } catch (error) {
      say({ error: `${error.name}: ${error.message}` });
    }
    return;
  }
  if (kind !== 'email') return show();

  const [state, otp] = [search.get('state'), search.get('otp')];
  if (generation === 'g3') {
    // Its generic remediator takes no otp without a step: the page answers, then shows what comes next.
    const { authClient } = new OktaSignIn(config);
    try {
      const { neededToProceed = [] } = await authClient.idx.proceed({ state, exchangeCodeForTokens: false });
      const step = neededToProceed[0].name;
      const { tokens } = await authClient.idx.proceed({ state, step, credentials: { passcode: otp } });
      if (tokens) return finish(authClient, tokens);
    } catch (error) {
      say({ error: `${error.name}: ${error.message}` });
      return;
    }
    return show({ state });
  }
  return show({ state, otp });
}
