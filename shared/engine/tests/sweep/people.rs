//! What people do again and again, and what must have come of it.

use engine::ports::{Expect, MailContent, Store as _, Write};
use engine::testing::block_on;
use policy::email::identifier_key;
use serde_json::{Value, json};

use crate::stage::{Answer, BASE};
use crate::sweep::world::{Person, World};

pub const ADA: &str = "ada@example.com";
pub const PASSWORD: &str = "correct horse battery";

/// The interaction code of an answer that is the end.
pub fn done_code(answer: &Answer) -> String {
    let href = answer.body["success"]["href"]
        .as_str()
        .and_then(|href| href.split("interaction_code=").nth(1));
    let by_redirect = href.map(|rest| rest.split('&').next().unwrap().to_string());
    answer.interaction_code().or(by_redirect).unwrap_or_else(|| panic!("not done: {}", answer.text))
}

/// A code that is not `code`.
pub fn another(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

/// The code of the newest mail.
pub fn code_of(world: &World) -> String {
    match world.mail(ADA).content {
        MailContent::RegistrationActivation { passcode, .. }
        | MailContent::EmailChallenge { passcode, .. } => passcode.expose().into(),
        other => panic!("{other:?} has no code"),
    }
}

/// The link of the newest mail: path and query.
pub fn link_of(world: &World) -> String {
    let link = match world.mail(ADA).content {
        MailContent::RegistrationActivation { link, .. }
        | MailContent::EmailChallenge { link, .. }
        | MailContent::RegistrationEmailVerification { link, .. } => link,
        other @ (MailContent::AlreadyRegistered { .. } | MailContent::UserActivation { .. }) => {
            panic!("{other:?} has no link")
        }
    };
    link.expose().strip_prefix(BASE).unwrap().into()
}

impl World {
    /// Ada signs up, up to the code.
    pub fn sign_up(&mut self, person: &mut Person, password: &str) -> Answer {
        self.begin(person);
        self.step(person, "/idp/idx/enroll", json!({}));
        self.form(person, password)
    }

    pub fn form(&mut self, person: &mut Person, password: &str) -> Answer {
        let profile = json!({"email": ADA, "firstName": "Ada", "lastName": "Lovelace"});
        self.step(
            person,
            "/idp/idx/enroll/new",
            json!({"userProfile": profile, "credentials": {"passcode": password}}),
        )
    }

    pub fn password(&mut self, person: &mut Person, password: &str) -> Answer {
        self.step(
            person,
            "/idp/idx/identify",
            json!({"identifier": ADA, "credentials": {"passcode": password}}),
        )
    }

    /// Signs in with the password, on one page or on two.
    fn sign_in(&mut self, person: &mut Person, password: &str) -> Answer {
        let first = self.begin(person);
        if first.text.contains("\"credentials\"") {
            return self.password(person, password);
        }
        let named = self.step(person, "/idp/idx/identify", json!({"identifier": ADA}));
        if named.forms()[0] == "select-authenticator-authenticate" {
            self.step(
                person,
                "/idp/idx/challenge",
                json!({"authenticator": {"id": "aut-password"}}),
            );
        }
        self.step(
            person,
            "/idp/idx/challenge/answer",
            json!({"credentials": {"passcode": password}}),
        )
    }

    /// Types the right code.
    pub fn answer_code(&mut self, person: &mut Person) -> Answer {
        let code = code_of(self);
        self.seen.proven.insert(identifier_key(ADA));
        self.step(person, "/idp/idx/email/answer", json!({"credentials": {"passcode": code}}))
    }

    /// Opens the link, which changes nothing, and presses the button.
    pub fn follow_link(&mut self, person: &mut Person) -> Answer {
        let link = link_of(self);
        let users = self.items("USER");
        self.get(person, &link);
        assert_eq!(self.items("USER"), users, "R-O10: a GET completes nothing");
        let (path, token) = link.split_once("?token=").unwrap();
        self.seen.proven.insert(identifier_key(ADA));
        self.post_form(person, path, &format!("token={token}"))
    }

    /// Whoever has an interaction code was told that there is an account, from now on for good.
    pub fn told(&mut self, answer: &Answer) {
        done_code(answer);
        self.seen.told.insert(identifier_key(ADA));
    }

    /// Interaction code to tokens to claims. If the tokens were lost on the way, the person signs
    /// in again.
    pub fn redeem(&mut self, person: &mut Person, code: &str, password: &str) {
        self.seen.told.insert(identifier_key(ADA));
        if self.token(person, code).status != 200 {
            assert!(self.hit(), "nothing went wrong");
            self.aside(|world| {
                let done = world.sign_in(person, password);
                assert_eq!(world.token(person, &done_code(&done)).status, 200);
            });
        }
        let claims = self.get(person, "/oauth2/default/v1/userinfo");
        assert_eq!((claims.status, &claims.body["email"]), (200, &json!(ADA)), "{}", claims.text);
        let by_post = self.post_form(person, "/oauth2/default/v1/userinfo", "");
        assert_eq!((by_post.status, &by_post.body), (200, &claims.body), "{}", by_post.text);
        // A code succeeds at most once.
        let spent = self.aside(|world| world.token(&mut person.clone(), code));
        assert_eq!(spent.status, 400, "{}", spent.text);
    }

    /// Ada has an account, since long ago.
    pub fn has_account(&mut self, app: &'static str) {
        self.aside(|world| {
            let mut ada = Person::at(app);
            world.sign_up(&mut ada, PASSWORD);
            let done = world.answer_code(&mut ada);
            world.told(&done);
        });
        self.advance(48 * 3_600_000);
    }

    /// Her hash is of an older pepper.
    pub fn age_the_hash(&self) {
        let mut item = self.items("PASSWORD").remove(0);
        item.body["pepper"] = json!("0");
        block_on(self.store.write(&[Write::Put { item, expect: Expect::Anything }])).unwrap();
    }

    pub fn has_mail(&self) -> bool {
        !self.mailbox.mails.lock().unwrap().is_empty()
    }

    /// ONE effect: one user, whole.
    pub fn one_user(&self, verified: bool, groups: &[&str]) -> Value {
        let users = self.items("USER");
        assert_eq!(users.len(), 1, "ONE");
        let user = users[0].body.clone();
        assert_eq!((&user["emailVerified"], &user["groups"]), (&json!(verified), &json!(groups)));
        user
    }

    /// After all that, the account is one.
    pub fn can_sign_in(&mut self, password: &str) {
        self.advance(2 * 3_600_000);
        self.aside(|world| {
            let mut ada = Person::at("demo-spa");
            let mut done = world.sign_in(&mut ada, password);
            if done.forms().first().is_some_and(|form| form == "select-authenticator-enroll") {
                // Whoever signed up where nothing need be proven proves the mailbox here.
                world.step(
                    &mut ada,
                    "/idp/idx/credential/enroll",
                    json!({"authenticator": {"id": "aut-email"}}),
                );
                done = world.answer_code(&mut ada);
            }
            assert!(done.interaction_code().is_some(), "I9: {}", done.text);
        });
    }
}
