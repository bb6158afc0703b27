use super::*;

#[test]
fn makes_nobody_before_the_mailbox_is_proven() {
    let organisation = demo();
    let sent = sign_up(&organisation, ada(), vec![]);
    assert!(sent.effects.is_empty());
    assert!(
        matches!(&sent.mail, Some(Mail::Passcode(challenge)) if challenge.address == "Ada@example.com")
    );
    let done = answer_code(&organisation, &sent.transaction, vec![]);
    assert!(is_done(&done) && created(&done).email_verified);
}

#[test]
fn makes_the_email_the_username_unless_one_is_asked_for() {
    let mut organisation = demo();
    let done =
        answer_code(&organisation, &sign_up(&organisation, ada(), vec![]).transaction, vec![]);
    assert_eq!(created(&done).text("login"), Some("Ada@example.com"));
    ask(&mut organisation, "login", true);
    let typed = with(ada(), "login", json!("countess"));
    anything_as_username(&mut organisation);
    let done =
        answer_code(&organisation, &sign_up(&organisation, typed, vec![]).transaction, vec![]);
    assert_eq!(
        (created(&done).text("login"), created(&done).text("email")),
        (Some("countess"), Some("Ada@example.com"))
    );
}

/// Usernames need not be addresses.
fn anything_as_username(organisation: &mut Organisation) {
    let login = Property { pattern: Some(".+".into()), ..Property::default() };
    organisation.user_schema.definitions.base.properties.insert("login".into(), login);
}

#[test]
fn a_046_m7_a_username_that_looks_like_an_address_is_refused_unless_it_is_ones_own_email() {
    for prevents in [false, true] {
        let mut organisation = demo();
        organisation.settings.user_enumeration_prevention.authentication = prevents;
        ask(&mut organisation, "login", true);
        anything_as_username(&mut organisation);
        for (login, taken) in [
            ("ceo@corp.example", false),
            ("CEO@corp", false),
            ("ceo\u{ff20}corp.example", false),
            ("countess", true),
            ("@countess", true),
            ("ada@example.com", true),
            ("ADA@Example.com", true),
        ] {
            let sent = sign_up(&organisation, with(ada(), "login", json!(login)), vec![]);
            assert_eq!(sent.rejection.is_none(), taken, "{login}, prevention {prevents}: {sent:?}");
            if !taken {
                assert_eq!(sent.notices[0].place, Place::Attribute("login".into()), "{login}");
            }
        }
    }
}

#[test]
fn puts_people_into_the_policys_group_once_they_are_people() {
    let organisation = demo();
    let done =
        answer_code(&organisation, &sign_up(&organisation, ada(), vec![]).transaction, vec![]);
    let user = created(&done);
    assert!(
        user.groups.contains("customers") && user.granted["demo-enrollment"].contains("customers")
    );
}

#[test]
fn fills_in_defaults() {
    let mut organisation = demo();
    let text = |default: &str| Property {
        kind: Some(PropertyType::String),
        default: Some(json!(default)),
        ..Property::default()
    };
    organisation.user_schema.definitions.custom.properties.insert("tier".into(), text("basic"));
    organisation.user_schema.definitions.custom.properties.insert("firstName2".into(), text("x"));
    let number = Property {
        kind: Some(PropertyType::Number),
        default: Some(json!(2.0)),
        ..Property::default()
    };
    organisation.user_schema.definitions.custom.properties.insert("level".into(), number);
    let list = Property {
        kind: Some(PropertyType::Array),
        default: Some(json!(["a"])),
        ..Property::default()
    };
    organisation.user_schema.definitions.custom.properties.insert("tags".into(), list);
    let done =
        answer_code(&organisation, &sign_up(&organisation, ada(), vec![]).transaction, vec![]);
    assert_eq!(created(&done).text("tier"), Some("basic"));
    assert_eq!(
        (&created(&done).profile["level"], &created(&done).profile["tags"]),
        (&json!(2), &json!(["a"]))
    );
}

#[test]
fn asks_for_what_is_in_no_schema_and_does_not_store_it() {
    let mut organisation = demo();
    ask(&mut organisation, "invitation", true);
    let without = sign_up(&organisation, ada(), vec![]);
    assert_eq!(
        (without.rejection, &without.notices[0].place),
        (Some(Rejection::Invalid), &Place::Attribute("invitation".into()))
    );
    let sent = sign_up(&organisation, with(ada(), "invitation", json!("VIP")), vec![]);
    let done = answer_code(&organisation, &sent.transaction, vec![]);
    assert!(!created(&done).profile.contains_key("invitation"));
    assert!(!serde_json::to_string(&sent.transaction).unwrap().contains("VIP"));
}

#[test]
fn wants_a_required_box_ticked() {
    let mut organisation = demo();
    ask(&mut organisation, "newsletterOptIn", true);
    for (ticked, rejection) in [(json!(false), Some(Rejection::Invalid)), (json!(true), None)] {
        let decision = sign_up(&organisation, with(ada(), "newsletterOptIn", ticked), vec![]);
        assert_eq!(decision.rejection, rejection);
        let blank = matches!(
            messages(&decision).first(),
            Some(Message::Attribute { violation: Violation::Blank, .. })
        );
        assert_eq!(blank, rejection.is_some());
    }
}

#[test]
fn takes_no_field_that_was_not_asked_for_and_names_it() {
    let organisation = demo();
    let form =
        take(&organisation, &begin(), &Input::SelectEnrollProfile, &Facts::default()).transaction;
    // A name that no attribute could have is not echoed.
    for (name, said) in [
        ("department", Message::NotOnTheForm("department".into())),
        ("<b>", Message::NotAsAsked),
        ("", Message::NotAsAsked),
    ] {
        let input = Input::EnrollProfile {
            profile: profile(with(ada(), name, json!("Board"))),
            password: Some(password()),
        };
        let decision =
            step(&context(&organisation), form.clone(), &input, &Facts::default()).unwrap();
        assert_eq!(
            (decision.rejection, messages(&decision)),
            (Some(Rejection::Invalid), vec![said])
        );
        assert_eq!((&decision.transaction, decision.effects.len()), (&form, 0));
    }
}

#[test]
fn with_an_address_that_is_taken_says_so_and_with_prevention_does_not() {
    let mut organisation = demo();
    let taken = || vec![Some((person("ada"), 1)), Some((person("ada"), 1))];
    let told = sign_up(&organisation, ada(), taken());
    assert_eq!(
        (told.rejection, messages(&told)),
        (Some(Rejection::Invalid), vec![Message::NotUnique { label: "Email".into() }])
    );

    organisation.settings.user_enumeration_prevention.authentication = true;
    let (silent, free) =
        (sign_up(&organisation, ada(), taken()), sign_up(&organisation, ada(), vec![]));
    assert_eq!(
        (silent.rejection, &silent.notices, &silent.counts),
        (free.rejection, &free.notices, &free.counts)
    );
    assert!(
        matches!(silent.mail, Some(Mail::AlreadyRegistered { .. })),
        "its owner is told (R-R3)"
    );
    assert_eq!(
        answer_code(&organisation, &silent.transaction, vec![]).rejection,
        Some(Rejection::Unauthenticated)
    );
}

#[test]
fn i3_takes_an_account_over_that_nobody_has_proven() {
    let organisation = demo();
    let bobs = json!({"email": "bob@example.com", "firstName": "Robert", "lastName": "Real"});
    let squatter = || vec![Some((person("bob"), 4)), Some((person("bob"), 4))];
    let sent = sign_up(&organisation, bobs, squatter());
    assert!(matches!(sent.mail, Some(Mail::Passcode(_))));
    let done = answer_code(&organisation, &sent.transaction, squatter());
    let [Effect::ReplaceUser { user, old, version: 4, password: Some(new), .. }] =
        done.effects.as_slice()
    else {
        panic!("{done:?}")
    };
    assert_eq!(
        (old.as_str(), user.text("firstName"), user.email_verified, new),
        ("bob", Some("Robert"), true, &hash())
    );
    assert_ne!(user.id, "bob", "what the squatter told others of that id is not about this person");
}

#[test]
fn tells_whoever_reads_the_mailbox_that_somebody_was_faster() {
    let organisation = demo();
    let sent = sign_up(&organisation, ada(), vec![]);
    let late = answer_code(
        &organisation,
        &sent.transaction,
        vec![Some((person("ada"), 1)), Some((person("ada"), 1))],
    );
    assert_eq!(
        (late.rejection, &late.transaction.subject),
        (Some(Rejection::Outdated(Outdated::AccountExists)), &Subject::Visitor)
    );
    assert_eq!(messages(&late), [Message::AccountExists]);
    // Not their account: another value is somebody else's, and another sign-up is the way on.
    let late = answer_code(&organisation, &sent.transaction, vec![Some((bob(), 1)), None]);
    let form = Subject::Applicant { registration: None };
    assert_eq!(
        (late.rejection, &late.transaction.subject),
        (Some(Rejection::Outdated(Outdated::ValueTaken)), &form)
    );
    assert_eq!(messages(&late), [Message::ValueTaken]);
}

#[test]
fn r_r1_tells_of_another_value_that_is_taken_even_where_it_does_not_of_an_address() {
    let mut organisation = demo();
    organisation.settings.user_enumeration_prevention.authentication = true;
    ask(&mut organisation, "customerNumber", false);
    let typed = with(ada(), "customerNumber", json!("1234"));
    let told = sign_up(
        &organisation,
        typed,
        vec![Some((person("dan"), 1)), Some((person("ada"), 1)), Some((person("ada"), 1))],
    );
    assert_eq!(
        (told.rejection, &told.notices[0].place),
        (Some(Rejection::Invalid), &Place::Attribute("customerNumber".into()))
    );
    // A username of one's own is no address, so it is told too.
    ask(&mut organisation, "login", true);
    anything_as_username(&mut organisation);
    let typed = with(ada(), "login", json!("countess"));
    let told = sign_up(&organisation, typed, vec![None, Some((person("dan"), 1))]);
    assert_eq!(
        (told.rejection, &told.notices[0].place),
        (Some(Rejection::Invalid), &Place::Attribute("login".into()))
    );
}

#[test]
fn r_s9_asks_for_just_what_the_policy_wants_since_and_stores_just_what_it_still_wants() {
    let mut organisation = demo();
    ask(&mut organisation, "favouriteColour", false);
    let sent = sign_up(&organisation, with(ada(), "favouriteColour", json!("red")), vec![]);
    enrollment(&mut organisation).profile_attributes.retain(|one| one.name != "favouriteColour");
    ask(&mut organisation, "customerNumber", true);
    let lacking = answer_code(&organisation, &sent.transaction, vec![]);
    assert!(lacking.effects.is_empty());
    assert_eq!(asked(&organisation, &lacking), ["customerNumber"]);

    let answer = Input::UpdateProfile(profile(json!({"customerNumber": "1234"})));
    let whose = needs(&organisation, &lacking.transaction, &answer).identities;
    assert_eq!(
        whose.iter().map(|one| one.attribute.as_str()).collect::<Vec<_>>(),
        ["customerNumber", "email", "login"]
    );
    let somebodys =
        Facts { owners: vec![Some((person("ada"), 1)), None, None], ..Facts::default() };
    assert_eq!(
        take(&organisation, &lacking.transaction, &answer, &somebodys).rejection,
        Some(Rejection::Invalid)
    );
    let done = take(&organisation, &lacking.transaction, &answer, &Facts::default());
    assert!(is_done(&done));
    assert_eq!(created(&done).profile.get("customerNumber"), Some(&json!(1234)));
    assert_eq!(created(&done).profile.get("favouriteColour"), None);
    assert_eq!(done.mail, None);
}

#[test]
fn r_s9_begins_again_where_the_policy_now_asks_who_somebody_is() {
    let mut organisation = demo();
    let sent = sign_up(&organisation, ada(), vec![]);
    enrollment(&mut organisation).profile_attributes[0].required = true;
    ask(&mut organisation, "shoeSize", true);
    let first = |organisation: &Organisation| {
        requirements(&context(organisation), &sent.transaction).into_iter().next()
    };
    assert_eq!(
        first(&organisation),
        Some(Requirement::Enroll(AuthenticatorKey::OktaEmail)),
        "who it is has been said"
    );
    organisation
        .user_schema
        .definitions
        .base
        .properties
        .insert("login".into(), Property { min_length: Some(40), ..Property::default() });
    ask(&mut organisation, "login", true);
    assert!(
        matches!(first(&organisation), Some(Requirement::Register(_))),
        "that name is none any more"
    );
}

#[test]
fn i3_an_account_gives_way_only_to_whoever_has_its_mailbox_and_never_if_it_was_proven_or_deactivated()
 {
    let mut organisation = demo();
    ask(&mut organisation, "login", true);
    let typed = json!({"email": "bob@example.com", "login": "bob@example.com", "firstName": "Robert", "lastName": "Real"});
    let sent = sign_up(&organisation, typed, vec![]);
    let squatter = person("bob");
    let elsewhere = User {
        profile: profile(with(json!(squatter.profile), "email", json!("other@example.com"))),
        ..squatter.clone()
    };
    for (owner, gives_way) in [
        (squatter.clone(), true),
        (elsewhere, false),
        (User { email_verified: true, ..squatter.clone() }, false),
        (User { status: UserStatus::Deprovisioned, ..squatter.clone() }, false),
    ] {
        let owners = vec![Some((owner.clone(), 4)), Some((owner.clone(), 4))];
        let answered = answer_code(&organisation, &sent.transaction, owners);
        assert_eq!(is_done(&answered), gives_way, "{owner:?}");
        let told = messages(&answered).is_empty() && answered.rejection.is_none();
        assert_eq!(told, gives_way);
        assert!(
            answered.notices.iter().all(|notice| notice.place == Place::Form),
            "the form is not shown any more"
        );
    }
    // Two accounts cannot give way to one person.
    let two = vec![Some((squatter, 4)), Some((User { id: "bob2".into(), ..person("bob") }, 4))];
    assert!(!is_done(&answer_code(&organisation, &sent.transaction, two)));
}

#[test]
fn i3_what_only_the_squatter_had_is_free_again_and_what_is_new_is_claimed() {
    let mut organisation = demo();
    ask(&mut organisation, "customerNumber", true);
    let typed = json!({"email": "bob@example.com", "firstName": "Robert", "lastName": "Real", "customerNumber": "78"});
    let sent = sign_up(&organisation, typed, vec![]);
    let mut squatter = person("bob");
    squatter.profile.insert("customerNumber".into(), json!(77));
    let done = answer_code(
        &organisation,
        &sent.transaction,
        vec![None, Some((squatter.clone(), 4)), Some((squatter.clone(), 4))],
    );
    let [Effect::ReplaceUser { user, old, claims, releases, .. }] = done.effects.as_slice() else {
        panic!("{done:?}")
    };
    let number = |value: &str| Identity { attribute: "customerNumber".into(), value: value.into() };
    assert!(
        claims.contains(&number("78")) && *releases == [number("77")],
        "{claims:?} {releases:?}"
    );
    assert_eq!(
        (old, user.created, user.generation),
        (&squatter.id, context(&organisation).now, 0),
        "another account, not the same one renewed"
    );
    assert_ne!(user.id, squatter.id, "OpenID Connect Core §2: a subject is never reassigned");
}
