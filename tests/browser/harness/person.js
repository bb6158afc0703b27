// A person who signs up and in without a browser: the wire by hand, for what a journey needs to have happened before it.
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';

/** A password that every policy of these tests takes. */
export const password = 'correct horse battery 9';

let people = 0;

/** An address that no account has used. */
export function newAddress(name = 'mary') {
  people += 1;
  return `${name}.${people}.${process.pid}@example.com`;
}

/** Signs a person up with a code and a password, to the ID token's claims. */
export async function signUp(server, { client, origin, email, profile = {}, password: chosen = password }) {
  const flow = await begin(server, { client, origin });
  await flow.send('select-enroll-profile');
  await flow.send('enroll-profile', {
    userProfile: { email, firstName: 'Mary', lastName: 'Miller', ...profile },
    ...(flow.has('enroll-profile', 'credentials') ? { credentials: { passcode: chosen } } : {}),
  });
  for (;;) {
    if (flow.done()) return flow.claims();
    const form = flow.first();
    if (form.name === 'select-authenticator-enroll') {
      const option = form.value.find(({ name }) => name === 'authenticator').options[0];
      const id = option.value.form.value.find(({ name }) => name === 'id').value;
      await flow.send(form.name, { authenticator: { id } });
    } else {
      const passcode = flow.authenticator() === 'okta_email' ? (await server.mail(email)).code : chosen;
      await flow.send(form.name, { credentials: { passcode } });
    }
  }
}

/** Begins a transaction: interact and introspect. */
export async function begin(server, { client, origin, scope = 'openid profile email' }) {
  const verifier = randomBytes(32).toString('hex').slice(0, 43);
  const redirectUri = `${origin}/callback`;
  const { interaction_handle: interactionHandle } = await post(`${server.issuer}/v1/interact`, new URLSearchParams({
    client_id: client,
    scope,
    redirect_uri: redirectUri,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    state: randomBytes(16).toString('hex'),
    nonce: randomBytes(16).toString('hex'),
  }));
  let envelope = await post(`${server.url}/idp/idx/introspect`, { interactionHandle });

  const forms = () => envelope.remediation?.value ?? [];
  const form = (name) => {
    const found = forms().find((candidate) => candidate.name === name);
    if (!found) throw new Error(`${name} is not offered: ${JSON.stringify(envelope)}`);
    return found;
  };
  return {
    envelope: () => envelope,
    first: () => forms()[0] ?? form('anything'),
    has: (name, field) => form(name).value.some((candidate) => candidate.name === field),
    authenticator: () => (envelope.currentAuthenticator ?? envelope.currentAuthenticatorEnrollment)?.value.key,
    done: () => Boolean(envelope.successWithInteractionCode),
    async send(name, values = {}) {
      envelope = await post(form(name).href, { ...values, stateHandle: envelope.stateHandle });
      return envelope;
    },
    /** Exchanges the interaction code and verifies the ID token. */
    async claims() {
      const code = envelope.successWithInteractionCode.value.find(({ name }) => name === 'interaction_code').value;
      const tokens = await post(`${server.issuer}/v1/token`, new URLSearchParams({
        client_id: client, redirect_uri: redirectUri, grant_type: 'interaction_code', code_verifier: verifier, interaction_code: code,
      }));
      return verified(server, tokens.id_token);
    },
  };
}

/** The claims of a token whose signature holds. */
export async function verified(server, token) {
  const { jwks_uri: keysUri } = await (await fetch(`${server.issuer}/.well-known/openid-configuration`)).json();
  const { keys } = await (await fetch(keysUri)).json();
  const [head, body, signature] = token.split('.');
  const { kid, alg } = JSON.parse(Buffer.from(head, 'base64url'));
  if (alg !== 'RS256') throw new Error(`signed with ${alg}`);
  const key = createPublicKey({ key: keys.find((candidate) => candidate.kid === kid), format: 'jwk' });
  if (!verify('RSA-SHA256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'))) throw new Error('a false signature');
  return JSON.parse(Buffer.from(body, 'base64url'));
}

async function post(url, body) {
  const form = body instanceof URLSearchParams;
  const answer = await fetch(url, {
    method: 'POST',
    headers: form ? { accept: 'application/json' } : { 'content-type': 'application/json', accept: 'application/ion+json; okta-version=1.0.0' },
    body: form ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${text}`);
  return JSON.parse(text);
}
