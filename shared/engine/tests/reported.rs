//! Cases from public bug reports of products that do the same job. `tests/reported.md` names the
//! test of each.

use policy::organisation::Organisation;
use serde_json::{Value, json};

use crate::open_pages::{self, ADA, PASSWORD, UPDATE, at_the_progressive_form};
use crate::stage::{Browser, Stage};

/// The demo, which asks for these attributes too, and takes any number of a customer.
fn asking(names: &[(&str, bool)]) -> Organisation {
    let mut organisation = open_pages::asking(names);
    let attributes = &mut organisation.user_schema.definitions.custom.properties;
    let number = attributes.get_mut("customerNumber").unwrap();
    (number.minimum, number.unique) = (Some(0.0), None);
    organisation
}

/// Sends the form; it is taken, stored, and not asked for again.
fn answered_for_good(stage: &Stage, ada: &mut Browser<'_>, sent: &Value) -> Value {
    let done = ada.step(UPDATE, json!({ "userProfile": sent }));
    assert!(done.interaction_code().is_some(), "{}", done.text);
    let mut again = stage.browser("demo-spa");
    again.begin();
    let next = again.password(ADA, PASSWORD);
    assert!(next.interaction_code().is_some(), "asked for again: {}", next.text);
    stage.items("USER")[0].body["profile"].clone()
}

#[test]
fn c19_false_and_zero_are_answers() {
    for (no, zero) in [(json!(false), json!(0)), (json!("false"), json!("0"))] {
        let stage = Stage::new();
        let asked = asking(&[("paperInvoices", true), ("customerNumber", true)]);
        let mut ada = at_the_progressive_form(&stage, &asked);
        let stored = answered_for_good(
            &stage,
            &mut ada,
            &json!({"paperInvoices": no, "customerNumber": zero}),
        );
        assert_eq!(
            (&stored["paperInvoices"], &stored["customerNumber"]),
            (&json!(false), &json!(0))
        );
    }
}

#[test]
fn c20_optional_fields_beside_required_ones_may_stay_empty_and_nothing_loops() {
    let stage = Stage::new();
    let asked = asking(&[
        ("shoeSize", true),
        ("favouriteColour", true),
        ("customerNumber", false),
        ("country", false),
    ]);
    let mut ada = at_the_progressive_form(&stage, &asked);
    let sent =
        json!({"shoeSize": "42", "favouriteColour": "red", "customerNumber": "7", "country": ""});
    let stored = answered_for_good(&stage, &mut ada, &sent);
    assert_eq!((&stored["customerNumber"], &stored["country"]), (&json!(7), &Value::Null));
}

#[test]
fn c21_a_double_click_is_one_mail_one_account_and_the_same_answer() {
    let stage = Stage::new();
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    browser.step("/idp/idx/enroll", json!({}));
    let form = json!({
        "userProfile": {"email": ADA, "firstName": "Ada", "lastName": "Lovelace"}, "credentials": {"passcode": PASSWORD},
    });
    let sent: Vec<_> = (0..4).map(|_| browser.step("/idp/idx/enroll/new", form.clone())).collect();
    for answer in &sent {
        assert_eq!((answer.status, &answer.text), (200, &sent[0].text));
    }
    assert_eq!(stage.mails().len(), 1);

    let code = stage.code(ADA);
    let done: Vec<_> =
        (0..4).map(|_| browser.answer_code(&code).interaction_code().unwrap()).collect();
    assert!(done.iter().all(|code| *code == done[0]));
    assert_eq!(stage.items("USER").len(), 1);
}
