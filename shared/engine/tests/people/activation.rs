//! Accounts that an administrator makes, and how their owners take them over.

use engine::people::{self, Error, invitation};
use engine::ports::{Clock as _, MailContent};
use policy::organisation::{
    AllowedFor, AuthenticatorKey, AuthenticatorSettings, Organisation, PrimaryFactor,
    UnknownUserAction,
};
use policy::provision::{Beginning, Fault, Wanted, beginning};
use policy::user::User;
use serde_json::json;

use super::{ADA, GIVEN, PASSWORD, create, made, owners, person, signed_in, userinfo, wanted};
use crate::stage::{Answer, Browser, Stage, demo};

/// From the first page to the code: names herself, with any password where the page asks for one.
fn proves_mailbox(browser: &mut Browser<'_>, with_password: bool) -> Answer {
    browser.begin();
    let named = if with_password {
        browser.password(ADA, "whatever the page wants")
    } else {
        browser.step("/idp/idx/identify", json!({"identifier": ADA}))
    };
    assert_eq!(
        (named.status, named.forms()[0].as_str()),
        (200, "select-authenticator-authenticate"),
        "{}",
        named.text
    );
    assert_eq!(named.interaction_code(), None);
    browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    browser.answer_code(&browser.stage.code(ADA))
}

fn sets_password(browser: &mut Browser<'_>, password: &str) -> Answer {
    browser.step("/idp/idx/credential/answer", json!({"credentials": {"passcode": password}}))
}

/// Everything that the administrator gave is there.
fn survives(stage: &Stage, made: &User) -> User {
    let user = person(stage, ADA).user;
    assert_eq!(
        (&user.id, user.created, user.email_verified, user.provisioned),
        (&made.id, made.created, true, true)
    );
    for (name, value) in &made.profile {
        assert_eq!(user.profile.get(name), Some(value), "{name}");
    }
    assert!(user.groups.is_superset(&made.groups), "{:?}", user.groups);
    assert_eq!(stage.items("USER").len(), 1);
    user
}

fn any_factor(organisation: &mut Organisation) {
    for rule in organisation.policies.global_session.iter_mut().flat_map(|policy| &mut policy.rules)
    {
        rule.actions.signon.primary_factor = PrimaryFactor::PasswordIdpAnyFactor;
    }
}

fn email_for_recovery_only(organisation: &mut Organisation) {
    let email = organisation
        .authenticators
        .iter_mut()
        .find(|one| one.key == AuthenticatorKey::OktaEmail)
        .unwrap();
    email.settings =
        AuthenticatorSettings { allowed_for: AllowedFor::Recovery, ..email.settings.clone() };
}

#[test]
fn i3_whoever_has_the_mailbox_takes_over_what_the_administrator_made() {
    for identifier_first in [false, true] {
        for recovery_only in [false, true] {
            let mut organisation = demo();
            if identifier_first {
                any_factor(&mut organisation);
            }
            if recovery_only {
                email_for_recovery_only(&mut organisation);
            }
            let stage = Stage::with(&organisation);
            let made = create(&stage, &organisation, &wanted(ADA), None).unwrap().user;
            assert_eq!(made.standing(), "PROVISIONED");
            let mut ada = stage.browser("demo-spa");
            let proven = proves_mailbox(&mut ada, !identifier_first);
            assert_eq!(
                proven.forms()[0],
                "enroll-authenticator",
                "a password of her own: {}",
                proven.text
            );
            assert!(sets_password(&mut ada, PASSWORD).interaction_code().is_some());
            let user = survives(&stage, &made);
            assert!(
                user.has_password && user.groups.contains("customers"),
                "the app's own group as well"
            );
            assert_eq!(user.standing(), "ACTIVE");
            // From then on the password counts, where there is one to type.
            if !identifier_first {
                signed_in(&mut stage.browser("demo-spa"), PASSWORD);
                let mut other = stage.browser("demo-spa");
                other.begin();
                assert_eq!(other.password(ADA, "whatever the page wants").status, 401);
            }
        }
    }
}

/// Who closes the page between the proof and the password must not be locked out of a page that
/// asks for both (I9).
#[test]
fn i9_the_password_can_be_set_later() {
    let stage = Stage::new();
    let made = made(&stage, None).user;
    let mut ada = stage.browser("demo-spa");
    proves_mailbox(&mut ada, true);
    let mut ada = stage.browser("demo-spa");
    let proven = proves_mailbox(&mut ada, true);
    assert_eq!(proven.forms()[0], "enroll-authenticator", "{}", proven.text);
    assert!(sets_password(&mut ada, PASSWORD).interaction_code().is_some());
    survives(&stage, &made);
}

#[test]
fn i2_nothing_but_the_mailbox_opens_it() {
    let stage = Stage::new();
    made(&stage, None);
    let before = stage.items("USER");
    let mut mallory = stage.browser("demo-spa");
    mallory.begin();
    mallory.password(ADA, "whatever");
    for answer in [
        sets_password(&mut mallory, "mallory's own choice"),
        mallory.password(ADA, "mallory's own choice"),
        mallory.answer_code("000000"),
    ] {
        assert_eq!(answer.interaction_code(), None, "{}", answer.text);
    }
    assert_eq!(stage.items("USER"), before);
}

/// Whoever chooses to sign up instead gets the account that is there: what the administrator gave
/// stays, what the form adds is added.
#[test]
fn i3_the_sign_up_form_leads_to_the_same_account() {
    for prevention in [false, true] {
        for given in [None, Some(GIVEN)] {
            let mut organisation = demo();
            organisation.settings.user_enumeration_prevention.authentication = prevention;
            let stage = Stage::with(&organisation);
            let made = made(&stage, given).user;
            let mut ada = stage.browser("demo-spa");
            ada.sign_up(ADA, PASSWORD);
            let done = ada.answer_code(&stage.code(ADA));
            assert!(done.interaction_code().is_some(), "{}", done.text);
            let user = survives(&stage, &made);
            assert_eq!(user.text("firstName"), Some("Augusta Ada"), "and not what the form said");
            assert!(user.groups.contains("customers"));
            if !prevention {
                signed_in(&mut stage.browser("demo-spa"), PASSWORD);
                let mut other = stage.browser("demo-spa");
                other.begin();
                assert_eq!(other.password(ADA, GIVEN).status, 401, "a password of before is void");
            }
            // From then on it is somebody's for good.
            assert_eq!(
                stage.browser("demo-spa").sign_up(ADA, "mallory's own choice").status,
                if prevention { 200 } else { 400 }
            );
            assert_eq!(
                owners(&stage).into_iter().filter(|owner| *owner == json!(made.id)).count(),
                owners(&stage).len()
            );
        }
    }
}

/// The form may ask for more than the administrator gave: that becomes theirs, and nobody else's.
#[test]
fn what_the_form_adds_is_claimed() {
    let mut organisation = demo();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    let number = json!({"name": "customerNumber", "label": "Customer number", "required": true});
    policy.rules[0]
        .actions
        .profile_enrollment
        .profile_attributes
        .push(serde_json::from_value(number).unwrap());
    let stage = Stage::with(&organisation);
    let mut wanted = wanted(ADA);
    wanted.profile.remove("customerNumber");
    create(&stage, &organisation, &wanted, None).unwrap();
    let sign_up = |email: &str| {
        let mut browser = stage.browser("demo-spa");
        browser.begin();
        browser.step("/idp/idx/enroll", json!({}));
        let profile =
            json!({"email": email, "firstName": "A", "lastName": "B", "customerNumber": 8});
        let sent = browser.step(
            "/idp/idx/enroll/new",
            json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}}),
        );
        if sent.status == 200 { browser.answer_code(&stage.code(email)) } else { sent }
    };
    assert!(sign_up(ADA).interaction_code().is_some());
    assert_eq!(person(&stage, ADA).user.profile["customerNumber"], 8);
    assert_eq!(sign_up("bob@example.com").messages(), ["registration.error.notUniqueWithinOrg"]);
}

/// I3: whoever was given the password is not whoever has the mailbox. What the administrator gave
/// stays, what opened the account does not.
#[test]
fn i3_a_given_password_and_its_tokens_are_void_when_the_mailbox_is_proven_without_it() {
    let mut organisation = demo();
    let stage = Stage::with(&organisation);
    let made = made(&stage, Some(GIVEN)).user;
    let token = signed_in(&mut stage.browser("newsletter-spa"), GIVEN);
    assert_eq!(userinfo(&stage, &token), 200);
    any_factor(&mut organisation);
    stage.apply(&organisation);
    let mut ada = stage.browser("demo-spa");
    let proven = proves_mailbox(&mut ada, false);
    assert_eq!(proven.forms()[0], "enroll-authenticator", "{}", proven.text);
    assert_eq!(userinfo(&stage, &token), 401);
    survives(&stage, &made);
    assert!(sets_password(&mut ada, PASSWORD).interaction_code().is_some());
    survives(&stage, &made);
    stage.apply(&demo());
    let mut other = stage.browser("newsletter-spa");
    other.begin();
    assert_eq!(other.password(ADA, GIVEN).status, 401);
}

/// Whoever knows the given password and then proves the mailbox keeps it.
#[test]
fn a_given_password_stays_if_it_is_shown_beside_the_proof() {
    let stage = Stage::new();
    let made = made(&stage, Some(GIVEN)).user;
    let mut ada = stage.browser("demo-spa");
    ada.begin();
    let asked = ada.password(ADA, GIVEN);
    assert_eq!(
        asked.forms(),
        ["select-authenticator-enroll"],
        "the app wants the mailbox proven: {}",
        asked.text
    );
    ada.step("/idp/idx/credential/enroll", json!({"authenticator": {"id": "aut-email"}}));
    assert!(ada.answer_code(&stage.code(ADA)).interaction_code().is_some());
    survives(&stage, &made);
    signed_in(&mut stage.browser("demo-spa"), GIVEN);
}

#[test]
fn a_mailbox_that_the_administrator_vouches_for_is_not_proven_again() {
    let stage = Stage::new();
    create(&stage, &demo(), &Wanted { email_verified: true, ..wanted(ADA) }, Some(GIVEN)).unwrap();
    signed_in(&mut stage.browser("demo-spa"), GIVEN);
    assert_eq!(stage.letters().len(), 0);
    assert_eq!(
        stage.browser("demo-spa").sign_up(ADA, PASSWORD).status,
        400,
        "nobody takes it over"
    );
}

#[test]
fn i1_i5_a_value_that_somebody_has_is_told_and_nothing_is_written() {
    let stage = Stage::new();
    let ada = made(&stage, None);
    let before = stage.state();
    let taken = |wanted: Wanted| match create(&stage, &demo(), &wanted, Some(GIVEN)) {
        Err(Error::Taken(owners)) => owners,
        other => panic!("{other:?}"),
    };
    let told = |attribute: &str| (attribute.to_owned(), ADA.to_owned());
    let same_number = Wanted {
        profile: {
            let mut profile = wanted("bob@example.com").profile;
            profile.remove("memberSince");
            profile
        },
        ..Wanted::default()
    };
    assert_eq!(taken(same_number), [told("customerNumber")]);
    let mut same_address = wanted("Ada@Example.com");
    same_address.profile.remove("customerNumber");
    assert_eq!(taken(same_address), [told("email"), told("login")]);
    assert_eq!(stage.state(), before);
    // By every name.
    for name in [ADA, "ADA@example.com", ada.user.id.as_str()] {
        assert_eq!(person(&stage, name), ada, "{name}");
    }
}

#[test]
fn r_p4_a_given_password_obeys_the_policy() {
    let stage = Stage::new();
    for bad in ["short", "password123", ADA] {
        assert!(
            matches!(create(&stage, &demo(), &wanted(ADA), Some(bad)), Err(Error::Password(_))),
            "{bad}"
        );
    }
    let wrong = Wanted { groups: vec!["nobody".into()], ..wanted(ADA) };
    assert!(
        matches!(create(&stage, &demo(), &wrong, None), Err(Error::Wrong(faults)) if faults == [Fault::NoGroup("nobody".into())])
    );
    assert_eq!(
        (stage.items("USER"), stage.items("PASSWORD"), stage.items("UNIQUE")),
        (vec![], vec![], vec![])
    );
}

/// The mail says what is true of the page that it leads to, and holds nothing that opens anything.
#[test]
fn the_mail_says_how_to_begin() {
    let begins = |change: &dyn Fn(&mut Organisation)| {
        let mut organisation = demo();
        change(&mut organisation);
        let stage = Stage::with(&organisation);
        let user = create(&stage, &organisation, &wanted(ADA), None).unwrap().user;
        let app = organisation.app("demo").unwrap();
        let mail = invitation(
            &organisation,
            app,
            &user,
            Some("https://app.example.com/begin"),
            stage.clock.now(),
        );
        let begins = beginning(&organisation, app, &user, stage.clock.now());
        assert_eq!(
            mail.as_ref().map(|mail| &mail.content),
            begins
                .map(|beginning| MailContent::UserActivation {
                    start: Some("https://app.example.com/begin".into()),
                    beginning
                })
                .as_ref()
        );
        assert!(mail.is_none_or(|mail| (mail.to.as_str(), mail.app_label.as_str()) == (ADA, "Demo app")));
        begins
    };
    let close = |organisation: &mut Organisation| {
        for policy in &mut organisation.policies.profile_enrollment {
            policy.rules[0].actions.profile_enrollment.unknown_user_action =
                Some(UnknownUserAction::Deny);
        }
    };
    assert_eq!(begins(&|_| {}), Some(Beginning::SignIn { asks_password: true }));
    assert_eq!(begins(&any_factor), Some(Beginning::SignIn { asks_password: false }));
    // Where answers tell nothing, everybody is offered the password alone; the sign-up form is the
    // way in, if there is one.
    assert_eq!(
        begins(&|organisation: &mut Organisation| organisation
            .settings
            .user_enumeration_prevention
            .authentication = true),
        Some(Beginning::SignUp)
    );
    let closed = move |organisation: &mut Organisation| {
        close(organisation);
        organisation.settings.user_enumeration_prevention.authentication = true;
    };
    assert_eq!(begins(&closed), None);
    assert_eq!(
        begins(&|organisation: &mut Organisation| organisation.apps[0].groups =
            vec!["customers".into()]),
        None,
        "not assigned"
    );
}

#[test]
fn a_name_that_is_another_persons_id_names_nobody() {
    let mut organisation = demo();
    let login =
        organisation.user_schema.definitions.base.properties.entry("login".into()).or_default();
    login.pattern = Some(".+".into());
    let stage = Stage::with(&organisation);
    let ada = create(&stage, &organisation, &wanted(ADA), None).unwrap();
    let profile = json!({"login": ada.user.id, "email": "mallory@evil.example", "firstName": "M", "lastName": "L"});
    stage.advance(1);
    create(
        &stage,
        &organisation,
        &Wanted { profile: serde_json::from_value(profile).unwrap(), ..Wanted::default() },
        None,
    )
    .unwrap();
    let found = engine::testing::block_on(people::find(&*stage.store, &ada.user.id));
    assert!(matches!(found, Err(Error::Ambiguous(..))), "{found:?}");
    assert_eq!(person(&stage, ADA), ada);
}

/// M5: a marker that was left behind, because the record was deleted by hand, keeps a name for
/// nobody.
#[test]
fn a_mark_of_a_person_who_is_gone_is_taken_over() {
    let stage = Stage::new();
    let gone = made(&stage, None);
    let delete = engine::ports::Write::Delete {
        key: engine::keys::user(&gone.user.id),
        expect: engine::ports::Expect::Anything,
    };
    engine::testing::block_on(engine::ports::Store::write(&*stage.store, &[delete])).unwrap();
    stage.advance(1);
    let made = made(&stage, None);
    assert_ne!(made.user.id, gone.user.id);
    assert_eq!(person(&stage, ADA), made);
    assert!(owners(&stage).into_iter().all(|owner| owner == json!(made.user.id)));
}
