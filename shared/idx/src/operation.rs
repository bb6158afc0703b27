//! The one table of endpoints: operation, method, path, and the function that serves it.
//!
//! `template.yaml`, the cargo-lambda routes in the root `Cargo.toml` and the local gateway are made
//! of this table or tested against it.

use schemars::JsonSchema;

/// What a request asks for. The published description of the API ([`crate::openapi`]) says of each
/// what is said here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
pub enum Operation {
    /// Show the current step.
    Introspect,
    /// Say who you are, perhaps with a password.
    Identify,
    /// From the sign-up form back to the first page.
    SelectIdentify,
    /// Answer a password challenge.
    AnswerPassword,
    /// Give up.
    Cancel,
    /// Follow the link "Sign up".
    SelectEnrollProfile,
    /// Send the sign-up form.
    EnrollProfile,
    /// Choose an authenticator to enrol.
    SelectAuthenticatorEnroll,
    /// Set a password.
    EnrollPassword,
    /// Go on without the optional authenticators.
    Skip,
    /// Choose an authenticator to verify with.
    SelectAuthenticator,
    /// Answer an email challenge with the code.
    AnswerEmail,
    /// Ask for a new code.
    Resend,
    /// Ask whether the link was followed.
    Poll,
    /// Open the link of a mail: changes nothing.
    OpenLink,
    /// Press the button on the page behind the link.
    ConfirmLink,
    /// Send the progressive form.
    UpdateProfile,
    /// OpenID Connect discovery.
    Discovery,
    /// The public keys.
    Keys,
    /// Begin a transaction.
    Interact,
    /// Interaction code to tokens.
    Token,
    /// Claims for an access token.
    Userinfo,
    /// Claims for an access token that is sent by POST, in the header or in a form.
    UserinfoByPost,
    /// This description.
    OpenApi,
    /// The icon that browsers ask for by themselves: there is none.
    Favicon,
}

/// In which language an operation is asked and answered, failures among the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// JSON in, an IDX envelope out.
    Idx,
    /// OAuth and what describes it: a form or nothing in, JSON out.
    OAuth,
    /// A page for people.
    Page,
}

/// The Lambda function that serves an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// `functions/identify`.
    Identify,
    /// `functions/register`.
    Register,
    /// `functions/verify-email`.
    VerifyEmail,
    /// `functions/progressive-enrollment`.
    ProgressiveEnrollment,
    /// `functions/oidc`.
    Oidc,
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The operation.
    pub operation: Operation,
    /// `GET` or `POST`. Where there is `GET`, there is `HEAD` (RFC 9110 §9.1).
    pub method: &'static str,
    /// Path below the base URL; `{id}` stands for one segment.
    pub path: &'static str,
    /// The function that serves it.
    pub function: Function,
}

/// Path of the issuer below the base URL.
pub const ISSUER_PATH: &str = "/oauth2/default";

/// The function that answers where no route leads: it says so in the form of the path.
pub const NOWHERE: Function = Function::Oidc;

/// `Cache-Control` of what [is public](Operation::is_public): shorter than a key is published
/// before it signs, so that no verifier lacks it.
pub const PUBLIC_CACHE: &str = "public, max-age=300";

/// The table.
pub const ROUTES: &[Route] = &[
    post(Operation::Introspect, "/idp/idx/introspect", Function::Identify),
    post(Operation::Identify, "/idp/idx/identify", Function::Identify),
    post(Operation::SelectIdentify, "/idp/idx/identify/select", Function::Identify),
    post(Operation::AnswerPassword, "/idp/idx/challenge/answer", Function::Identify),
    post(Operation::Cancel, "/idp/idx/cancel", Function::Identify),
    post(Operation::SelectEnrollProfile, "/idp/idx/enroll", Function::Register),
    post(Operation::EnrollProfile, "/idp/idx/enroll/new", Function::Register),
    post(Operation::SelectAuthenticatorEnroll, "/idp/idx/credential/enroll", Function::Register),
    post(Operation::EnrollPassword, "/idp/idx/credential/answer", Function::Register),
    post(Operation::Skip, "/idp/idx/skip", Function::Register),
    post(Operation::SelectAuthenticator, "/idp/idx/challenge", Function::VerifyEmail),
    post(Operation::AnswerEmail, "/idp/idx/email/answer", Function::VerifyEmail),
    post(Operation::Resend, "/idp/idx/email/resend", Function::VerifyEmail),
    post(Operation::Poll, "/idp/idx/email/poll", Function::VerifyEmail),
    get(Operation::OpenLink, "/email/verify/{id}", Function::VerifyEmail),
    post(Operation::ConfirmLink, "/email/verify/{id}", Function::VerifyEmail),
    // The suffix is magic: the sign-in widget takes an `enroll-profile` form for the progressive
    // one by it.
    post(Operation::UpdateProfile, "/idp/idx/enroll/update", Function::ProgressiveEnrollment),
    get(Operation::Discovery, "/oauth2/default/.well-known/openid-configuration", Function::Oidc),
    get(Operation::Keys, "/oauth2/default/v1/keys", Function::Oidc),
    post(Operation::Interact, "/oauth2/default/v1/interact", Function::Oidc),
    post(Operation::Token, "/oauth2/default/v1/token", Function::Oidc),
    get(Operation::Userinfo, "/oauth2/default/v1/userinfo", Function::Oidc),
    post(Operation::UserinfoByPost, "/oauth2/default/v1/userinfo", Function::Oidc),
    get(Operation::OpenApi, "/openapi.json", Function::Oidc),
    get(Operation::Favicon, "/favicon.ico", Function::Oidc),
];

const fn get(operation: Operation, path: &'static str, function: Function) -> Route {
    Route { operation, method: "GET", path, function }
}

const fn post(operation: Operation, path: &'static str, function: Function) -> Route {
    Route { operation, method: "POST", path, function }
}

impl Operation {
    /// In which language it is spoken.
    pub fn protocol(self) -> Protocol {
        match self {
            Self::Introspect
            | Self::Identify
            | Self::SelectIdentify
            | Self::AnswerPassword
            | Self::Cancel
            | Self::SelectEnrollProfile
            | Self::EnrollProfile
            | Self::SelectAuthenticatorEnroll
            | Self::EnrollPassword
            | Self::Skip
            | Self::SelectAuthenticator
            | Self::AnswerEmail
            | Self::Resend
            | Self::Poll
            | Self::UpdateProfile => Protocol::Idx,
            Self::OpenLink | Self::ConfirmLink | Self::Favicon => Protocol::Page,
            Self::Discovery
            | Self::Keys
            | Self::Interact
            | Self::Token
            | Self::Userinfo
            | Self::UserinfoByPost
            | Self::OpenApi => Protocol::OAuth,
        }
    }

    /// True if the answer is the same for all: any page may read it, and caches may keep it.
    pub fn is_public(self) -> bool {
        matches!(self, Self::Discovery | Self::Keys | Self::OpenApi | Self::Favicon)
    }
}

impl Protocol {
    /// The language of a path at which there is no operation. `None`: it has none of its own.
    pub fn of_path(path: &str) -> Option<Self> {
        let begins = |with: &str| path.starts_with(with);
        if begins("/idp/") {
            return Some(Self::Idx);
        }
        if begins("/oauth2/") || begins("/.well-known/") {
            return Some(Self::OAuth);
        }
        ROUTES
            .iter()
            .find(|route| route.matches(path).is_some())
            .map(|route| route.operation.protocol())
    }
}

impl Function {
    /// Every function.
    pub const ALL: [Self; 5] = [
        Self::Identify,
        Self::Register,
        Self::VerifyEmail,
        Self::ProgressiveEnrollment,
        Self::Oidc,
    ];

    /// Name of its folder, package and binary.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identify => "identify",
            Self::Register => "register",
            Self::VerifyEmail => "verify-email",
            Self::ProgressiveEnrollment => "progressive-enrollment",
            Self::Oidc => "oidc",
        }
    }
}

impl Route {
    /// True if it takes this method.
    pub fn takes(&self, method: &str) -> bool {
        self.method == method || (self.method == "GET" && method == "HEAD")
    }

    /// The methods that a path takes, as headers list them.
    pub fn methods_of(path: &str) -> String {
        let of_path = ROUTES.iter().filter(|route| route.matches(path).is_some());
        let methods: Vec<_> = of_path
            .flat_map(|route| {
                ["GET", "HEAD", "POST"].into_iter().filter(|method| route.takes(method))
            })
            .collect();
        methods.join(", ")
    }

    /// True if `path` is this route's path; the value of `{id}` if it has one.
    pub fn matches<'p>(&self, path: &'p str) -> Option<Option<&'p str>> {
        let mut id = None;
        let (mut pattern, mut actual) = (self.path.split('/'), path.split('/'));
        loop {
            match (pattern.next(), actual.next()) {
                (None, None) => return Some(id),
                (Some("{id}"), Some(value)) if !value.is_empty() => id = Some(value),
                (Some(expected), Some(value)) if expected == value => {}
                _ => return None,
            }
        }
    }
}
