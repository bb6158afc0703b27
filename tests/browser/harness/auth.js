// auth-js in Node: each client with a storage of its own (by default all clients of a process share one).
import { OktaAuth as OktaAuth7 } from 'okta-auth-js-7';
import { OktaAuth as OktaAuth8 } from '@okta/okta-auth-js';

function storage() {
  let stored = {};
  return { getStorage: () => stored, setStorage: (value) => { stored = value; }, setItem: (key, value) => { stored[key] = value; }, getItem: (key) => stored[key], removeItem: (key) => { delete stored[key]; } };
}

/** The ways in which the two versions are used: 7, 8 as it is, 8 with the interface of 7. */
export const versions = {
  'auth-js 7': { OktaAuth: OktaAuth7 },
  'auth-js 8, legacy mode': { OktaAuth: OktaAuth8, idx: { enableLegacyMode: true } },
};

/** A client. `version` is one of `versions`, or auth-js 8 as it is. */
export function client({ OktaAuth = OktaAuth8, idx = {} }, { issuer, origin, clientId }) {
  const kinds = ['token', 'cache', 'transaction', 'shared-transaction', 'original-uri', 'idx-response'];
  return new OktaAuth({
    issuer,
    clientId,
    redirectUri: `${origin}/callback`,
    scopes: ['openid', 'profile', 'email'],
    idx,
    storageManager: Object.fromEntries(kinds.map((kind) => [kind, { storageProvider: storage() }])),
  });
}
