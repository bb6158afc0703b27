// `@okta/okta-auth-js` in Node, 7 and 8: the same journeys without a widget.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { client, versions } from '../harness/auth.js';
import { assurance, base, everyFormat, organisation } from '../harness/organisation.js';
import { signUp } from '../harness/person.js';
import { startServer } from '../harness/server.js';
import { password, newAddress } from '../harness/stage.js';

// Never called: auth-js needs a redirect URI, and the organisation wants to know it.
const origin = 'http://localhost:3000';
const apps = {
  plain: {},
  'password-first': { enrollAuthenticatorTypes: ['password'] },
  closed: { unknownUserAction: 'DENY' },
  more: { attributes: [...base, ...everyFormat.filter(({ name }) => name === 'shoeSize')] },
  callback: { enrollAuthenticatorTypes: ['password'], app: { emailVerifyCallbackUri: `${origin}/email` } },
  optional: { signOn: assurance('1FA') },
};

let server;
let mary;
before(async () => {
  server = await startServer(organisation({ origin, apps }));
  mary = newAddress();
  await signUp(server, { client: 'plain', origin, email: mary });
});
after(() => server?.stop());

const open = (version, clientId) => client(version, { issuer: server.issuer, origin, clientId });

/** Signature and claims, by auth-js's own verifier. */
const claims = async (auth, { tokens }) => {
  await auth.token.verify(tokens.idToken, { issuer: server.issuer, clientId: auth.options.clientId });
  return tokens.idToken.claims;
};

const texts = (transaction) => (transaction.messages ?? []).map(({ message }) => message);

for (const [name, version] of Object.entries(versions)) {
  describe(name, () => {
    test('register: a code, then a password, to tokens', async () => {
      const auth = open(version, 'plain');
      const email = newAddress();
      let transaction = await auth.idx.register({ firstName: 'Mary', lastName: 'Miller', email });
      assert.equal(transaction.status, 'PENDING', texts(transaction).join());
      assert.equal(transaction.nextStep.name, 'enroll-authenticator');
      transaction = await auth.idx.proceed({ verificationCode: (await server.mail(email)).code });
      if (transaction.nextStep?.name === 'select-authenticator-enroll') transaction = await auth.idx.proceed({ authenticator: 'okta_password' });
      transaction = await auth.idx.proceed({ password });
      assert.equal(transaction.status, 'SUCCESS', JSON.stringify(transaction.messages));
      assert.equal((await claims(auth, transaction)).email, email);
    });

    test('register: the password with the form', async () => {
      const auth = open(version, 'password-first');
      const email = newAddress();
      await auth.idx.register({ firstName: 'Mary', lastName: 'Miller', email, password });
      const transaction = await auth.idx.proceed({ verificationCode: (await server.mail(email)).code });
      assert.equal(transaction.status, 'SUCCESS', JSON.stringify(transaction.messages));
      assert.equal((await claims(auth, transaction)).email_verified, true);
    });

    test('register: where it is switched off', async () => {
      const auth = open(version, 'closed');
      await assert.rejects(async () => {
        const transaction = await auth.idx.register({ firstName: 'Mary', lastName: 'Miller', email: newAddress() });
        throw transaction.error ?? new Error(texts(transaction).join());
      }, /Registration is not supported/);
    });

    test('register: an address that is none', async () => {
      const auth = open(version, 'plain');
      const transaction = await auth.idx.register({ firstName: 'Mary', lastName: 'Miller', email: 'mary@nowhere' });
      assert.equal(transaction.status, 'PENDING');
      assert.equal(transaction.requestDidSucceed, false);
      const keys = JSON.stringify(transaction.nextStep);
      assert.match(keys + JSON.stringify(transaction.messages), /invalidLoginEmail|form of an email/);
    });

    test('a wrong code, one sent again, the right one', async () => {
      const auth = open(version, 'plain');
      const email = newAddress();
      await auth.idx.register({ firstName: 'Mary', lastName: 'Miller', email });
      const { code } = await server.mail(email);
      let transaction = await auth.idx.proceed({ verificationCode: code === '000000' ? '000001' : '000000' });
      assert.equal(transaction.status, 'PENDING');
      assert.equal(transaction.requestDidSucceed, false);
      await server.clock(31);
      transaction = await auth.idx.proceed({ resend: true });
      assert.equal(transaction.status, 'PENDING');
      const again = await server.mail(email, 2);
      transaction = await auth.idx.proceed({ verificationCode: again.code });
      assert.notEqual(transaction.nextStep.name, 'enroll-authenticator-email');
      assert.notEqual(transaction.requestDidSucceed, false);
    });

    test('authenticate', async () => {
      const auth = open(version, 'plain');
      const transaction = await auth.idx.authenticate({ username: mary, password });
      assert.equal(transaction.status, 'SUCCESS', JSON.stringify(transaction.messages));
      assert.equal((await claims(auth, transaction)).email, mary);
    });

    test('authenticate: a wrong password', async () => {
      const transaction = await open(version, 'plain').idx.authenticate({ username: mary, password: 'not the password' });
      assert.equal(transaction.requestDidSucceed, false);
      assert.ok(transaction.messages.some(({ i18n }) => i18n.key === 'errors.E0000004'), JSON.stringify(transaction.messages));
    });

    test('authenticate: an unknown person', async () => {
      const stranger = newAddress('stranger');
      const transaction = await open(version, 'plain').idx.authenticate({ username: stranger, password });
      assert.equal(transaction.status, 'PENDING');
      assert.deepEqual(texts(transaction), [`There is no account with the Email ${stranger}.`]);
    });

    test('progressive enrollment: the default flow asks, a wrong value is refused, the right one gives tokens', async () => {
      const auth = open(version, 'more');
      const email = newAddress();
      await signUp(server, { client: 'plain', origin, email });
      await auth.idx.start();
      let transaction = await auth.idx.proceed({ username: email, password });
      assert.equal(transaction.neededToProceed[0].name, 'enroll-profile');
      transaction = await auth.idx.proceed({ step: 'enroll-profile', userProfile: { shoeSize: 'many' } });
      assert.equal(transaction.requestDidSucceed, false);
      transaction = await auth.idx.proceed({ step: 'enroll-profile', userProfile: { shoeSize: '42' } });
      assert.equal(transaction.status, 'SUCCESS', JSON.stringify(transaction.messages));
    });

    test('cancel, and the transaction is dead', async () => {
      const auth = open(version, 'plain');
      await auth.idx.start();
      const { interactionHandle } = await auth.idx.getSavedTransactionMeta();
      await auth.idx.cancel();
      const answer = await introspect(interactionHandle);
      assert.equal(answer.status, 401);
      assert.match(answer.type, /^application\/json/);
      assert.equal(answer.body.messages.value[0].i18n.key, 'idx.session.expired');
    });

    test('a transaction that has expired ends', async () => {
      // On a server of its own: a clock that is ahead makes tokens of the future for all other tests.
      const late = await startServer(organisation({ origin, apps }));
      try {
        const auth = client(version, { issuer: late.issuer, origin, clientId: 'plain' });
        await auth.idx.start();
        await late.clock(3601);
        const transaction = await auth.idx.proceed({ username: newAddress(), password });
        assert.equal(transaction.status, 'TERMINAL');
        assert.equal(transaction.messages[0].i18n.key, 'idx.session.expired');
      } finally {
        await late.stop();
      }
    });
  });
}

describe('the email callback', () => {
  test('auth-js 7: handleEmailVerifyCallback finishes', async () => {
    const auth = open(versions['auth-js 7'], 'callback');
    const { link, email } = await mailed(auth);
    const transaction = await auth.idx.handleEmailVerifyCallback(await followed(auth, link));
    assert.equal(transaction.status, 'SUCCESS', JSON.stringify(transaction.messages));
    assert.equal((await claims(auth, transaction)).email, email);
  });

  test('auth-js 7: another browser is told the code', async () => {
    const auth = open(versions['auth-js 7'], 'callback');
    const { code } = await mailed(auth);
    const { state } = auth.transactionManager.load();
    const stranger = open(versions['auth-js 7'], 'callback');
    await assert.rejects(stranger.idx.handleEmailVerifyCallback(`?state=${state}&otp=${code}`), (error) => {
      assert.equal(error.name, 'EmailVerifyCallbackError');
      assert.equal(error.otp, code);
      return true;
    });
  });

  /** Signs up as far as the mail. */
  async function mailed(auth) {
    const email = newAddress();
    await auth.idx.register({ firstName: 'Mary', lastName: 'Miller', email, password });
    return { email, ...(await server.mail(email)) };
  }

  /** Where the link leads in the browser that asked for it: the query of the app's callback. */
  async function followed(auth, link) {
    const { code } = await server.mails(auth.email ?? '').then((mails) => mails.at(-1) ?? {});
    const answer = await fetch(link, { redirect: 'manual' });
    const location = answer.headers.get('location');
    if (location) return new URL(location).search;
    const { state } = auth.transactionManager.load();
    return `?state=${state}&otp=${code ?? /\b(\d{6})\b/.exec(await answer.text())?.[1]}`;
  }
});

describe('auth-js 8, step by step', () => {
  test('sign up', async () => {
    const auth = open({}, 'plain');
    const email = newAddress();
    await auth.idx.start();
    await auth.idx.proceed({ step: 'select-enroll-profile' });
    let transaction = await auth.idx.proceed({ step: 'enroll-profile', userProfile: { firstName: 'Mary', lastName: 'Miller', email } });
    const { code } = await server.mail(email);
    transaction = await auth.idx.proceed({ step: 'enroll-authenticator', credentials: { passcode: code } });
    if (transaction.neededToProceed[0].name === 'select-authenticator-enroll') {
      transaction = await auth.idx.proceed({ step: 'select-authenticator-enroll', authenticator: 'okta_password' });
    }
    transaction = await auth.idx.proceed({ step: 'enroll-authenticator', credentials: { passcode: password } });
    assert.equal(transaction.status, 'SUCCESS', JSON.stringify(transaction.messages));
    assert.equal((await claims(auth, transaction)).email, email);
  });

  test('sign in, with progressive enrollment', async () => {
    const auth = open({}, 'more');
    const email = newAddress();
    await signUp(server, { client: 'plain', origin, email });
    await auth.idx.start();
    let transaction = await auth.idx.proceed({ step: 'identify', username: email, password });
    assert.equal(transaction.neededToProceed[0].name, 'enroll-profile', JSON.stringify(transaction.messages));
    transaction = await auth.idx.proceed({ step: 'enroll-profile', userProfile: { shoeSize: '42' } });
    assert.equal(transaction.status, 'SUCCESS', JSON.stringify(transaction.messages));
  });

  test('a mistyped address is corrected on the code page', async () => {
    const auth = open({}, 'plain');
    const [mistyped, email] = [newAddress(), newAddress()];
    await auth.idx.start();
    await auth.idx.proceed({ step: 'select-enroll-profile' });
    await auth.idx.proceed({ step: 'enroll-profile', userProfile: { firstName: 'Mary', lastName: 'Miller', email: mistyped } });
    const { code: worthless } = await server.mail(mistyped);
    let transaction = await auth.idx.proceed({ actions: ['edit-enroll-profile'] });
    assert.equal(transaction.neededToProceed[0].name, 'enroll-profile', JSON.stringify(transaction.messages));
    const typed = transaction.neededToProceed[0].value.find(({ name }) => name === 'userProfile').form.value;
    assert.deepEqual(typed.map(({ name, value }) => [name, value]).sort(), [['email', mistyped], ['firstName', 'Mary'], ['lastName', 'Miller']]);
    await auth.idx.proceed({ step: 'enroll-profile', userProfile: { firstName: 'Mary', lastName: 'Miller', email } });
    const { code } = await server.mail(email);
    assert.notEqual(code, worthless);
    transaction = await auth.idx.proceed({ step: 'enroll-authenticator', credentials: { passcode: code } });
    assert.equal(transaction.neededToProceed.some(({ name }) => name === 'edit-enroll-profile'), false);
    if (transaction.neededToProceed[0].name === 'select-authenticator-enroll') {
      transaction = await auth.idx.proceed({ step: 'select-authenticator-enroll', authenticator: 'okta_password' });
    }
    transaction = await auth.idx.proceed({ step: 'enroll-authenticator', credentials: { passcode: password } });
    assert.equal(transaction.status, 'SUCCESS', JSON.stringify(transaction.messages));
    assert.equal((await claims(auth, transaction)).email, email);
  });

  test('a code sent again', async () => {
    const auth = open({}, 'plain');
    const email = newAddress();
    await auth.idx.start();
    await auth.idx.proceed({ step: 'select-enroll-profile' });
    await auth.idx.proceed({ step: 'enroll-profile', userProfile: { firstName: 'Mary', lastName: 'Miller', email } });
    await server.mail(email);
    await server.clock(31);
    await auth.idx.proceed({ actions: ['currentAuthenticator-resend'] });
    await server.mail(email, 2);
  });
});

async function introspect(interactionHandle) {
  const answer = await fetch(`${server.url}/idp/idx/introspect`, {
    method: 'POST',
    headers: { 'content-type': 'application/ion+json; okta-version=1.0.0', accept: 'application/ion+json; okta-version=1.0.0' },
    body: JSON.stringify({ interactionHandle }),
  });
  return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.json() };
}
