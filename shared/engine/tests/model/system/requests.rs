//! Requests, and what their answers must not hold whatever else they say.

use engine::testing::Verb;
use policy::email::throttle_key_of;
use serde_json::{Value, json};

use super::super::operation::{ADDRESSES, App, Browser, Code, NAMES, PASSWORDS, Redemption, Step};
use super::super::reference::{Request, Sent};
use super::super::secrecy::Place;
use super::super::stage::Answer;
use super::{Flow, System, Token};

const FORM: &str = "application/x-www-form-urlencoded";

/// One network address for each browser.
const SOURCES: [&str; 3] = ["192.0.2.1", "192.0.2.2", "198.51.100.7"];

/// Calls of the store and the mail provider for one request (I14): when decided twice, each time
/// reading, counting, reading and committing, and then marking a mail as sent; a code's second try
/// asks a second budget.
const MOST_CALLS: usize = 14;

impl System {
    pub fn begin(&mut self, browser: Browser, app: App) -> Answer {
        let client = match app {
            App::Demo => "demo-spa",
            App::Newsletter => "newsletter-spa",
        };
        let place = self.flows.len();
        self.tabs[browser] = Some(place);
        let challenge = engine::derive::sha256(&verifier());
        let body = format!(
            "client_id={client}&scope=openid%20email&redirect_uri=http%3A%2F%2Flocalhost%3A8787%2Fdemo%2Fcallback&code_challenge={challenge}&code_challenge_method=S256&state=st"
        );
        let begun = self.call(
            browser,
            "POST",
            "/oauth2/default/v1/interact",
            &[("content-type", FORM)],
            body.as_bytes(),
            |_| false,
        );
        let interaction_handle = begun.body["interaction_handle"].as_str().unwrap().to_string();
        let body = json!({"interactionHandle": interaction_handle}).to_string();
        let answer = self.call(
            browser,
            "POST",
            "/idp/idx/introspect",
            &[("content-type", "application/json")],
            body.as_bytes(),
            |_| false,
        );
        let handle = answer.body["stateHandle"].as_str().unwrap().to_string();
        for (place, handle) in
            [(Place::InteractionHandle, &interaction_handle), (Place::StateHandle(place), &handle)]
        {
            // What is before the dot is the flow's id, and may be seen.
            self.secrets.add(place, handle.split_once('.').unwrap().1);
        }
        let (codes, proven, wrong) = (Vec::new(), Vec::new(), Vec::new());
        self.flows.push(Flow {
            browser,
            client,
            interaction_handle,
            handle,
            codes,
            address: None,
            proven,
            interaction_code: None,
            wrong,
        });
        answer
    }

    /// Sends a new step, and notes it so that it can be sent again.
    pub fn send(&mut self, sent: &Sent) -> Answer {
        let (path, body) = self.body(sent.flow, &sent.request);
        self.log.push((sent.by, sent.flow, path, body));
        self.send_again(self.log.len() - 1)
    }

    pub fn send_again(&mut self, place: usize) -> Answer {
        let (by, place, path, body) = self.log[place].clone();
        let may_show = |secret: &Place| {
            *secret == Place::StateHandle(place) || *secret == Place::InteractionCode(place)
        };
        let newest = self.flows[place].codes.last().cloned();
        let answer = self.call(
            by,
            "POST",
            path,
            &[("content-type", "application/json")],
            body.to_string().as_bytes(),
            may_show,
        );
        self.collect_mail(place);
        self.note_guess(place, path, &body, &answer, newest);
        if let Some(code) = answer.interaction_code().or_else(|| redirected(&answer)) {
            let flow = &mut self.flows[place];
            assert_eq!(
                *flow.interaction_code.get_or_insert_with(|| code.clone()),
                code,
                "I6: one flow, two interaction codes"
            );
            if !self.codes.contains(&place) {
                self.codes.push(place);
                self.secrets.add(Place::InteractionCode(place), &code);
            }
        }
        answer
    }

    pub fn open_link(&mut self, link: usize, by: Browser) -> Answer {
        let (flow, path, token) =
            (self.links[link].flow, self.links[link].path.clone(), self.links[link].token.clone());
        let at_home = self.flows[flow].browser == by;
        // At home there is a button, elsewhere the code to type.
        let may_show = |secret: &Place| {
            if at_home { *secret == Place::Link(link) } else { *secret == Place::Passcode(flow) }
        };
        self.call(by, "GET", &format!("{path}?token={token}"), &[], b"", may_show)
    }

    pub fn confirm_link(&mut self, link: usize, by: Browser) -> Answer {
        let (flow, path, token) =
            (self.links[link].flow, self.links[link].path.clone(), self.links[link].token.clone());
        let answer = self.call(
            by,
            "POST",
            &path,
            &[("content-type", FORM)],
            format!("token={token}").as_bytes(),
            |_| false,
        );
        if answer.status == 200 {
            assert_eq!(self.flows[flow].browser, by, "I2: a link was good in another browser");
            let to = self.links[link].to.clone();
            self.flows[flow].proven.push(to);
        }
        self.collect_mail(flow);
        answer
    }

    pub fn redeem(&mut self, flow: usize, how: Redemption) -> Answer {
        let Flow { browser, client, interaction_code, .. } = &self.flows[flow];
        let (browser, code) = (*browser, interaction_code.clone().unwrap());
        let other = if *client == "demo-spa" { "newsletter-spa" } else { "demo-spa" };
        let client = if how == Redemption::OtherClient { other } else { client };
        let verifier = if how == Redemption::WrongVerifier { "w".repeat(43) } else { verifier() };
        let body = format!(
            "grant_type=interaction_code&client_id={client}&interaction_code={code}&code_verifier={verifier}"
        );
        let answer = self.call(
            browser,
            "POST",
            "/oauth2/default/v1/token",
            &[("content-type", FORM)],
            body.as_bytes(),
            |_| false,
        );
        if let Some(access) = answer.body["access_token"].as_str() {
            let claims: Value = serde_json::from_str(access).unwrap();
            let user = claims["claims"]["sub"].as_str().unwrap().to_string();
            let generation = self.generation(&user).unwrap();
            self.secrets.add(Place::AccessToken, access);
            self.tokens.push(Token { access: access.into(), user, generation });
        }
        answer
    }

    pub fn userinfo(&mut self, token: usize) -> Answer {
        let authorization = format!("Bearer {}", self.tokens[token].access);
        self.call(
            0,
            "GET",
            "/oauth2/default/v1/userinfo",
            &[("authorization", &authorization)],
            b"",
            |_| false,
        )
    }

    fn body(&self, place: usize, request: &Request) -> (&'static str, Value) {
        let flow = &self.flows[place];
        let passcode = |text: &str| json!({"credentials": {"passcode": text}});
        let email = json!({"authenticator": {"id": "aut-email", "methodType": "email"}});
        let (path, mut body) = match &request.step {
            Step::Introspect => ("/idp/idx/introspect", json!({})),
            Step::Reload => {
                return (
                    "/idp/idx/introspect",
                    json!({"interactionHandle": flow.interaction_handle}),
                );
            }
            Step::SelectEnrollProfile => ("/idp/idx/enroll", json!({})),
            Step::SelectIdentify => ("/idp/idx/identify/select", json!({})),
            Step::SignUp(address, password) => {
                let mut profile = json!({"email": ADDRESSES[*address].typed, "firstName": NAMES[*password], "lastName": "Family"});
                if request.shoe {
                    profile["shoeSize"] = json!("42");
                }
                (
                    "/idp/idx/enroll/new",
                    json!({"userProfile": profile, "credentials": {"passcode": PASSWORDS[*password]}}),
                )
            }
            Step::Identify(address, password) => {
                let mut body = json!({"identifier": ADDRESSES[*address].typed});
                if request.with_password {
                    body["credentials"] = json!({"passcode": PASSWORDS[*password]});
                }
                ("/idp/idx/identify", body)
            }
            Step::Password(password) => {
                ("/idp/idx/challenge/answer", passcode(PASSWORDS[*password]))
            }
            Step::SelectEmail => ("/idp/idx/challenge", email),
            Step::SetUpEmail => ("/idp/idx/credential/enroll", email),
            Step::Code(Code::Malformed) => ("/idp/idx/email/answer", passcode("12345")),
            Step::Code(_) => {
                let code = |number: usize| flow.codes.get(number.checked_sub(1)?)?.0.clone();
                let newest = code(flow.codes.len()).map_or(0, |code| code.parse::<u32>().unwrap());
                let wrong = format!("{:06}", (newest + 1) % 1_000_000);
                (
                    "/idp/idx/email/answer",
                    passcode(
                        &request.code.and_then(|number| code(number as usize)).unwrap_or(wrong),
                    ),
                )
            }
            Step::Resend => ("/idp/idx/email/resend", json!({})),
            Step::Poll => ("/idp/idx/email/poll", json!({})),
            Step::UpdateProfile => {
                ("/idp/idx/enroll/update", json!({"userProfile": {"shoeSize": "43"}}))
            }
            Step::Cancel => ("/idp/idx/cancel", json!({})),
        };
        body["stateHandle"] = json!(flow.handle);
        (path, body)
    }

    /// Notes a guess that was evaluated, and a code that was answered in time. `newest`: the code
    /// that was out.
    fn note_guess(
        &mut self,
        place: usize,
        path: &str,
        body: &Value,
        answer: &Answer,
        newest: Option<(Option<String>, u64)>,
    ) {
        let typed = body["credentials"]["passcode"].as_str().map(String::from);
        let wrong = answer.status == 401 && answer.body["stateHandle"].is_string();
        let flow = &mut self.flows[place];
        if path == "/idp/idx/email/answer" {
            let address = flow.address.clone().unwrap_or_default();
            if wrong {
                flow.wrong.push(flow.codes.len());
                self.guesses.push((self.now, throttle_key_of(&address)));
            } else if newest.is_some_and(|(code, at)| code == typed && self.now < at + 300) {
                flow.proven.push(address);
            }
        } else if wrong && let Some(name) = body["identifier"].as_str() {
            self.guesses.push((self.now, throttle_key_of(name)));
        }
    }

    fn call(
        &mut self,
        browser: Browser,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        may_show: impl Fn(&Place) -> bool,
    ) -> Answer {
        let cookie = self.cookies[browser].clone();
        let headers: Vec<_> = headers
            .iter()
            .copied()
            .chain(cookie.as_deref().map(|cookie| ("cookie", cookie)))
            .collect();
        self.stage.source = SOURCES[browser].into();
        let mails = self.stage.mails().len();
        self.stage.store.take();
        let answer = self.stage.request(method, path, &headers, body);
        let trips = self.stage.store.take();
        self.written |= trips.iter().any(|trip| trip.verb == Verb::Write);
        let calls = trips.len() + self.stage.mails().len() - mails;
        assert!(calls <= MOST_CALLS, "I14: {calls} calls for one request");
        assert!(answer.status < 500, "{}", answer.text);
        self.secrets.i11_are_not_in_the_answer(&answer, may_show);
        if let Some(set) = answer.header("set-cookie") {
            let cookie = set.split(';').next().unwrap();
            self.secrets.add(Place::Cookie, cookie.split_once('=').unwrap().1);
            self.cookies[browser] = Some(cookie.into());
        }
        answer
    }
}

/// The answer to a poll has its code in a redirect.
fn redirected(answer: &Answer) -> Option<String> {
    let href = answer.body["success"]["href"].as_str()?;
    href.split(['?', '&']).find_map(|pair| pair.strip_prefix("interaction_code=")).map(String::from)
}

fn verifier() -> String {
    "v".repeat(43)
}
