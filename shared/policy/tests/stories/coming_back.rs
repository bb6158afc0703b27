use super::*;

fn asking_for(name: &str, required: bool) -> Organisation {
    let mut organisation = demo();
    ask(&mut organisation, name, required);
    organisation
}

#[test]
fn asks_for_what_is_missing_and_required_and_shows_the_optional_beside_it() {
    let mut organisation = asking_for("shoeSize", true);
    ask(&mut organisation, "favouriteColour", false);
    assert_eq!(
        asked(&organisation, &sign_in(&organisation, bob())),
        ["shoeSize", "favouriteColour"]
    );
    assert!(is_done(&sign_in(&organisation, person("ada"))), "who has it is not asked");
}

#[test]
fn does_not_ask_for_what_is_optional_alone() {
    let organisation = asking_for("favouriteColour", false);
    assert!(is_done(&sign_in(&organisation, person("ada"))));
}

#[test]
fn takes_nothing_null_and_empty_for_the_same() {
    let organisation = asking_for("shoeSize", true);
    for value in [Value::Null, json!("")] {
        let mut user = person("ada");
        user.profile.insert("shoeSize".into(), value);
        assert_eq!(asked(&organisation, &sign_in(&organisation, user)), ["shoeSize"]);
    }
    // A box that was seen and left is an answer.
    let organisation = asking_for("newsletterOptIn", true);
    let mut user = person("ada");
    user.profile.insert("newsletterOptIn".into(), json!(false));
    assert!(is_done(&sign_in(&organisation, user)));
}

#[test]
fn does_not_judge_what_is_there_by_todays_schema() {
    let organisation = asking_for("shoeSize", true);
    let mut user = person("ada");
    user.profile.insert("shoeSize".into(), json!("52"));
    assert!(is_done(&sign_in(&organisation, user)));
}

#[test]
fn asks_nobody_for_what_they_may_not_write() {
    let mut organisation = asking_for("shoeSize", true);
    let property =
        organisation.user_schema.definitions.custom.properties.get_mut("shoeSize").unwrap();
    property.permissions =
        Some(vec![Permission { principal: "SELF".into(), action: Action::ReadOnly }]);
    assert!(is_done(&sign_in(&organisation, bob())), "it would lock them out");
}

#[test]
fn asks_nobody_for_what_is_in_no_schema() {
    let organisation = asking_for("invitation", true);
    assert!(is_done(&sign_in(&organisation, person("ada"))));
}

#[test]
fn asks_nothing_where_that_is_switched_off() {
    let mut organisation = asking_for("shoeSize", true);
    enrollment(&mut organisation).progressive_profiling_action = Switch::Disabled;
    assert!(is_done(&sign_in(&organisation, bob())));
}

#[test]
fn asks_even_where_nobody_can_sign_up() {
    let mut organisation = asking_for("shoeSize", true);
    enrollment(&mut organisation).unknown_user_action = Some(UnknownUserAction::Deny);
    assert_eq!(asked(&organisation, &sign_in(&organisation, bob())), ["shoeSize"]);
}

#[test]
fn does_what_the_dry_run_says() {
    let organisation = asking_for("shoeSize", true);
    let app = organisation.app("demo").unwrap();
    let labels = |requirement: &Requirement| match requirement {
        Requirement::CompleteProfile(form) => {
            form.fields.iter().map(|field| field.label.clone()).collect()
        }
        other => vec![format!("{other:?}")],
    };
    let asked = |user: &User| {
        dry_run::asked(&organisation, app, user, NOON)
            .unwrap()
            .iter()
            .flat_map(labels)
            .collect::<Vec<_>>()
    };
    assert_eq!(asked(&bob()), ["Shoe size"]);
    assert_eq!(
        asked(&person("bob")),
        ["Enroll(OktaEmail)", "Shoe size"],
        "he signed up where nothing need be proven"
    );
    assert_eq!(asked(&person("ada")), Vec::<String>::new());
}

#[test]
fn ends_with_the_answer_which_is_saved_and_not_asked_again() {
    let organisation = asking_for("shoeSize", true);
    let form = sign_in(&organisation, bob());
    let done = take(
        &organisation,
        &form.transaction,
        &Input::UpdateProfile(profile(json!({"shoeSize": "42"}))),
        &Facts::default(),
    );
    assert!(is_done(&done));
    let [Effect::SaveUser { user, password: PasswordChange::Keep, .. }] = done.effects.as_slice()
    else {
        panic!("{done:?}")
    };
    assert_eq!(user.text("shoeSize"), Some("42"));
    assert!(is_done(&sign_in(&organisation, user.clone())));
}

#[test]
fn refuses_a_value_that_somebody_else_has() {
    let organisation = asking_for("customerNumber", true);
    let form = sign_in(&organisation, bob());
    let input = Input::UpdateProfile(profile(json!({"customerNumber": "1234"})));
    let taken = take(
        &organisation,
        &form.transaction,
        &input,
        &Facts { owners: vec![Some((person("ada"), 1))], ..Facts::default() },
    );
    assert_eq!(
        (taken.rejection, &taken.notices[0].place),
        (Some(Rejection::Invalid), &Place::Attribute("customerNumber".into()))
    );
    let own = take(
        &organisation,
        &form.transaction,
        &input,
        &Facts { owners: vec![Some((bob(), 1))], ..Facts::default() },
    );
    assert!(is_done(&own));
}

#[test]
fn a_073_whoever_was_deactivated_meanwhile_is_never_done() {
    let mut organisation = demo();
    ask(&mut organisation, "shoeSize", true);
    let mut form = sign_in(&organisation, bob()).transaction;
    let Subject::Member { user, .. } = &mut form.subject else { panic!() };
    user.status = UserStatus::Deprovisioned;
    let answered = take(
        &organisation,
        &form,
        &Input::UpdateProfile(profile(json!({"shoeSize": "42"}))),
        &Facts::default(),
    );
    assert!(!is_done(&answered));
}

#[test]
fn the_dry_run_says_who_does_not_get_in() {
    let mut organisation = asking_for("shoeSize", true);
    let stopped = |organisation: &Organisation, user: &User| {
        dry_run::asked(organisation, organisation.app("demo").unwrap(), user, NOON).err()
    };
    assert_eq!(stopped(&organisation, &bob()), None);
    assert_eq!(stopped(&organisation, &person("dan")), Some(Refusal::AccessDenied), "deactivated");
    let without_password = User { has_password: false, ..bob() };
    assert_eq!(stopped(&organisation, &without_password), None, "there is the mailbox");
    enrolled_by_themselves(&mut organisation, SelfEnroll::Required, SelfEnroll::NotAllowed);
    assert_eq!(
        stopped(&organisation, &without_password),
        Some(Refusal::AccessDenied),
        "nothing to prove it with"
    );
    let mut denying = organisation.clone();
    denying.policies.global_session[0].rules[0].actions.signon.access = Access::Deny;
    assert_eq!(stopped(&denying, &bob()), Some(Refusal::AccessDenied), "denied");
    organisation.apps[0].groups = vec!["customers".into()];
    assert_eq!(stopped(&organisation, &bob()), Some(Refusal::NotAssigned));
}

#[test]
fn a_finished_transaction_keeps_nothing_of_the_profile() {
    let done = sign_in(&demo(), person("ada"));
    let Subject::Member { user, .. } = &done.transaction.subject else { panic!() };
    assert!(user.profile.is_empty());
    assert_eq!((user.id.as_str(), &user.groups), ("ada", &person("ada").groups));
}

#[test]
fn the_right_password_is_right_and_a_wrong_one_is_wrong_on_either_page() {
    let mut organisation = demo();
    for on_one_page in [true, false] {
        organisation.settings.verify_knowledge_second_when_2fa_required = !on_one_page;
        let named = Input::Identify {
            identifier: "ada@example.com".into(),
            password: on_one_page.then(password),
        };
        for right in [true, false] {
            let facts = Facts {
                owners: vec![Some((person("ada"), 7))],
                password_right: right,
                ..Facts::default()
            };
            let mut answered = take(&organisation, &begin(), &named, &facts);
            if !on_one_page {
                answered = take(
                    &organisation,
                    &answered.transaction,
                    &Input::AnswerPassword(password()),
                    &facts,
                );
            }
            assert_eq!(
                (is_done(&answered), answered.rejection),
                (right, (!right).then_some(Rejection::Unauthenticated))
            );
        }
    }
}

#[test]
fn the_client_that_waits_fetches_its_code_once() {
    let organisation = demo();
    let mut done = sign_in(&organisation, person("ada")).transaction;
    let takes = |transaction: &Transaction, input| {
        step(&context(&organisation), transaction.clone(), &input, &Facts::default()).is_ok()
    };
    assert!(
        takes(&done, Input::Introspect)
            && !takes(&done, Input::Poll)
            && !takes(&done, Input::Cancel),
        "no mail was sent that it could wait for"
    );
    done.sends = 1;
    assert!(
        takes(&done, Input::Introspect)
            && takes(&done, Input::Poll)
            && !takes(&done, Input::Cancel)
    );
    let Some(Outcome::Done { issued, .. }) = &mut done.outcome else { panic!() };
    *issued = true;
    assert!(!takes(&done, Input::Introspect) && !takes(&done, Input::Poll));
}
