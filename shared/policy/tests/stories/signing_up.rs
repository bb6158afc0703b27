use super::*;

#[test]
fn makes_nobody_before_the_mailbox_is_proven() {
    let organisation = demo();
    let sent = sign_up(&organisation, ada(), vec![]);
    assert!(sent.effects.is_empty());
    assert!(matches!(&sent.mail, Some(Mail::Passcode(challenge)) if challenge.address == "Ada@example.com"));
    let done = answer_code(&organisation, &sent.transaction, vec![]);
    assert!(is_done(&done) && created(&done).email_verified);
}

#[test]
fn makes_the_email_the_username_unless_one_is_asked_for() {
    let mut organisation = demo();
    let done = answer_code(&organisation, &sign_up(&organisation, ada(), vec![]).transaction, vec![]);
    assert_eq!(created(&done).text("login"), Some("Ada@example.com"));
    ask(&mut organisation, "login", true);
    let typed = with(ada(), "login", json!("countess@example.com"));
    let done = answer_code(&organisation, &sign_up(&organisation, typed, vec![]).transaction, vec![]);
    assert_eq!((created(&done).text("login"), created(&done).text("email")), (Some("countess@example.com"), Some("Ada@example.com")));
}

#[test]
fn puts_people_into_the_policys_group_once_they_are_people() {
    let organisation = demo();
    let done = answer_code(&organisation, &sign_up(&organisation, ada(), vec![]).transaction, vec![]);
    let user = created(&done);
    assert!(user.groups.contains("customers") && user.granted["demo-enrollment"].contains("customers"));
}

#[test]
fn fills_in_defaults() {
    let mut organisation = demo();
    let text = |default: &str| Property { kind: Some(PropertyType::String), default: Some(json!(default)), ..Property::default() };
    organisation.user_schema.definitions.custom.properties.insert("tier".into(), text("basic"));
    organisation.user_schema.definitions.custom.properties.insert("firstName2".into(), text("x"));
    let done = answer_code(&organisation, &sign_up(&organisation, ada(), vec![]).transaction, vec![]);
    assert_eq!(created(&done).text("tier"), Some("basic"));
}

#[test]
fn asks_for_what_is_in_no_schema_and_does_not_store_it() {
    let mut organisation = demo();
    ask(&mut organisation, "invitation", true);
    let without = sign_up(&organisation, ada(), vec![]);
    assert_eq!((without.rejection, &without.notices[0].place), (Some(Rejection::Invalid), &Place::Attribute("invitation".into())));
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
        let blank = matches!(messages(&decision).first(), Some(Message::Attribute { violation: Violation::Blank, .. }));
        assert_eq!(blank, rejection.is_some());
    }
}

#[test]
fn takes_no_field_that_was_not_asked_for() {
    let organisation = demo();
    let form = take(&organisation, &begin(), &Input::SelectEnrollProfile, &Facts::default()).transaction;
    let input = Input::EnrollProfile { profile: profile(with(ada(), "department", json!("Board"))), password: Some(password()) };
    assert_eq!(step(&context(&organisation), form, &input, &Facts::default()), Err(StepError::Malformed));
}

#[test]
fn with_an_address_that_is_taken_says_so_and_with_prevention_does_not() {
    let mut organisation = demo();
    let taken = || vec![Some((person("ada"), 1)), Some((person("ada"), 1))];
    let told = sign_up(&organisation, ada(), taken());
    assert_eq!((told.rejection, messages(&told)), (Some(Rejection::Invalid), vec![Message::NotUnique { label: "Email".into() }]));

    organisation.settings.user_enumeration_prevention.authentication = true;
    let (silent, free) = (sign_up(&organisation, ada(), taken()), sign_up(&organisation, ada(), vec![]));
    assert_eq!((silent.rejection, &silent.notices, &silent.counts), (free.rejection, &free.notices, &free.counts));
    assert!(matches!(silent.mail, Some(Mail::AlreadyRegistered { .. })), "its owner is told (R-R3)");
    assert_eq!(answer_code(&organisation, &silent.transaction, vec![]).rejection, Some(Rejection::Unauthenticated));
}

#[test]
fn i3_takes_an_account_over_that_nobody_has_proven() {
    let organisation = demo();
    let bobs = json!({"email": "bob@example.com", "firstName": "Robert", "lastName": "Real"});
    let squatter = || vec![Some((person("bob"), 4)), Some((person("bob"), 4))];
    let sent = sign_up(&organisation, bobs, squatter());
    assert!(matches!(sent.mail, Some(Mail::Passcode(_))));
    let done = answer_code(&organisation, &sent.transaction, squatter());
    let [Effect::SaveUser { user, version: 4, password: PasswordChange::Set(new), .. }] = done.effects.as_slice() else { panic!("{done:?}") };
    assert_eq!((user.id.as_str(), user.text("firstName"), user.email_verified, new), ("bob", Some("Robert"), true, &hash()));
    assert_eq!(user.generation, 1, "what was signed in before is void");
}

#[test]
fn tells_whoever_reads_the_mailbox_that_somebody_was_faster() {
    let organisation = demo();
    let sent = sign_up(&organisation, ada(), vec![]);
    let late = answer_code(&organisation, &sent.transaction, vec![Some((person("ada"), 1)), Some((person("ada"), 1))]);
    assert_eq!((late.rejection, &late.transaction.subject), (Some(Rejection::Invalid), &Subject::Visitor));
    assert_eq!(messages(&late), [Message::NotUnique { label: "Email".into() }]);
}
