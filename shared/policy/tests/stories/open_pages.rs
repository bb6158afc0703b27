//! A policy changes while somebody has a page open (security.md R-S9).
use policy::time::Timestamp;
use policy::transaction::Challenge;

use super::getting_in::any_factor;
use super::*;

/// The sign-up form, as it is open in a browser.
fn open_form(organisation: &Organisation) -> Transaction {
    take(organisation, &begin(), &Input::SelectEnrollProfile, &Facts::default()).transaction
}

fn sent(typed: Value, password: bool) -> Input {
    Input::EnrollProfile { profile: profile(typed), password: password.then(self::password) }
}

fn facts() -> Facts {
    Facts {
        owners: vec![None, None],
        new_password: Some(hash()),
        new_user_id: "new".into(),
        ..Facts::default()
    }
}

fn redrawn(decision: &Decision) -> bool {
    decision.rejection == Some(Rejection::Outdated(Outdated::Changed))
        && messages(decision) == [Message::Changed]
        && decision.effects.is_empty()
}

#[test]
fn a_value_that_the_form_offered_and_that_is_no_longer_asked_is_dropped() {
    let mut organisation = demo();
    ask(&mut organisation, "favouriteColour", true);
    let open = open_form(&organisation);
    enrollment(&mut organisation).profile_attributes.retain(|one| one.name != "favouriteColour");
    let taken = take(
        &organisation,
        &open,
        &sent(with(ada(), "favouriteColour", json!("red")), true),
        &facts(),
    );
    assert_eq!(taken.rejection, None, "{taken:?}");
    assert!(taken.mail.is_some(), "the code is on its way");
    assert!(!format!("{:?}", taken.transaction.subject).contains("favouriteColour"));
    // What no form ever offered is refused as before.
    let more = sent(with(ada(), "shoeSize", json!("38")), true);
    assert_eq!(take(&organisation, &open, &more, &facts()).rejection, Some(Rejection::Invalid));
}

#[test]
fn a_required_attribute_that_has_joined_is_shown_with_a_message_and_an_optional_one_keeps_nobody() {
    let mut organisation = demo();
    let open = open_form(&organisation);
    ask(&mut organisation, "favouriteColour", false);
    assert_eq!(take(&organisation, &open, &sent(ada(), true), &facts()).rejection, None);

    ask(&mut organisation, "shoeSize", true);
    let told = take(&organisation, &open, &sent(ada(), true), &facts());
    assert!(redrawn(&told), "{told:?}");
    // From now on the person has the new form: what is left out is told at its field.
    let again = take(&organisation, &told.transaction, &sent(ada(), true), &facts());
    assert_eq!(
        (again.rejection, &again.notices[0].place),
        (Some(Rejection::Invalid), &Place::Attribute("shoeSize".into()))
    );
    assert_eq!(
        take(
            &organisation,
            &told.transaction,
            &sent(with(ada(), "shoeSize", json!("38")), true),
            &facts()
        )
        .rejection,
        None
    );
}

#[test]
fn what_can_be_told_at_a_field_that_is_there_is_told_there() {
    let mut organisation = demo();
    ask(&mut organisation, "customerNumber", false);
    let open = open_form(&organisation);
    // It has become required.
    enrollment(&mut organisation).profile_attributes.iter_mut().for_each(|one| one.required = true);
    let told = take(&organisation, &open, &sent(ada(), true), &facts());
    assert_eq!(
        (told.rejection, &told.notices[0].place),
        (Some(Rejection::Invalid), &Place::Attribute("customerNumber".into()))
    );
    // A range has narrowed.
    organisation
        .user_schema
        .definitions
        .custom
        .properties
        .get_mut("customerNumber")
        .unwrap()
        .maximum = Some(9_000.0);
    let told = take(
        &organisation,
        &open,
        &sent(with(ada(), "customerNumber", json!("9999")), true),
        &facts(),
    );
    assert_eq!(
        (told.rejection, &told.notices[0].place),
        (Some(Rejection::Invalid), &Place::Attribute("customerNumber".into()))
    );
}

#[test]
fn choices_that_have_narrowed_are_shown() {
    let mut organisation = demo();
    ask(&mut organisation, "favouriteColour", true);
    let open = open_form(&organisation);
    let colour =
        organisation.user_schema.definitions.custom.properties.get_mut("favouriteColour").unwrap();
    let gone = colour.enumeration.as_mut().unwrap().remove(0);
    if let Some(titles) = &mut colour.one_of {
        titles.remove(0);
    }
    let stays = colour.enumeration.as_ref().unwrap()[0].clone();
    assert!(redrawn(&take(
        &organisation,
        &open,
        &sent(with(ada(), "favouriteColour", gone), true),
        &facts()
    )));
    // Whoever chose another one notices nothing.
    assert_eq!(
        take(&organisation, &open, &sent(with(ada(), "favouriteColour", stays), true), &facts())
            .rejection,
        None
    );
}

#[test]
fn a_password_that_joins_the_form_is_asked_for_and_one_that_leaves_it_is_dropped() {
    let mut organisation = demo();
    let with_password = open_form(&organisation);
    enrollment(&mut organisation).enroll_authenticator_types = None;
    let without = open_form(&organisation);
    let taken = take(&organisation, &with_password, &sent(ada(), true), &facts());
    assert_eq!((taken.rejection, taken.transaction.proofs.len()), (None, 0));
    assert!(
        matches!(
            needs(&organisation, &with_password, &sent(ada(), true)).password,
            PasswordWork::None
        ),
        "nothing is hashed"
    );
    // On a page that never asked for one, it is refused.
    assert_eq!(
        step(&context(&organisation), without.clone(), &sent(ada(), true), &facts()),
        Err(StepError::Malformed)
    );

    let organisation = demo();
    assert!(redrawn(&take(&organisation, &without, &sent(ada(), false), &facts())));
}

#[test]
fn the_first_page_is_shown_anew_when_it_asks_for_a_password() {
    let organisation = demo();
    let mut identifier_first = demo();
    any_factor(&mut identifier_first);
    let page = |organisation: &Organisation| {
        take(organisation, &begin(), &Input::Introspect, &Facts::default()).transaction
    };
    let named = |password: bool| Input::Identify {
        identifier: "ada@example.com".into(),
        password: password.then(self::password),
    };
    let owned = Facts { owners: vec![Some((person("ada"), 1))], ..Facts::default() };
    assert!(redrawn(&take(&organisation, &page(&identifier_first), &named(false), &owned)));
    let taken = take(&identifier_first, &page(&organisation), &named(true), &owned);
    assert_eq!(
        (taken.rejection, taken.transaction.proofs.len()),
        (None, 0),
        "the password is asked for, and proven, later"
    );
}

#[test]
fn a_form_that_is_not_asked_for_any_more_leads_to_what_is() {
    use AuthenticatorKey::{OktaEmail, OktaPassword};
    let mut organisation = demo();
    any_factor(&mut organisation);
    enrolled_by_themselves(&mut organisation, SelfEnroll::Optional, SelfEnroll::Optional);
    enrollment(&mut organisation).enroll_authenticator_types = None;
    let sent = take(
        &organisation,
        &open_form(&organisation),
        &sent(ada(), false),
        &Facts { new_password: None, ..facts() },
    );
    let choice = answer_code(&organisation, &sent.transaction, vec![]).transaction;
    // A way past is offered, and goes away.
    enrolled_by_themselves(&mut organisation, SelfEnroll::Required, SelfEnroll::Optional);
    let told = take(&organisation, &choice, &Input::Skip, &Facts::default());
    assert!(redrawn(&told), "{told:?}");
    assert!(!told.transaction.skipped);
    // What was never offered is refused.
    let not_offered =
        step(&context(&organisation), told.transaction.clone(), &Input::Skip, &Facts::default());
    assert_eq!(not_offered, Err(StepError::NotOffered));
    assert!(!told.transaction.proven(OktaPassword) && told.transaction.proven(OktaEmail));
}

#[test]
fn where_sign_up_has_closed_the_first_page_says_so_and_the_way_back_to_it_is_open() {
    let mut organisation = demo();
    let open = open_form(&organisation);
    enrollment(&mut organisation).unknown_user_action = Some(UnknownUserAction::Deny);
    let told = take(&organisation, &open, &sent(ada(), true), &facts());
    assert_eq!(
        (told.rejection, &told.transaction.subject),
        (Some(Rejection::Outdated(Outdated::SignUpClosed)), &Subject::Visitor)
    );
    assert_eq!(messages(&told), [Message::RegistrationUnavailable]);
    let back = take(&organisation, &open, &Input::SelectIdentify, &Facts::default());
    assert_eq!((back.rejection, back.transaction.subject), (None, Subject::Visitor));
}

#[test]
fn a_page_that_waits_keeps_its_transaction_alive() {
    let organisation = demo();
    let waiting = sign_up(&organisation, ada(), vec![]).transaction;
    let poll = |now: Timestamp, transaction: &Transaction| {
        let context = Context::new(&organisation, organisation.app("demo").unwrap(), now).unwrap();
        step(&context, transaction.clone(), &Input::Poll, &Facts::default()).unwrap().transaction
    };
    let mut waiting = Transaction {
        challenge: waiting.challenge.map(|challenge| Challenge { sent: true, ..challenge }),
        ..waiting
    };
    // A poll writes nothing, once in half of the idle time excepted.
    assert_eq!(poll(waiting.touched + Span::seconds(450), &waiting), waiting);
    for minutes in (8..60).step_by(8) {
        let now = NOON + Span::minutes(minutes);
        assert!(!waiting.expired(now), "{minutes}");
        let polled = poll(now, &waiting);
        assert_eq!(polled, Transaction { touched: now, ..waiting });
        waiting = polled;
    }
    // Not for ever.
    assert!(waiting.expired(NOON + Span::minutes(60)));
}
