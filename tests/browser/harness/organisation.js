// Organisations for the tests: one app per behaviour, each with a profile enrollment policy of its own.

/** Attributes that every form of these tests begins with. */
export const base = [
  { name: 'email', label: 'Email', required: true },
  { name: 'firstName', label: 'First name', required: true },
  { name: 'lastName', label: 'Last name', required: true },
];

const text = { type: 'string', permissions: [{ principal: 'SELF', action: 'READ_WRITE' }] };
const choice = { ...text, enum: ['red', 'blue', 'green'], oneOf: [{ const: 'red', title: 'Red' }, { const: 'blue', title: 'Blue' }, { const: 'green', title: 'Green' }] };
const flag = { ...text, type: 'boolean' };

/** Custom attributes: one per display format, and the types that have none. */
const custom = {
  pseudonym: { ...text, title: 'Pseudonym', maxLength: 20 },
  shoeSize: { ...text, title: 'Shoe size', type: 'integer', minimum: 15, maximum: 60 },
  colour: { ...choice, title: 'Colour' },
  paint: { ...choice, title: 'Paint' },
  home: { ...text, title: 'Country', format: 'country-code' },
  terms: { ...flag, title: 'I accept the terms' },
  news: { ...flag, title: 'Newsletter' },
  pets: { ...flag, title: 'Pets' },
};

const formats = { pseudonym: 'text', shoeSize: 'text', colour: 'select', paint: 'radio', home: 'select', terms: 'checkbox', news: 'radio_yes_no', pets: 'radio_true_false' };

/** The colours that may be chosen, fewer than there are. */
export const colours = (...names) => ({ ...custom.colour, enum: names, oneOf: choice.oneOf.filter((one) => names.includes(one.const)) });

/** Every custom attribute, required, in a fixed order. */
export const everyFormat = Object.keys(formats).map((name) => ({ name, label: custom[name].title, required: true }));

const controls = [...base, ...everyFormat].map(({ name, label }) => ({
  type: 'Control', scope: `#/properties/${name}`, label, ...(formats[name] ? { options: { format: formats[name] } } : {}),
}));

/** An `actions.appSignOn` that asks for these constraints. */
export const assurance = (factorMode, ...constraints) => ({ access: 'ALLOW', verificationMethod: { type: 'ASSURANCE', factorMode, constraints } });

/** The password, and nothing else, is enough. */
export const passwordOnly = assurance('1FA', { knowledge: { types: ['password'] } });

/**
 * An organisation. `apps` maps a client id to `{ attributes, ...fields of actions.profileEnrollment, signOn, app: fields of the app }`.
 * `attributes` are custom ones that are defined otherwise than above. `origin` is where the pages of these apps live.
 */
export function organisation({ origin, apps, settings = {}, primaryFactor = 'PASSWORD_IDP', enroll = {}, complexity = {}, attributes = {} }) {
  const entries = Object.entries(apps);
  return {
    settings: {
      companyName: 'Example Ltd',
      mailFrom: 'no-reply@example.com',
      ...settings,
      // All people of a test run share one source address; what one person may do stays as it is.
      limits: { guessesPerSourcePerHour: 10000, mailsPerSourcePerHour: 10000, unknownNamesPerSource: 10000, ...settings.limits },
    },
    userSchema: { definitions: { base: { properties: {} }, custom: { properties: { ...custom, ...attributes } } } },
    uiSchemas: [{ id: 'uis-form', uiSchema: { type: 'Group', label: 'One thing more', buttonLabel: 'Go on', elements: controls } }],
    authenticators: [{ key: 'okta_email', settings: { tokenLifetimeInMinutes: 5 } }, { key: 'okta_password' }],
    policies: {
      PROFILE_ENROLLMENT: [
        { id: 'rgp-default', name: 'Default Policy', system: true, rules: [{ actions: { profileEnrollment: { unknownUserAction: 'DENY', profileAttributes: base } } }] },
        ...entries.map(([id, { attributes = base, signOn, app, ...rest }]) => ({
          id: `rgp-${id}`,
          name: id,
          rules: [{
            actions: {
              profileEnrollment: {
                access: 'ALLOW',
                unknownUserAction: 'REGISTER',
                activationRequirements: { emailVerification: true },
                profileAttributes: attributes,
                progressiveProfilingAction: 'ENABLED',
                uiSchemaId: 'uis-form',
                ...rest,
              },
            },
          }],
        })),
      ],
      OKTA_SIGN_ON: [{
        id: 'gsp-default', name: 'Default Policy', system: true,
        rules: [{ name: 'Default Rule', system: true, actions: { signon: { access: 'ALLOW', primaryFactor, requireFactor: false } } }],
      }],
      ACCESS_POLICY: [
        { id: 'acc-default', name: 'Default Policy', system: true, rules: [{ name: 'Catch-all Rule', system: true, actions: { appSignOn: passwordOnly } }] },
        ...entries.filter(([, { signOn }]) => signOn).map(([id, { signOn }]) => ({
          id: `acc-${id}`, name: id, rules: [{ name: 'Catch-all Rule', system: true, actions: { appSignOn: signOn } }],
        })),
      ],
      MFA_ENROLL: [{
        id: 'mfa-default', name: 'Default Policy', system: true, rules: [{ name: 'Default Rule' }],
        settings: {
          type: 'AUTHENTICATORS',
          authenticators: Object.entries({ okta_password: 'REQUIRED', okta_email: 'OPTIONAL', ...enroll }).map(([key, self]) => ({ key, enroll: { self } })),
        },
      }],
      PASSWORD: [{ id: 'pwd-default', name: 'Default Policy', system: true, settings: { password: { complexity: { minLength: 8, ...complexity } } } }],
    },
    apps: entries.map(([id, { signOn, app = {} }]) => ({
      id: `app-${id}`,
      label: `The ${id} app`,
      credentials: { oauthClient: { client_id: id, token_endpoint_auth_method: 'none' } },
      settings: { oauthClient: { redirect_uris: [`${origin}/callback`], initiate_login_uri: `${origin}/widget?client=${id}` } },
      groups: ['everyone'],
      profileEnrollment: `rgp-${id}`,
      ...(signOn ? { accessPolicy: `acc-${id}` } : {}),
      allowedOrigins: [origin],
      ...app,
    })),
  };
}
