//! R-O1, R-O7: what codes are made of.

use engine::derive::Key;
use policy::secret::Secret;
use policy::time::Timestamp;
use policy::transaction::{Challenge, Client, Purpose, Transaction};

const ADA: &str = "ada@example.com";

fn key() -> Key {
    Key::new(Secret::new("a key of at least thirty-two characters"))
}

fn transaction(id: &str, app: &str) -> Transaction {
    let client = Client {
        app: app.into(),
        client_id: app.into(),
        redirect_uri: "https://app.example/cb".into(),
        scopes: vec!["openid".into()],
        state: "s".into(),
        nonce: None,
        code_challenge: "c".repeat(43),
        browser: "b".into(),
    };
    Transaction::begin(id.into(), client, Timestamp(0))
}

fn challenge(purpose: Purpose, address: &str, sequence: u32) -> Challenge {
    Challenge { purpose, address: address.into(), sequence, made: Timestamp(0), expires: Timestamp(300_000), sent: true, retried: false }
}

#[test]
fn r_o1_codes_are_uniform_digits_with_leading_zeros() {
    let mut counts = [[0_u32; 10]; 6];
    let mut leading_zeros = 0;
    for index in 0..100_000 {
        let code = key().passcode(&transaction(&format!("tx{index}"), "demo"), &challenge(Purpose::Registration, ADA, 1), 6);
        let code = code.expose();
        assert_eq!(code.len(), 6);
        leading_zeros += u32::from(code.starts_with("000"));
        for (place, digit) in code.bytes().enumerate() {
            counts[place][usize::from(digit - b'0')] += 1;
        }
    }
    assert!(leading_zeros > 50, "{leading_zeros}");
    for place in counts {
        let chi_square: f64 = place.iter().map(|count| (f64::from(*count) - 10_000.0).powi(2) / 10_000.0).sum();
        // 9 degrees of freedom, p = 0.001.
        assert!(chi_square < 27.88, "{chi_square} {place:?}");
    }
}

#[test]
fn r_o7_a_code_is_bound_to_transaction_app_address_purpose_and_sequence() {
    let base = key().passcode(&transaction("one", "demo"), &challenge(Purpose::Registration, ADA, 1), 6);
    let others = [
        (transaction("two", "demo"), challenge(Purpose::Registration, ADA, 1)),
        (transaction("one", "other"), challenge(Purpose::Registration, ADA, 1)),
        (transaction("one", "demo"), challenge(Purpose::SignIn, ADA, 1)),
        (transaction("one", "demo"), challenge(Purpose::Registration, "eve@example.com", 1)),
        (transaction("one", "demo"), challenge(Purpose::Registration, ADA, 2)),
    ];
    for (transaction, challenge) in others {
        assert_ne!(base, key().passcode(&transaction, &challenge, 6));
    }
}
