//! What people do. Together they use every operation of the route table.

use policy::organisation::{FactorMode, Organisation, PrimaryFactor, ProfileAttribute, SelfEnroll};
use serde_json::json;

use crate::stage::demo;
use crate::sweep::people::{ADA, PASSWORD, another, code_of, done_code, link_of};
use crate::sweep::world::{Person, World};

/// A story, and the organisation that it happens in.
pub struct Story {
    pub name: &'static str,
    pub organisation: fn() -> Organisation,
    pub tell: fn(&mut World),
}

pub const STORIES: &[Story] = &[
    Story { name: "signs up with a code", organisation: demo, tell: signs_up_with_a_code },
    Story { name: "signs up with a link", organisation: demo, tell: signs_up_with_a_link },
    Story {
        name: "signs up, verification optional",
        organisation: demo,
        tell: signs_up_unverified,
    },
    Story {
        name: "sets the password after the code",
        organisation: password_later,
        tell: sets_the_password_after_the_code,
    },
    Story {
        name: "skips the optional password",
        organisation: password_optional,
        tell: skips_the_optional_password,
    },
    Story { name: "changes their mind and gives up", organisation: demo, tell: gives_up },
    Story { name: "signs in with a password", organisation: demo, tell: signs_in_with_a_password },
    Story {
        name: "signs in with an old hash",
        organisation: demo,
        tell: signs_in_with_an_old_hash,
    },
    Story {
        name: "signs in with a mailed code",
        organisation: any_factor,
        tell: signs_in_with_a_mailed_code,
    },
    Story { name: "signs in with a link", organisation: any_factor, tell: signs_in_with_a_link },
    Story {
        name: "signs in with two factors",
        organisation: two_factors,
        tell: signs_in_with_two_factors,
    },
    Story {
        name: "is asked for what became required",
        organisation: demo,
        tell: is_asked_for_what_became_required,
    },
    Story {
        name: "signs up while the form changes",
        organisation: demo,
        tell: signs_up_while_the_form_changes,
    },
    Story {
        name: "takes over an account that nobody proved",
        organisation: demo,
        tell: takes_over,
    },
    Story {
        name: "takes over by a mailed code",
        organisation: any_factor,
        tell: takes_over_by_a_mailed_code,
    },
    Story {
        name: "signs up with a taken address, not told",
        organisation: preventing,
        tell: signs_up_with_a_taken_address,
    },
    Story { name: "is nobody", organisation: any_factor, tell: is_nobody },
];

fn any_factor() -> Organisation {
    let mut organisation = demo();
    for rule in organisation.policies.global_session.iter_mut().flat_map(|policy| &mut policy.rules)
    {
        rule.actions.signon.primary_factor = PrimaryFactor::PasswordIdpAnyFactor;
    }
    organisation
}

fn two_factors() -> Organisation {
    let mut organisation = demo();
    let policy =
        organisation.policies.access.iter_mut().find(|policy| policy.id == "one-factor").unwrap();
    policy.rules[0].actions.app_sign_on.verification_method.factor_mode = FactorMode::TwoFactors;
    organisation
}

fn password_later() -> Organisation {
    let mut organisation = demo();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    policy.rules[0].actions.profile_enrollment.enroll_authenticator_types = None;
    organisation
}

fn password_optional() -> Organisation {
    let mut organisation = any_factor();
    for policy in &mut organisation.policies.profile_enrollment {
        policy.rules[0].actions.profile_enrollment.activation_requirements.email_verification =
            true;
        policy.rules[0].actions.profile_enrollment.enroll_authenticator_types = None;
    }
    for one in &mut organisation.policies.authenticator_enrollment[0]
        .settings
        .as_mut()
        .unwrap()
        .authenticators
    {
        one.enroll.own =
            if one.key == "okta_password" { SelfEnroll::Optional } else { SelfEnroll::Required };
    }
    organisation
}

fn preventing() -> Organisation {
    let mut organisation = demo();
    organisation.settings.user_enumeration_prevention.authentication = true;
    organisation
}

fn asking_for_more() -> Organisation {
    let mut organisation = demo();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    let number = ProfileAttribute {
        name: "customerNumber".into(),
        label: "Customer number".into(),
        required: true,
    };
    policy.rules[0].actions.profile_enrollment.profile_attributes.push(number);
    organisation
}

fn signs_up_with_a_code(world: &mut World) {
    let mut ada = Person::at("demo-spa");
    world.get(&mut ada, "/oauth2/default/.well-known/openid-configuration");
    world.get(&mut ada, "/oauth2/default/v1/keys");
    world.get(&mut ada, "/openapi.json");
    world.get(&mut ada, "/favicon.ico");
    world.sign_up(&mut ada, PASSWORD);
    world.step(&mut ada, "/idp/idx/email/poll", json!({}));
    world.step(
        &mut ada,
        "/idp/idx/email/answer",
        json!({"credentials": {"passcode": another(&code_of(world))}}),
    );
    let done = world.answer_code(&mut ada);
    world.redeem(&mut ada, &done_code(&done), PASSWORD);
    world.one_user(true, &["customers"]);
    world.can_sign_in(PASSWORD);
}

fn signs_up_with_a_link(world: &mut World) {
    let mut ada = Person::at("demo-spa");
    world.sign_up(&mut ada, PASSWORD);
    world.follow_link(&mut ada);
    let polled = world.step(&mut ada, "/idp/idx/email/poll", json!({}));
    world.redeem(&mut ada, &done_code(&polled), PASSWORD);
    world.one_user(true, &["customers"]);
    world.can_sign_in(PASSWORD);
}

fn signs_up_unverified(world: &mut World) {
    let mut ada = Person::at("newsletter-spa");
    let done = world.sign_up(&mut ada, PASSWORD);
    world.redeem(&mut ada, &done_code(&done), PASSWORD);
    world.one_user(false, &["subscribers"]);
    if world.has_mail() {
        world.follow_link(&mut ada);
        world.one_user(true, &["subscribers"]);
    }
    world.can_sign_in(PASSWORD);
}

fn sets_the_password_after_the_code(world: &mut World) {
    let mut ada = Person::at("demo-spa");
    world.begin(&mut ada);
    world.step(&mut ada, "/idp/idx/enroll", json!({}));
    world.step(
        &mut ada,
        "/idp/idx/enroll/new",
        json!({"userProfile": {"email": ADA, "firstName": "Ada", "lastName": "Lovelace"}}),
    );
    world.answer_code(&mut ada);
    world.step(
        &mut ada,
        "/idp/idx/credential/answer",
        json!({"credentials": {"passcode": "short"}}),
    );
    let done = world.step(
        &mut ada,
        "/idp/idx/credential/answer",
        json!({"credentials": {"passcode": PASSWORD}}),
    );
    world.redeem(&mut ada, &done_code(&done), PASSWORD);
    world.one_user(true, &["customers"]);
    world.can_sign_in(PASSWORD);
}

fn skips_the_optional_password(world: &mut World) {
    let mut ada = Person::at("demo-spa");
    world.begin(&mut ada);
    world.step(&mut ada, "/idp/idx/enroll", json!({}));
    world.step(
        &mut ada,
        "/idp/idx/enroll/new",
        json!({"userProfile": {"email": ADA, "firstName": "Ada", "lastName": "Lovelace"}}),
    );
    world.answer_code(&mut ada);
    let done = world.step(&mut ada, "/idp/idx/skip", json!({}));
    world.told(&done);
    world.advance(3_600_000);
    world.begin(&mut ada);
    world.step(&mut ada, "/idp/idx/identify", json!({"identifier": ADA}));
    world.step(&mut ada, "/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    world.answer_code(&mut ada);
    world.step(
        &mut ada,
        "/idp/idx/credential/enroll",
        json!({"authenticator": {"id": "aut-password"}}),
    );
    let done = world.step(
        &mut ada,
        "/idp/idx/credential/answer",
        json!({"credentials": {"passcode": PASSWORD}}),
    );
    world.redeem(&mut ada, &done_code(&done), PASSWORD);
    world.one_user(true, &["customers"]);
}

fn gives_up(world: &mut World) {
    let mut ada = Person::at("demo-spa");
    world.begin(&mut ada);
    world.step(&mut ada, "/idp/idx/enroll", json!({}));
    world.step(&mut ada, "/idp/idx/identify/select", json!({}));
    world.step(&mut ada, "/idp/idx/enroll", json!({}));
    world.form(&mut ada, PASSWORD);
    let cancelled = world.step(&mut ada, "/idp/idx/cancel", json!({}));
    assert_eq!(cancelled.status, 200, "{}", cancelled.text);
    assert!(world.items("USER").is_empty());
    world.sign_up(&mut ada, "another password");
    let done = world.answer_code(&mut ada);
    world.redeem(&mut ada, &done_code(&done), "another password");
    world.one_user(true, &["customers"]);
    world.can_sign_in("another password");
}

fn signs_in_with_a_password(world: &mut World) {
    world.has_account("demo-spa");
    let mut ada = Person::at("demo-spa");
    world.begin(&mut ada);
    world.password(&mut ada, "not the password");
    let done = world.password(&mut ada, PASSWORD);
    world.redeem(&mut ada, &done_code(&done), PASSWORD);
    world.one_user(true, &["customers"]);
    world.can_sign_in(PASSWORD);
}

fn signs_in_with_an_old_hash(world: &mut World) {
    world.has_account("demo-spa");
    world.age_the_hash();
    let mut ada = Person::at("demo-spa");
    world.begin(&mut ada);
    let done = world.password(&mut ada, PASSWORD);
    world.redeem(&mut ada, &done_code(&done), PASSWORD);
    world.one_user(true, &["customers"]);
    world.can_sign_in(PASSWORD);
    // F-19: at the latest the next sign-in makes it anew.
    assert_eq!(world.items("PASSWORD")[0].body["pepper"], json!("1"));
}

fn signs_in_with_a_mailed_code(world: &mut World) {
    world.has_account("demo-spa");
    let mut ada = Person::at("demo-spa");
    world.begin(&mut ada);
    world.step(&mut ada, "/idp/idx/identify", json!({"identifier": ADA}));
    world.step(&mut ada, "/idp/idx/challenge", json!({"authenticator": {"id": "aut-password"}}));
    world.step(
        &mut ada,
        "/idp/idx/challenge/answer",
        json!({"credentials": {"passcode": "not the password"}}),
    );
    world.step(&mut ada, "/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    // Too early, unless the first mail did not come.
    let early = world.aside(|world| world.step(&mut ada, "/idp/idx/email/resend", json!({})));
    assert!(early.status == 429 || world.hit(), "{}", early.text);
    world.advance(45_000);
    world.step(&mut ada, "/idp/idx/email/resend", json!({}));
    world.step(&mut ada, "/idp/idx/email/poll", json!({}));
    world.step(
        &mut ada,
        "/idp/idx/email/answer",
        json!({"credentials": {"passcode": another(&code_of(world))}}),
    );
    let done = world.answer_code(&mut ada);
    world.redeem(&mut ada, &done_code(&done), PASSWORD);
    world.one_user(true, &["customers"]);
}

fn signs_in_with_a_link(world: &mut World) {
    world.has_account("demo-spa");
    let mut ada = Person::at("demo-spa");
    world.begin(&mut ada);
    world.step(&mut ada, "/idp/idx/identify", json!({"identifier": ADA}));
    world.step(&mut ada, "/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    // Elsewhere the link shows the code, and does nothing.
    let elsewhere = link_of(world);
    let shown = world.get(&mut Person::at("demo-spa"), &elsewhere);
    assert!(shown.text.contains(&code_of(world)), "{}", shown.text);
    world.follow_link(&mut ada);
    // The tab is loaded anew instead of waiting for its poll.
    let done = world.step(&mut ada, "/idp/idx/introspect", json!({}));
    world.redeem(&mut ada, &done_code(&done), PASSWORD);
    world.one_user(true, &["customers"]);
}

fn signs_in_with_two_factors(world: &mut World) {
    world.has_account("demo-spa");
    let mut ada = Person::at("demo-spa");
    world.begin(&mut ada);
    world.password(&mut ada, PASSWORD);
    world.step(&mut ada, "/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    let done = world.answer_code(&mut ada);
    let code = done_code(&done);
    world.told(&done);
    assert!(world.token(&mut ada, &code).status == 200 || world.hit());
    world.one_user(true, &["customers"]);
}

fn is_asked_for_what_became_required(world: &mut World) {
    world.has_account("demo-spa");
    world.apply(&asking_for_more());
    let mut ada = Person::at("demo-spa");
    world.begin(&mut ada);
    world.password(&mut ada, PASSWORD);
    world.step(
        &mut ada,
        "/idp/idx/enroll/update",
        json!({"userProfile": {"customerNumber": "twelve"}}),
    );
    let done = world.step(
        &mut ada,
        "/idp/idx/enroll/update",
        json!({"userProfile": {"customerNumber": "12"}}),
    );
    world.redeem(&mut ada, &done_code(&done), PASSWORD);
    let user = world.one_user(true, &["customers"]);
    assert_eq!(user["profile"]["customerNumber"], json!(12), "I4");
    // Asked once.
    world.can_sign_in(PASSWORD);
}

fn signs_up_while_the_form_changes(world: &mut World) {
    let mut ada = Person::at("demo-spa");
    world.sign_up(&mut ada, PASSWORD);
    world.apply(&asking_for_more());
    world.answer_code(&mut ada);
    let done = world.step(
        &mut ada,
        "/idp/idx/enroll/update",
        json!({"userProfile": {"customerNumber": "12"}}),
    );
    world.redeem(&mut ada, &done_code(&done), PASSWORD);
    let user = world.one_user(true, &["customers"]);
    assert_eq!(user["profile"]["customerNumber"], json!(12), "I4");
}

/// I3: somebody signs up with the address of Ada where nobody asks for a proof; then she comes.
fn takes_over(world: &mut World) {
    let mut mallory = squatter(world);
    let mut ada = Person::at("demo-spa");
    world.sign_up(&mut ada, PASSWORD);
    let done = world.answer_code(&mut ada);
    world.redeem(&mut ada, &done_code(&done), PASSWORD);
    world.one_user(true, &["customers"]);
    world.can_sign_in(PASSWORD);
    nothing_is_left_to(world, &mut mallory);
}

fn takes_over_by_a_mailed_code(world: &mut World) {
    let mut mallory = squatter(world);
    let mut ada = Person::at("demo-spa");
    world.begin(&mut ada);
    world.step(&mut ada, "/idp/idx/identify", json!({"identifier": ADA}));
    world.step(&mut ada, "/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    world.answer_code(&mut ada);
    world.step(
        &mut ada,
        "/idp/idx/credential/answer",
        json!({"credentials": {"passcode": PASSWORD}}),
    );
    // Nothing of the account that made room is hers, its name and its groups neither.
    let hers = json!({"userProfile": {"firstName": "Ada", "lastName": "Lovelace"}});
    let done = world.step(&mut ada, "/idp/idx/enroll/update", hers);
    world.redeem(&mut ada, &done_code(&done), PASSWORD);
    world.one_user(true, &["customers"]);
    nothing_is_left_to(world, &mut mallory);
}

fn squatter(world: &mut World) -> Person {
    let mut mallory = Person::at("newsletter-spa");
    world.aside(|world| {
        let done = world.sign_up(&mut mallory, "mallory's own choice");
        assert_eq!(world.token(&mut mallory, &done_code(&done)).status, 200);
        assert_eq!(world.get(&mut mallory, "/oauth2/default/v1/userinfo").status, 200);
    });
    world.advance(60_000);
    mallory
}

fn nothing_is_left_to(world: &mut World, mallory: &mut Person) {
    world.aside(|world| {
        assert_eq!(world.get(mallory, "/oauth2/default/v1/userinfo").status, 401, "I3");
        mallory.access_token.clear();
        for app in ["newsletter-spa", "workforce-spa"] {
            mallory.client_id = app;
            world.begin(mallory);
            world.step(
                mallory,
                "/idp/idx/identify",
                json!({"identifier": ADA, "credentials": {"passcode": "mallory's own choice"}}),
            );
            let guessed = world.step(
                mallory,
                "/idp/idx/challenge/answer",
                json!({"credentials": {"passcode": "mallory's own choice"}}),
            );
            assert!(guessed.interaction_code().is_none(), "I3: {}", guessed.text);
        }
    });
}

fn signs_up_with_a_taken_address(world: &mut World) {
    world.has_account("demo-spa");
    let mut other = Person::at("demo-spa");
    let sent = world.sign_up(&mut other, "another password");
    assert_eq!(sent.forms()[0], "enroll-authenticator", "{}", sent.text);
    for _ in 0..2 {
        let refused = world.step(
            &mut other,
            "/idp/idx/email/answer",
            json!({"credentials": {"passcode": "123456"}}),
        );
        assert_eq!(refused.status, 401, "{}", refused.text);
    }
    world.step(&mut other, "/idp/idx/email/poll", json!({}));
    world.one_user(true, &["customers"]);
    world.can_sign_in(PASSWORD);
}

fn is_nobody(world: &mut World) {
    let mut nobody = Person::at("workforce-spa");
    world.begin(&mut nobody);
    world.step(&mut nobody, "/idp/idx/identify", json!({"identifier": "nobody@example.com"}));
    world.step(&mut nobody, "/idp/idx/challenge", json!({"authenticator": {"id": "aut-password"}}));
    world.step(
        &mut nobody,
        "/idp/idx/challenge/answer",
        json!({"credentials": {"passcode": "whatever it is"}}),
    );
    world.step(&mut nobody, "/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    world.step(
        &mut nobody,
        "/idp/idx/email/answer",
        json!({"credentials": {"passcode": "123456"}}),
    );
    assert!(world.items("USER").is_empty() && world.mailbox.mails.lock().unwrap().is_empty());
}
