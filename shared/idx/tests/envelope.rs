//! Every form as it goes over the wire: one snapshot each, all of them valid by the schema; and the
//! schema refuses what clients cannot work with.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use crate::schema;

use idx::envelope::{self, Ending, View, rfc3339};
use insta::assert_json_snapshot;
use policy::Context;
use policy::attribute::Violation;
use policy::message::{Message, Notice, Place};
use policy::organisation::{
    AuthenticatorKey, Organisation, PrimaryFactor, ProfileAttribute, SelfEnroll,
};
use policy::password_rules::PasswordProblem;
use policy::remediation::remediations;
use policy::time::{Span, Timestamp};
use policy::transaction::{
    Challenge, Client, Outcome, Purpose, Registration, Subject, Transaction,
};
use policy::user::{Profile, User, UserStatus};
use serde_json::{Value, json};

/// 2026-11-22T12:00:00Z
const NOON: Timestamp = Timestamp(1_795_348_800_000);

const ADA: &str = "ada@example.com";

fn demo() -> Organisation {
    organisation::parse(
        "organisation.yaml",
        include_str!("../../../functions/local/organisation.yaml"),
    )
    .unwrap()
}

/// The demo where the app decides which factor, and asks for one.
fn any_factor() -> Organisation {
    let mut organisation = demo();
    for rule in organisation.policies.global_session.iter_mut().flat_map(|policy| &mut policy.rules)
    {
        rule.actions.signon.primary_factor = PrimaryFactor::PasswordIdpAnyFactor;
    }
    organisation
}

/// The demo with these attributes on the demo app's form.
fn asking(names: &[(&str, bool)]) -> Organisation {
    let mut organisation = demo();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    let asked = names.iter().map(|(name, required)| ProfileAttribute {
        name: (*name).into(),
        label: format!("Your {name}"),
        required: *required,
    });
    policy.rules[0].actions.profile_enrollment.profile_attributes.extend(asked);
    organisation
}

fn transaction(subject: Subject) -> Transaction {
    let client = Client {
        app: "demo".into(),
        client_id: "demo-spa".into(),
        redirect_uri: "http://localhost:8787/demo/callback".into(),
        scopes: vec!["openid".into()],
        state: "s&t".into(),
        nonce: None,
        acr_values: Vec::new(),
        login_hint: None,
        code_challenge: "c".repeat(43),
        browser: "b".into(),
    };
    let mut transaction = Transaction::begin("tx".into(), client, NOON);
    transaction.subject = subject;
    transaction
}

fn profile() -> Profile {
    serde_json::from_value(
        json!({"login": ADA, "email": ADA, "firstName": "Ada", "lastName": "Lovelace"}),
    )
    .unwrap()
}

fn member(has_password: bool) -> Subject {
    let user = User {
        id: "00u1".into(),
        status: UserStatus::Active,
        created: NOON,
        last_updated: NOON,
        profile: profile(),
        email_verified: true,
        has_password,
        groups: ["customers".to_string()].into(),
        granted: [("demo-enrollment".to_string(), ["customers".to_string()].into())].into(),
        generation: 0,
        provisioned: false,
        other: <_>::default(),
    };
    Subject::Member { identifier: ADA.into(), user, version: 1 }
}

fn applicant() -> Subject {
    Subject::Applicant {
        registration: Some(Registration {
            user_id: "00u1".into(),
            profile: profile(),
            password: None,
            contested: false,
            decoy: false,
        }),
    }
}

fn challenge(purpose: Purpose) -> Challenge {
    Challenge {
        purpose,
        address: ADA.into(),
        sequence: 1,
        made: NOON,
        expires: Timestamp(NOON.0 + 300_000),
        sent: true,
        failed: false,
        retried: false,
    }
}

fn view<T>(
    organisation: &Organisation,
    transaction: &Transaction,
    notices: &[Notice],
    render: impl FnOnce(&View<'_>) -> T,
) -> T {
    view_of(organisation, transaction, notices, &Profile::new(), render)
}

fn view_of<T>(
    organisation: &Organisation,
    transaction: &Transaction,
    notices: &[Notice],
    typed: &Profile,
    render: impl FnOnce(&View<'_>) -> T,
) -> T {
    let app = organisation.app("demo").unwrap();
    let context = Context::new(organisation, app, NOON).unwrap();
    let standing = remediations(&context, transaction);
    render(&View {
        context: &context,
        transaction,
        standing: &standing,
        notices,
        typed,
        state_handle: "02handle",
        base_url: "https://id.example.com/stage",
        expires_at: rfc3339(transaction.expires()),
    })
}

/// The envelope of the current step, which is valid.
fn shown(organisation: &Organisation, transaction: &Transaction, notices: &[Notice]) -> Value {
    let envelope = view(organisation, transaction, notices, envelope::step);
    valid(&envelope);
    envelope
}

fn valid(envelope: &Value) {
    let problems = schema::problems(envelope);
    assert!(problems.is_empty(), "{problems:#?}\n{envelope:#}");
}

/// The offered forms, without what all envelopes have.
fn forms(envelope: &Value) -> Value {
    let mut envelope = envelope.clone();
    for common in ["version", "stateHandle", "expiresAt", "intent", "app", "cancel"] {
        envelope.as_object_mut().unwrap().remove(common).unwrap();
    }
    envelope
}

fn at(place: Place, message: Message) -> Notice {
    Notice { place, message }
}

#[test]
fn the_first_page_with_everything_around_it() {
    assert_json_snapshot!(shown(&demo(), &transaction(Subject::Visitor), &[]));
}

#[test]
fn the_first_page_without_a_password() {
    assert_json_snapshot!(forms(&shown(&any_factor(), &transaction(Subject::Visitor), &[])));
}

#[test]
fn the_first_page_after_an_unknown_name() {
    let notices = [at(
        Place::Form,
        Message::UnknownUser { label: "Email".into(), name: "eve@example.com".into() },
    )];
    assert_json_snapshot!(
        forms(&shown(&demo(), &transaction(Subject::Visitor), &notices))["messages"]
    );
}

#[test]
fn a_name_with_markup_is_not_echoed() {
    let notices = [at(
        Place::Form,
        Message::UnknownUser {
            label: "<b>Email".into(),
            name: "<img src=x onerror=alert(1)>@example.com".into(),
        },
    )];
    let envelope = shown(&demo(), &transaction(Subject::Visitor), &notices);
    assert!(!envelope["messages"].to_string().contains('<'), "{envelope:#}");
}

#[test]
fn the_sign_up_form() {
    let transaction = transaction(Subject::Applicant { registration: None });
    assert_json_snapshot!(forms(&shown(&demo(), &transaction, &[])));
}

#[test]
fn the_sign_up_form_with_wrong_values() {
    let transaction = transaction(Subject::Applicant { registration: None });
    let wrong = |name: &str, label: &str, violation| {
        at(
            Place::Attribute(name.into()),
            Message::Attribute {
                label: label.into(),
                name: name.into(),
                violation,
                property: Box::default(),
            },
        )
    };
    let notices = [
        wrong("email", "Email", Violation::InvalidEmail),
        wrong("firstName", "First name", Violation::Blank),
        wrong("lastName", "Last name", Violation::TooLong { max: 50 }),
        at(Place::Attribute("lastName".into()), Message::NotUnique { label: "Last name".into() }),
        at(Place::Passcode, Message::Password(PasswordProblem::Common)),
        at(Place::Form, Message::TooManyRequests(Some(Span::minutes(50)))),
    ];
    assert_json_snapshot!(forms(&shown(&demo(), &transaction, &notices)));
}

/// One mistake, one message, that says what would be right.
#[test]
fn what_is_wrong_with_a_value_is_said_in_the_words_of_people() {
    let property =
        |value: Value| serde_json::from_value::<policy::organisation::Property>(value).unwrap();
    let integer = |limits: Value| {
        let mut whole = json!({"type": "integer"});
        whole.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
        property(whole)
    };
    let below = Violation::BelowMinimum { minimum: 1.0 };
    let said: Vec<Value> = [
        (property(json!({"pattern": "[-a-z0-9\\.]+"})), Violation::Pattern),
        (property(json!({"pattern": ".+"})), Violation::ForbiddenCharacter),
        (property(json!({"type": "string"})), Violation::InvalidEmail),
        (property(json!({"type": "string"})), Violation::TooShort { min: 5 }),
        (integer(json!({"minimum": 1, "maximum": 999_999})), below.clone()),
        (integer(json!({"minimum": 1})), below.clone()),
        (integer(json!({"maximum": 9.5})), Violation::AboveMaximum { maximum: 9.5 }),
        (integer(json!({})), Violation::WrongType),
        (integer(json!({})), Violation::NotAllowed),
        (property(json!({"type": "number"})), Violation::WrongType),
        (property(json!({"type": "boolean"})), Violation::WrongType),
        (property(json!({"type": "string", "enum": ["a"]})), Violation::NotAllowed),
        (property(json!({"format": "uri"})), Violation::NotAllowed),
        (property(json!({"format": "date-time"})), Violation::NotAllowed),
        (property(json!({"format": "country-code"})), Violation::NotAllowed),
        (property(json!({"format": "language-code"})), Violation::NotAllowed),
        (property(json!({"format": "locale"})), Violation::NotAllowed),
        (property(json!({"format": "timezone"})), Violation::NotAllowed),
        (property(json!({})), Violation::NotAllowed),
    ]
    .into_iter()
    .flat_map(|(property, violation)| {
        let notice = at(
            Place::Form,
            Message::Attribute {
                label: "Size".into(),
                name: "size".into(),
                violation,
                property: Box::new(property),
            },
        );
        let said = idx::message::values([&notice]);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(!said[0].to_string().contains("pattern"), "{said:?}");
        said
    })
    .collect();
    assert_json_snapshot!(said);
}

#[test]
fn what_is_wrong_with_a_code_or_a_field_says_the_way_out() {
    let notices = [
        Message::NewestPasscode,
        Message::TooManyPasscodes(Some(Span::minutes(50))),
        Message::NotOnTheForm("shoeSize".into()),
        Message::NotAsAsked,
    ];
    assert_json_snapshot!(idx::message::values(&notices.map(|message| at(Place::Form, message))));
}

#[test]
fn the_rules_of_a_password_that_clients_do_not_list_are_in_its_label() {
    let transaction = transaction(Subject::Applicant { registration: None });
    let label = |organisation: &Organisation| {
        let form = forms(&shown(organisation, &transaction, &[]));
        let settings = &form["currentAuthenticator"]["value"]["settings"]["complexity"];
        let text = form["remediation"]["value"][0]["value"][1]["form"]["value"][0]["label"]
            .as_str()
            .unwrap()
            .to_string();
        (text, settings["excludeUsername"].clone())
    };
    let (all, listed) = label(&demo());
    for rule in [
        "up to 256 characters",
        "more than two of them different",
        "not a common one",
        "no part of your email address",
        "not the name of this site",
    ] {
        assert!(all.contains(rule), "{all}");
    }
    assert_eq!(listed, json!(false), "the client would call it a username");
    let mut other = demo();
    let complexity = &mut other.policies.password[0].settings.as_mut().unwrap().password.complexity;
    complexity.dictionary.common.exclude = false;
    let free = policy::organisation::Property { pattern: Some(".+".into()), ..Default::default() };
    other.user_schema.definitions.base.properties.insert("login".into(), free);
    let (fewer, listed) = label(&other);
    assert!(!fewer.contains("common") && !fewer.contains("part of"), "{fewer}");
    assert_eq!(listed, json!(true));
}

#[test]
fn the_first_page_calls_a_username_what_it_is() {
    let identifier = |organisation: &Organisation| {
        shown(organisation, &transaction(Subject::Visitor), &[])["remediation"]["value"][0]["value"]
            [0]
        .clone()
    };
    let email = identifier(&demo());
    assert_eq!((&email["label"], &email["customLabel"]), (&json!("Email"), &json!(true)));
    let mut other = demo();
    let free = policy::organisation::Property { pattern: Some(".+".into()), ..Default::default() };
    other.user_schema.definitions.base.properties.insert("login".into(), free);
    let username = identifier(&other);
    assert_eq!(
        (&username["label"], &username["customLabel"]),
        (&json!("Username"), &Value::Null),
        "clients translate it"
    );
}

#[test]
fn the_code_that_finishes_a_sign_up() {
    let mut transaction = transaction(applicant());
    transaction.challenge = Some(challenge(Purpose::Registration));
    let notices = [at(Place::Passcode, Message::InvalidPasscode)];
    assert_json_snapshot!(forms(&shown(&demo(), &transaction, &notices)));
}

#[test]
fn the_password_that_is_set_after_the_code() {
    let mut organisation = demo();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    policy.rules[0].actions.profile_enrollment.enroll_authenticator_types = None;
    let mut transaction = transaction(applicant());
    transaction.proofs.insert(AuthenticatorKey::OktaEmail, NOON);
    assert_json_snapshot!(forms(&shown(&organisation, &transaction, &[])));
}

#[test]
fn an_optional_password() {
    let mut organisation = any_factor();
    let policy = organisation
        .policies
        .profile_enrollment
        .iter_mut()
        .find(|policy| policy.id == "demo-enrollment")
        .unwrap();
    policy.rules[0].actions.profile_enrollment.enroll_authenticator_types = None;
    for one in &mut organisation.policies.authenticator_enrollment[0]
        .settings
        .as_mut()
        .unwrap()
        .authenticators
    {
        one.enroll.own = if one.key == AuthenticatorKey::OktaPassword.as_str() {
            SelfEnroll::Optional
        } else {
            SelfEnroll::Required
        };
    }
    let mut transaction = transaction(member(false));
    transaction.proofs.insert(AuthenticatorKey::OktaEmail, NOON);
    assert_json_snapshot!(forms(&shown(&organisation, &transaction, &[])));
}

#[test]
fn a_choice_of_factors() {
    assert_json_snapshot!(forms(&shown(&any_factor(), &transaction(member(true)), &[])));
}

#[test]
fn the_password_of_a_person_who_could_take_the_code() {
    let mut transaction = transaction(member(true));
    transaction.chosen = Some(AuthenticatorKey::OktaPassword);
    let notices = [at(Place::Passcode, Message::IncorrectPassword)];
    assert_json_snapshot!(forms(&shown(&any_factor(), &transaction, &notices)));
}

#[test]
fn the_code_that_signs_in() {
    let mut transaction = transaction(member(true));
    transaction.chosen = Some(AuthenticatorKey::OktaEmail);
    transaction.challenge = Some(challenge(Purpose::SignIn));
    assert_json_snapshot!(forms(&shown(&any_factor(), &transaction, &[])));
}

#[test]
fn the_progressive_form_in_every_display_format() {
    let organisation = asking(&[
        ("shoeSize", true),
        ("favouriteColour", false),
        ("country", true),
        ("customerNumber", false),
        ("newsletterOptIn", false),
        ("paperInvoices", true),
        ("middleName", false),
    ]);
    let mut transaction = transaction(member(true));
    transaction.proofs.insert(AuthenticatorKey::OktaPassword, NOON);
    assert_json_snapshot!(forms(&shown(&organisation, &transaction, &[])));
}

/// A form that is shown anew has what was typed into the one before, as far as it is right, in
/// every display format.
#[test]
fn what_was_typed_is_filled_in_again() {
    let names = [
        "shoeSize",
        "favouriteColour",
        "country",
        "customerNumber",
        "newsletterOptIn",
        "paperInvoices",
        "department",
    ];
    let organisation = asking(&names.map(|name| (name, true)));
    let mut transaction = transaction(member(true));
    transaction.proofs.insert(AuthenticatorKey::OktaPassword, NOON);
    let refilled = |typed: Value| -> Vec<Value> {
        let typed = serde_json::from_value(typed).unwrap();
        let envelope = view_of(
            &organisation,
            &transaction,
            &[at(Place::Form, Message::Changed)],
            &typed,
            envelope::step,
        );
        valid(&envelope);
        let fields =
            envelope["remediation"]["value"][0]["value"][0]["form"]["value"].as_array().unwrap();
        fields.iter().map(|field| field["value"].clone()).collect()
    };
    let right = json!({
        "shoeSize": "38", "favouriteColour": "red", "country": "DE", "customerNumber": 7, "newsletterOptIn": true, "paperInvoices": "false", "department": "<b>"
    });
    // A number is text on the wire, and so is the choice of a radio button.
    assert_eq!(json!(refilled(right)), json!(["38", "red", "DE", "7", true, "false", "<b>"]));
    let wrong = json!({"shoeSize": "7", "favouriteColour": "black", "country": "nowhere", "customerNumber": "many", "newsletterOptIn": "perhaps", "memberSince": "x"});
    assert_eq!(refilled(wrong), vec![Value::Null; 7]);
}

#[test]
fn the_time_zones_that_are_accepted_can_be_chosen() {
    let mut organisation = asking(&[("timezone", true)]);
    let stated = serde_json::from_value(
        json!({"permissions": [{"principal": "SELF", "action": "READ_WRITE"}]}),
    )
    .unwrap();
    organisation.user_schema.definitions.base.properties.insert("timezone".into(), stated);
    let mut transaction = transaction(member(true));
    transaction.proofs.insert(AuthenticatorKey::OktaPassword, NOON);
    let envelope = shown(&organisation, &transaction, &[]);
    let display = &envelope["remediation"]["value"][0]["value"][0]["form"]["value"][0]["options"]
        [0]["value"]["value"];
    let options = display["options"].as_array().unwrap();
    let zone = organisation.user_schema.property("timezone").unwrap();
    assert!(
        options.iter().all(|option| policy::attribute::validate(
            "timezone",
            &zone,
            &option["value"]
        )
        .is_ok())
    );
    assert!(
        options.contains(&json!({"label": "Europe/Berlin", "value": "Europe/Berlin"}))
            && options.len() > 500,
        "{display}"
    );
    assert_eq!(display["inputType"], "select");
}

#[test]
fn a_title_alone_is_shown_without_a_button() {
    let mut organisation = asking(&[("shoeSize", true)]);
    for schema in &mut organisation.ui_schemas {
        schema.ui_schema.button_label = None;
    }
    let mut transaction = transaction(member(true));
    transaction.proofs.insert(AuthenticatorKey::OktaPassword, NOON);
    assert_eq!(
        shown(&organisation, &transaction, &[])["uiDisplay"]["value"],
        json!({"label": "Almost there"})
    );
}

#[test]
fn the_end_with_a_code() {
    let mut transaction = transaction(member(true));
    transaction.outcome =
        Some(Outcome::Done { user_id: "00u1".into(), generation: 0, at: NOON, issued: false });
    let envelope = view(&demo(), &transaction, &[], |view| {
        envelope::success(view, Ending::InteractionCode, "the-code")
    });
    valid(&envelope);
    assert_json_snapshot!(envelope);
}

#[test]
fn the_end_by_way_of_the_browser() {
    let mut transaction = transaction(member(true));
    transaction.outcome =
        Some(Outcome::Done { user_id: "00u1".into(), generation: 0, at: NOON, issued: false });
    let envelope = view(&demo(), &transaction, &[], |view| {
        envelope::success(view, Ending::Redirect, "the-code")
    });
    valid(&envelope);
    assert_eq!(
        envelope["success"]["href"],
        "http://localhost:8787/demo/callback?interaction_code=the-code&state=s%26t"
    );
}

#[test]
fn ends_with_nothing_to_do() {
    let mut continued = transaction(member(true));
    continued.outcome =
        Some(Outcome::Done { user_id: "00u1".into(), generation: 0, at: NOON, issued: true });
    let mut unassigned = demo();
    unassigned.apps.iter_mut().find(|app| app.id == "demo").unwrap().groups =
        vec!["subscribers".into()];
    let mut known = transaction(member(true));
    known.proofs.insert(AuthenticatorKey::OktaPassword, NOON);
    let terminal =
        envelope::terminal("idx.session.expired", "You have been logged out due to inactivity.");
    valid(&terminal);
    let ends = [
        shown(&demo(), &continued, &[])["messages"].clone(),
        shown(&unassigned, &known, &[])["messages"].clone(),
        terminal,
    ];
    assert_json_snapshot!(ends);
}

/// The schema is worth something only if it refuses.
#[test]
fn what_clients_cannot_work_with_is_refused() {
    let organisation = asking(&[("shoeSize", true), ("newsletterOptIn", false)]);
    let mut progressive = transaction(member(true));
    progressive.proofs.insert(AuthenticatorKey::OktaPassword, NOON);
    let progressive = shown(&organisation, &progressive, &[]);
    let mut code = transaction(member(true));
    code.chosen = Some(AuthenticatorKey::OktaEmail);
    code.challenge = Some(challenge(Purpose::SignIn));
    let code = shown(&any_factor(), &code, &[at(Place::Passcode, Message::InvalidPasscode)]);
    let (form, field) = ("/remediation/value/0", "/remediation/value/0/value/0/form/value/0");

    let set = |envelope: &Value, pointer: &str, key: &str, value: Value| {
        let mut envelope = envelope.clone();
        let place = envelope.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}"));
        match (place, value) {
            (Value::Object(map), Value::Null) => drop(map.remove(key).unwrap()),
            (place, value) => place[key] = value,
        }
        envelope
    };
    let gone = Value::Null;
    let refused = [
        set(&progressive, "", "version", gone.clone()),
        set(&progressive, "", "password", json!("x")),
        set(&progressive, form, "rel", gone.clone()),
        set(&progressive, form, "method", gone.clone()),
        set(&progressive, form, "method", json!("GET")),
        set(&progressive, form, "href", json!("https://id.example.com/stage/idp/idx/enroll/other")),
        set(&progressive, &format!("{form}/value/1"), "mutable", gone.clone()),
        set(&progressive, &format!("{form}/value/1"), "visible", json!(true)),
        set(&progressive, &format!("{form}/value/1"), "value", json!("another")),
        set(&progressive, field, "required", gone.clone()),
        set(&progressive, field, "type", json!("number")),
        set(&progressive, field, "type", json!("integer")),
        set(&progressive, field, "type", json!("date")),
        set(&progressive, field, "type", json!("email")),
        set(&progressive, field, "type", json!("array")),
        set(&progressive, field, "options", json!([{"label": "EU 38", "value": "38"}])),
        // All optional: one generation of the widget breaks on it.
        set(&progressive, field, "required", json!(false)),
        set(&code, form, "relatesTo", gone.clone()),
        set(&code, form, "relatesTo", json!(["$.currentAuthenticator"])),
        set(&code, "", "currentAuthenticatorEnrollment", gone.clone()),
        set(&code, "/currentAuthenticatorEnrollment/value", "key", gone.clone()),
        set(&code, "/currentAuthenticatorEnrollment/value/contextualData", "otp", json!("123456")),
        set(&code, "/currentAuthenticatorEnrollment/value/poll", "refresh", gone.clone()),
        set(
            &code,
            "/remediation/value/1/value/0/options/0",
            "relatesTo",
            json!("$.authenticatorEnrollments.value[7]"),
        ),
        set(&code, &format!("{field}/messages/value/0"), "class", json!("error")),
        set(&code, &format!("{field}/messages"), "type", gone),
    ];
    for (index, envelope) in refused.iter().enumerate() {
        assert!(!schema::problems(envelope).is_empty(), "number {index} is taken: {envelope:#}");
    }
}
