//! R-E, R-D1, I1–I5: who owns an address, and that an account is whole or not there.

use serde_json::json;

use super::stage::{MANY, Stage, demo};
use super::{ADA, PASSWORD, at_once, until_decided, with_ada};

#[test]
fn r_d1_a_031_a_hundred_registrations_of_one_address_make_one_user() {
    let mut organisation = demo();
    // What is tested is the race, not the budgets.
    let limits = &mut organisation.settings.limits;
    (
        limits.mails_per_address_per_hour,
        limits.mails_per_address_per_day,
        limits.mails_per_source_per_hour,
    ) = (1_000, 1_000, 1_000);
    (limits.guesses_per_address_per_hour, limits.guesses_per_source_per_hour) = (1_000, 1_000);
    let stage = Stage::with(&organisation);
    let variants = ["ada@example.com", "Ada@example.com", "ADA@EXAMPLE.COM", "ada@Example.com"];
    let browsers: Vec<_> = (0..MANY)
        .map(|index| {
            let mut browser = stage.browser("demo-spa");
            browser.sign_up(variants[index % 4], &format!("password number {index}"));
            let code = stage.letters().last().unwrap().code.clone().unwrap();
            (browser.handle.clone(), code)
        })
        .collect();
    let answers = at_once(MANY, |index| {
        let (handle, code) = &browsers[index];
        let mut browser = stage.browser("demo-spa");
        browser.handle.clone_from(handle);
        until_decided(|| browser.answer_code(code))
    });
    let winners: Vec<_> =
        (0..MANY).filter(|index| answers[*index].interaction_code().is_some()).collect();
    assert_eq!(
        winners.len(),
        1,
        "{:?}",
        answers.iter().map(|answer| answer.status).collect::<Vec<_>>()
    );
    assert_eq!(stage.items("USER").len(), 1);
    assert_eq!(stage.items("UNIQUE").len(), 2);
    // The others are told, after they have proven the mailbox.
    let lost = answers
        .iter()
        .filter(|answer| answer.messages().contains(&"idx.account.exists".to_string()))
        .count();
    assert_eq!(
        lost,
        MANY - 1,
        "{:?}",
        answers.iter().map(|answer| answer.status).collect::<Vec<_>>()
    );
    // Only the winner's password works.
    for index in [winners[0], (winners[0] + 1) % MANY] {
        stage.advance(3_600);
        let mut browser = stage.browser("demo-spa");
        browser.begin();
        let signed_in = browser.password(ADA, &format!("password number {index}"));
        assert_eq!(
            signed_in.interaction_code().is_some(),
            index == winners[0],
            "{}",
            signed_in.text
        );
    }
}

#[test]
fn r_e3_plus_tags_are_people_of_their_own() {
    let stage = Stage::new();
    for address in ["u+a@example.com", "u+b@example.com"] {
        let mut browser = stage.browser("demo-spa");
        browser.sign_up(address, PASSWORD);
        assert!(browser.answer_code(&stage.code(address)).interaction_code().is_some());
    }
    assert_eq!(stage.items("USER").len(), 2);
}

#[test]
fn r_e5_mail_goes_to_the_one_address_that_is_stored() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    for email in [
        json!(["victim@example.com", "eve@example.com"]),
        json!("a@evil.com,b@victim.com"),
        json!({"$ne": null}),
        json!("a@x.com\r\nBcc: v@y.com"),
    ] {
        browser.begin();
        browser.step("/idp/idx/enroll", json!({}));
        let profile = json!({"email": email, "firstName": "A", "lastName": "B"});
        let answer = browser.step(
            "/idp/idx/enroll/new",
            json!({"userProfile": profile, "credentials": {"passcode": PASSWORD}}),
        );
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
    assert!(stage.letters().is_empty());
    browser.sign_up("Ada@EXAMPLE.com", PASSWORD);
    assert_eq!(stage.letters()[0].to, "Ada@example.com");
}

#[test]
fn a_047_who_proves_the_mailbox_owns_the_account_and_the_others_have_nothing() {
    let stage = Stage::new();
    let (mut attacker, mut victim) = (stage.browser("demo-spa"), stage.browser("demo-spa"));
    attacker.sign_up(ADA, "the attacker's password");
    victim.sign_up(ADA, PASSWORD);
    assert!(victim.answer_code(&stage.code(ADA)).interaction_code().is_some());
    attacker.begin();
    assert_eq!(attacker.password(ADA, "the attacker's password").status, 401);
    assert_eq!(stage.items("USER").len(), 1);
}

#[test]
fn a_049_i3_an_unproven_account_gives_way_to_whoever_proves_its_mailbox() {
    let stage = Stage::new();
    // Optional verification: the attacker is in at once, with an address that is not theirs.
    let mut attacker = stage.browser("newsletter-spa");
    attacker.begin();
    attacker.step("/idp/idx/enroll", json!({}));
    let profile = json!({"email": ADA, "firstName": "Eve", "lastName": "Evil"});
    let done = attacker.step(
        "/idp/idx/enroll/new",
        json!({"userProfile": profile, "credentials": {"passcode": "the attacker's password"}}),
    );
    let tokens =
        attacker.token(&done.interaction_code().unwrap_or_else(|| panic!("{}", done.text)));
    let access = tokens.body["access_token"].as_str().unwrap().to_string();
    assert_eq!(stage.items("USER")[0].body["emailVerified"], json!(false));
    let authorization = format!("Bearer {access}");
    let userinfo = || {
        stage
            .request(
                "GET",
                "/oauth2/default/v1/userinfo",
                &[("authorization", &authorization)],
                b"",
            )
            .status
    };
    assert_eq!(userinfo(), 200);

    stage.advance(60);
    let mut victim = stage.browser("demo-spa");
    let sent = victim.sign_up(ADA, PASSWORD);
    assert_eq!(sent.status, 200, "{}", sent.text);
    let done = victim.answer_code(&stage.code(ADA));
    assert!(done.interaction_code().is_some(), "{}", done.text);
    let users = stage.items("USER");
    assert_eq!(
        (users.len(), &users[0].body["emailVerified"], &users[0].body["profile"]["firstName"]),
        (1, &json!(true), &json!("Ada"))
    );
    assert_eq!(userinfo(), 401, "the attacker's token is void");
    attacker.begin();
    assert_eq!(attacker.password(ADA, "the attacker's password").status, 401);
    victim.begin();
    assert!(victim.password(ADA, PASSWORD).interaction_code().is_some());
}

#[test]
fn a_056_two_forms_for_two_attributes_are_both_kept() {
    let stage = with_ada();
    let mut organisation = demo();
    let ask = |organisation: &mut policy::organisation::Organisation, policy: &str, name: &str| {
        let policy = organisation
            .policies
            .profile_enrollment
            .iter_mut()
            .find(|one| one.id == policy)
            .unwrap();
        let attribute = policy::organisation::ProfileAttribute {
            name: name.into(),
            label: name.into(),
            required: true,
        };
        policy.rules[0].actions.profile_enrollment.profile_attributes.push(attribute);
    };
    ask(&mut organisation, "demo-enrollment", "shoeSize");
    ask(&mut organisation, "newsletter-enrollment", "customerNumber");
    stage.apply(&organisation);
    let (mut one, mut two) = (stage.browser("demo-spa"), stage.browser("newsletter-spa"));
    one.begin();
    two.begin();
    assert_eq!(one.password(ADA, PASSWORD).forms(), ["enroll-profile"]);
    assert_eq!(two.password(ADA, PASSWORD).forms(), ["enroll-profile"]);
    let size =
        organisation.user_schema.property("shoeSize").unwrap().enumeration.unwrap()[0].clone();
    let answers = at_once(2, |index| {
        let browser = [&one, &two][index];
        let mut twin = stage.browser(&browser.client_id);
        twin.handle.clone_from(&browser.handle);
        let profile = [json!({"shoeSize": size}), json!({"customerNumber": "7"})][index].clone();
        twin.step("/idp/idx/enroll/update", json!({"userProfile": profile}))
    });
    assert!(answers.iter().all(|answer| answer.interaction_code().is_some()), "{answers:?}");
    let profile = &stage.items("USER")[0].body["profile"];
    assert_eq!((&profile["shoeSize"], &profile["customerNumber"]), (&size, &json!(7)));
}

#[test]
fn a_059_a_pending_sign_up_is_nobody() {
    let stage = Stage::new();
    stage.browser("demo-spa").sign_up(ADA, PASSWORD);
    let mut other = stage.browser("demo-spa");
    other.begin();
    assert_eq!(other.password(ADA, PASSWORD).messages(), ["idx.unknown.user"]);
}

#[test]
fn a_073_who_was_deactivated_meanwhile_gets_no_session() {
    let stage = with_ada();
    let mut organisation = demo();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    let attribute = policy::organisation::ProfileAttribute {
        name: "customerNumber".into(),
        label: "Number".into(),
        required: true,
    };
    policy.rules[0].actions.profile_enrollment.profile_attributes.push(attribute);
    stage.apply(&organisation);
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    assert_eq!(browser.password(ADA, PASSWORD).forms(), ["enroll-profile"]);
    let mut item = stage.items("USER").remove(0);
    item.body["status"] = json!("DEPROVISIONED");
    item.version += 1;
    stage.put(item);
    let refused =
        browser.step("/idp/idx/enroll/update", json!({"userProfile": {"customerNumber": "7"}}));
    assert_eq!(refused.status, 401, "{}", refused.text);
    browser.begin();
    assert_eq!(browser.password(ADA, PASSWORD).messages(), ["idx.unknown.user"]);
}
