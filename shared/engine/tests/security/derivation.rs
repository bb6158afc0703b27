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
        acr_values: Vec::new(),
        login_hint: None,
        code_challenge: "c".repeat(43),
        browser: "b".into(),
    };
    Transaction::begin(id.into(), client, Timestamp(0))
}

fn challenge(purpose: Purpose, address: &str, sequence: u32) -> Challenge {
    Challenge {
        purpose,
        address: address.into(),
        sequence,
        made: Timestamp(0),
        expires: Timestamp(300_000),
        sent: true,
        failed: false,
        retried: false,
    }
}

#[test]
fn r_o1_codes_are_uniform_digits_with_leading_zeros() {
    let mut counts = [[0_u32; 10]; 6];
    let mut leading_zeros = 0;
    for index in 0..100_000 {
        let code = key().passcode(
            &transaction(&format!("tx{index}"), "demo"),
            &challenge(Purpose::Registration, ADA, 1),
            6,
        );
        let code = code.expose();
        assert_eq!(code.len(), 6);
        leading_zeros += u32::from(code.starts_with("000"));
        for (place, digit) in code.bytes().enumerate() {
            counts[place][usize::from(digit - b'0')] += 1;
        }
    }
    assert!(leading_zeros > 50, "{leading_zeros}");
    for place in counts {
        let chi_square: f64 =
            place.iter().map(|count| (f64::from(*count) - 10_000.0).powi(2) / 10_000.0).sum();
        // 9 degrees of freedom, p = 0.001.
        assert!(chi_square < 27.88, "{chi_square} {place:?}");
    }
}

#[test]
fn r_o7_a_code_is_bound_to_transaction_app_address_purpose_and_sequence() {
    let base =
        key().passcode(&transaction("one", "demo"), &challenge(Purpose::Registration, ADA, 1), 6);
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

#[test]
fn r_o1_a_029_codes_repeat_and_follow_each_other_as_chance_has_it() {
    let codes: Vec<f64> = (0..100_000)
        .map(|index| {
            let challenge = challenge(Purpose::Registration, ADA, index % 5 + 1);
            key()
                .passcode(&transaction(&format!("tx{}", index / 5), "demo"), &challenge, 6)
                .expose()
                .parse()
                .unwrap()
        })
        .collect();
    let mut different = codes.clone();
    different.sort_by(f64::total_cmp);
    different.dedup();
    // Of 10^6, drawn 10^5 times: 95,163 different ones, give or take 64.
    assert!((94_840..95_490).contains(&different.len()), "{}", different.len());
    let (count, mean) = (100_000.0, 499_999.5);
    let deviation = |code: &f64| (code - mean) / 288_675.0;
    for lag in [1, 2, 5] {
        let correlation = codes
            .iter()
            .zip(&codes[lag..])
            .map(|(one, next)| deviation(one) * deviation(next))
            .sum::<f64>()
            / count;
        assert!(correlation.abs() < 4.5 / f64::sqrt(count), "lag {lag}: {correlation}");
    }
}

/// Welch's t between the times of comparing a code with guesses that share no leading digit, and
/// with guesses that share five.
fn t_of(compare: impl Fn(&Secret, &str) -> bool) -> f64 {
    let (code, far, near) = (
        Secret::new("482913".repeat(20)),
        "9".repeat(120),
        format!("{}9", &"482913".repeat(20)[..119]),
    );
    let mut times = [Vec::new(), Vec::new()];
    for sample in 0..20_000_u32 {
        // In an order that nothing else on the machine follows.
        let class = usize::from((sample.wrapping_mul(2_654_435_761) >> 16) & 1 == 1);
        let guess = if class == 0 { &far } else { &near };
        let began = std::time::Instant::now();
        for _ in 0..8 {
            assert!(!std::hint::black_box(compare(
                std::hint::black_box(&code),
                std::hint::black_box(guess)
            )));
        }
        times[class].push(began.elapsed().as_secs_f64() * 1e9);
    }
    let summary = times.map(|mut times| {
        // What took longest was interrupted.
        times.sort_by(f64::total_cmp);
        times.truncate(times.len() * 9 / 10);
        let count = f64::from(u32::try_from(times.len()).unwrap());
        let mean = times.iter().sum::<f64>() / count;
        (mean, times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0) / count)
    });
    (summary[0].0 - summary[1].0) / (summary[0].1 + summary[1].1).sqrt()
}

#[test]
#[ignore = "measures nanoseconds: cargo test -p engine --test all -- --ignored a_028, on a quiet machine"]
fn r_o9_a_028_the_time_of_a_comparison_does_not_tell_where_it_fails() {
    let naive = t_of(|code, guess| {
        code.expose().bytes().zip(guess.bytes()).all(|(one, other)| one == other)
    });
    let ours = t_of(engine::derive::same);
    println!("t of a naive comparison {naive:.1}, of ours {ours:.1}");
    assert!(naive.abs() > 4.5, "what can be measured is measured: {naive}");
    assert!(ours.abs() < 4.5, "{ours}");
}
