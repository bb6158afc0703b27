//! What does happen: the engine on a store in memory, asked over HTTP.

use std::sync::OnceLock;

use engine::configuration;
use engine::ports::{Expect, Item, Mail, MailContent, Write};
use engine::testing::block_on;
use policy::email::identifier_key;
use policy::organisation::{FactorMode, Organisation, ProfileAttribute};
use serde_json::{Value, json};

use super::operation::{ADDRESSES, App, Code, Edit, Operation, PASSWORDS, Step};
use super::reference::{Expected, Request, View};
use super::stage::{Answer, Stage, demo};

/// The engine, and what the people in front of it have at hand.
pub struct System {
    pub stage: Stage,
    pub browsers: [Tab; 2],
    organisation: Organisation,
    /// When which mail was taken by the provider, in seconds.
    pub mails: Vec<(u64, Mail)>,
    pub now: u64,
}

/// One browser: its cookie, its flow, the codes and links that it was sent.
#[derive(Default)]
pub struct Tab {
    cookie: Option<String>,
    handle: String,
    pub codes: Vec<String>,
    pub links: Vec<String>,
    last: Option<(&'static str, Value)>,
    /// Wrong codes that were evaluated, by the number of the code that was out.
    pub wrong: Vec<usize>,
}

fn base() -> &'static Organisation {
    static ORGANISATION: OnceLock<Organisation> = OnceLock::new();
    ORGANISATION.get_or_init(demo)
}

impl System {
    /// With budgets that nobody uses up, or those of the demo.
    pub fn new(generous: bool) -> Self {
        let mut organisation = base().clone();
        if generous {
            let limits = &mut organisation.settings.limits;
            let many = 100_000;
            organisation.policies.password[0].settings.as_mut().unwrap().password.lockout.max_attempts = 0;
            (limits.guesses_per_address_per_hour, limits.guesses_per_source_per_hour, limits.guesses_in_all_per_hour) = (many, many, many);
            (limits.mails_per_address_per_hour, limits.mails_per_address_per_day, limits.mails_per_source_per_hour) = (many, many, many);
            (limits.unknown_names_per_source, limits.mails_in_all_per_day) = (many, many);
        }
        let stage = Stage::with(&organisation);
        Self { stage, browsers: [Tab::default(), Tab::default()], organisation, mails: Vec::new(), now: 0 }
    }

    /// Carries out an operation; the answer, if it was a request. `request`: the words of a step.
    pub fn apply(&mut self, operation: &Operation, request: Option<&Request>) -> Option<Answer> {
        let answer = match operation {
            Operation::Begin(browser, app) => Some(self.begin(*browser, *app)),
            Operation::Step(browser, _) => {
                let (path, body) = self.body(*browser, request.unwrap());
                self.browsers[*browser].last = Some((path, body));
                Some(self.send_last(*browser))
            }
            Operation::Repeat(browser) => Some(self.send_last(*browser)),
            Operation::OpenLink(whose, by) => {
                let link = self.browsers[*whose].links.last().unwrap().clone();
                Some(self.call(*by, "GET", &link, None, b""))
            }
            Operation::ConfirmLink(whose, by) => {
                let link = self.browsers[*whose].links.last().unwrap().clone();
                let (path, token) = link.split_once("?token=").unwrap();
                Some(self.call(*by, "POST", path, Some("application/x-www-form-urlencoded"), format!("token={token}").as_bytes()))
            }
            Operation::Wait(seconds) => {
                self.stage.advance(*seconds);
                self.now += seconds;
                None
            }
            Operation::Edit(edit) => {
                self.edit(*edit);
                None
            }
            Operation::Deactivate(address) => {
                self.deactivate(&identifier_key(ADDRESSES[*address]));
                None
            }
        };
        self.collect_mail(operation);
        answer
    }

    fn begin(&mut self, browser: usize, app: App) -> Answer {
        let client = match app {
            App::Demo => "demo-spa",
            App::Newsletter => "newsletter-spa",
        };
        self.browsers[browser] = Tab { cookie: self.browsers[browser].cookie.take(), ..Tab::default() };
        let challenge = engine::derive::sha256(&"v".repeat(43));
        let body = format!(
            "client_id={client}&scope=openid&redirect_uri=http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback&code_challenge={challenge}&code_challenge_method=S256&state=st"
        );
        let begun = self.call(browser, "POST", "/oauth2/default/v1/interact", Some("application/x-www-form-urlencoded"), body.as_bytes());
        let handle = begun.body["interaction_handle"].clone();
        let answer =
            self.call(browser, "POST", "/idp/idx/introspect", Some("application/json"), json!({"interactionHandle": handle}).to_string().as_bytes());
        self.browsers[browser].handle = answer.body["stateHandle"].as_str().unwrap_or_default().into();
        answer
    }

    fn body(&self, browser: usize, request: &Request) -> (&'static str, Value) {
        let tab = &self.browsers[browser];
        let passcode = |text: &str| json!({"credentials": {"passcode": text}});
        let (path, mut body) = match &request.step {
            Step::Introspect => ("/idp/idx/introspect", json!({})),
            Step::SelectEnrollProfile => ("/idp/idx/enroll", json!({})),
            Step::SelectIdentify => ("/idp/idx/identify/select", json!({})),
            Step::SignUp(address, password) => {
                let mut profile = json!({"email": ADDRESSES[*address], "firstName": "Given", "lastName": "Family"});
                if request.shoe {
                    profile["shoeSize"] = json!("42");
                }
                ("/idp/idx/enroll/new", json!({"userProfile": profile, "credentials": {"passcode": PASSWORDS[*password]}}))
            }
            Step::Identify(address, password) => {
                ("/idp/idx/identify", json!({"identifier": ADDRESSES[*address], "credentials": {"passcode": PASSWORDS[*password]}}))
            }
            Step::Password(password) => ("/idp/idx/challenge/answer", passcode(PASSWORDS[*password])),
            Step::SelectEmail => ("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email", "methodType": "email"}})),
            Step::Code(Code::Malformed) => ("/idp/idx/email/answer", passcode("12345")),
            Step::Code(_) => {
                let newest = tab.codes.last().map_or(0, |code| code.parse::<u32>().unwrap());
                let wrong = format!("{:06}", (newest + 1) % 1_000_000);
                let code = request.code.and_then(|number| tab.codes.get(number as usize - 1)).unwrap_or(&wrong);
                ("/idp/idx/email/answer", passcode(code))
            }
            Step::Resend => ("/idp/idx/email/resend", json!({})),
            Step::Poll => ("/idp/idx/email/poll", json!({})),
            Step::UpdateProfile => ("/idp/idx/enroll/update", json!({"userProfile": {"shoeSize": "43"}})),
            Step::Cancel => ("/idp/idx/cancel", json!({})),
        };
        body["stateHandle"] = json!(tab.handle);
        (path, body)
    }

    fn send_last(&mut self, browser: usize) -> Answer {
        let (path, body) = self.browsers[browser].last.clone().unwrap();
        let answer = self.call(browser, "POST", path, Some("application/json"), body.to_string().as_bytes());
        if path == "/idp/idx/email/answer" && answer.status == 401 && answer.messages().iter().any(|key| key.contains("passcode.invalid")) {
            let tab = &mut self.browsers[browser];
            tab.wrong.push(tab.codes.len());
        }
        answer
    }

    fn call(&mut self, browser: usize, method: &str, path: &str, kind: Option<&str>, body: &[u8]) -> Answer {
        let cookie = self.browsers[browser].cookie.clone();
        let headers: Vec<(&str, &str)> =
            kind.map(|kind| ("content-type", kind)).into_iter().chain(cookie.as_deref().map(|cookie| ("cookie", cookie))).collect();
        let answer = self.stage.request(method, path, &headers, body);
        if let Some(set) = answer.header("set-cookie") {
            self.browsers[browser].cookie = Some(set.split(';').next().unwrap().into());
        }
        answer
    }

    fn edit(&mut self, edit: Edit) {
        match edit {
            Edit::ShoeSize => {
                for policy in &mut self.organisation.policies.profile_enrollment {
                    if !["demo-enrollment", "newsletter-enrollment"].contains(&policy.id.as_str()) {
                        continue;
                    }
                    let attributes = &mut policy.rules[0].actions.profile_enrollment.profile_attributes;
                    let before = attributes.len();
                    attributes.retain(|attribute| attribute.name != "shoeSize");
                    if attributes.len() == before {
                        attributes.push(ProfileAttribute { name: "shoeSize".into(), label: "Shoe size".into(), required: true });
                    }
                }
            }
            Edit::TwoFactors => {
                let policy = self.organisation.policies.access.iter_mut().find(|policy| policy.id == "one-factor").unwrap();
                let mode = &mut policy.rules[0].actions.app_sign_on.verification_method.factor_mode;
                *mode = if *mode == FactorMode::OneFactor { FactorMode::TwoFactors } else { FactorMode::OneFactor };
            }
        }
        let now = engine::ports::Clock::now(self.stage.clock.as_ref());
        block_on(configuration::apply(self.stage.store.as_ref(), &self.organisation, now)).unwrap();
    }

    /// As an administrator does, beside the engine.
    fn deactivate(&self, key: &str) {
        let users = self.stage.items("USER");
        let Some(item) = users.into_iter().find(|item| item.body["profile"]["login"].as_str().map(identifier_key).as_deref() == Some(key)) else {
            return;
        };
        let version = item.version;
        let mut body = item.body.clone();
        body["status"] = json!("DEPROVISIONED");
        let write = Write::Put { item: Item { version: version + 1, body, ..item }, expect: Expect::Version(version) };
        block_on(engine::ports::Store::write(self.stage.store.as_ref(), &[write])).unwrap();
    }

    /// Whoever caused a mail with a code reads it.
    fn collect_mail(&mut self, operation: &Operation) {
        let browser = match operation {
            Operation::Step(browser, _) | Operation::Repeat(browser) | Operation::ConfirmLink(browser, _) => *browser,
            _ => return,
        };
        for mail in self.stage.mails().into_iter().skip(self.mails.len()) {
            if let MailContent::RegistrationActivation { passcode, link, .. } | MailContent::EmailChallenge { passcode, link, .. } = &mail.content {
                let tab = &mut self.browsers[browser];
                tab.codes.push(passcode.expose().into());
                tab.links.push(link.expose().strip_prefix(super::stage::BASE).unwrap().into());
            }
            self.mails.push((self.now, mail));
        }
    }
}

/// What an answer shows.
pub fn shown(answer: &Answer) -> Expected {
    let view = match answer.forms().first().map(String::as_str) {
        None if answer.interaction_code().is_some() || answer.body.get("success").is_some() => View::Code,
        None => View::Over,
        Some("identify") => View::FirstPage,
        Some("enroll-authenticator") => View::EnrollEmail,
        Some("select-authenticator-authenticate") => View::ChooseEmail,
        Some("challenge-authenticator") if answer.body["currentAuthenticatorEnrollment"]["value"]["key"] == "okta_email" => View::Email,
        Some("challenge-authenticator") => View::Password,
        Some("enroll-profile") if answer.forms().contains(&"select-identify".into()) => View::SignUpForm,
        Some("enroll-profile") => View::Profile,
        Some(other) => panic!("{other} is not expected anywhere"),
    };
    Expected { status: answer.status, view }
}
