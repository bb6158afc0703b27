//! R-R2 measured: whether the time of an answer tells who has an account. Minutes long, and as good
//! as the machine is quiet, so it is asked for: `cargo test --release -p tests --test attacks --
//! --ignored --nocapture a_002`; `SAMPLES=500` for fewer.

use std::time::{Duration, Instant};

use serde_json::json;

use super::stage::{Stage, demo};

const PASSWORD: &str = "correct horse battery";

#[test]
#[ignore = "takes minutes and wants a quiet machine; that the calls are the same is a test of the suite"]
fn r_r2_a_002_time_does_not_tell_who_has_an_account() {
    let samples: usize =
        std::env::var("SAMPLES").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000);
    let mut organisation = demo();
    organisation.settings.user_enumeration_prevention.authentication = true;
    let limits = &mut organisation.settings.limits;
    (
        limits.guesses_per_address_per_hour,
        limits.guesses_per_source_per_hour,
        limits.guesses_in_all_per_hour,
    ) = (1_000_000, 1_000_000, 1_000_000);
    for settings in
        organisation.policies.password.iter_mut().filter_map(|policy| policy.settings.as_mut())
    {
        settings.password.lockout.max_attempts = 0;
    }
    let stage = Stage::with(&organisation);
    let people = ["known", "unknown", "deactivated"];
    for name in ["known", "deactivated"] {
        let mut browser = stage.browser("demo-spa");
        let address = format!("{name}@example.com");
        browser.sign_up(&address, PASSWORD);
        assert!(browser.answer_code(&stage.code(&address)).interaction_code().is_some());
    }
    let mut item = stage
        .items("USER")
        .into_iter()
        .find(|item| item.body["profile"]["email"] == "deactivated@example.com")
        .unwrap();
    item.body["status"] = json!("DEPROVISIONED");
    item.version += 1;
    stage.put(item);

    let mut browsers = people.map(|name| {
        let mut browser = stage.browser("demo-spa");
        browser.begin();
        browser.step("/idp/idx/identify", json!({"identifier": format!("{name}@example.com")}));
        browser
    });
    let mut times: [Vec<Duration>; 3] = Default::default();
    for sample in 0..samples {
        // Interleaved, each time in another order: whatever else the machine does meets all alike.
        for place in 0..people.len() {
            let who = (place + sample) % people.len();
            let began = Instant::now();
            let answer = browsers[who].step(
                "/idp/idx/challenge/answer",
                json!({"credentials": {"passcode": "not the password"}}),
            );
            times[who].push(began.elapsed());
            assert_eq!(answer.status, 401, "{}", answer.text);
        }
        if sample % 100 == 99 {
            // A transaction that nothing changes idles out.
            for (browser, name) in browsers.iter_mut().zip(people) {
                browser.begin();
                browser.step(
                    "/idp/idx/identify",
                    json!({"identifier": format!("{name}@example.com")}),
                );
            }
        }
    }
    let unknown = times[1].clone();
    for (name, times) in people.into_iter().zip(&times).filter(|(name, _)| *name != "unknown") {
        let (area, gap) =
            (area_under_curve(times, &unknown), median(times).abs_diff(median(&unknown)));
        println!(
            "{name} against unknown: AUC {area:.4}, medians {gap:?} apart, {samples} samples each"
        );
        assert!(
            (area - 0.5).abs() <= 0.03 && gap < Duration::from_millis(1),
            "{name}: AUC {area}, gap {gap:?}"
        );
    }
}

/// How often one of `ones` took longer than one of `others`: one half if they look the same.
fn area_under_curve(ones: &[Duration], others: &[Duration]) -> f64 {
    let mut others = others.to_vec();
    others.sort();
    let wins: f64 = ones
        .iter()
        .map(|one| {
            let (below, not_above) = (
                others.partition_point(|other| other < one),
                others.partition_point(|other| other <= one),
            );
            f64::from(u32::try_from(below + not_above).unwrap()) / 2.0
        })
        .sum();
    wins / f64::from(u32::try_from(ones.len() * others.len()).unwrap())
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2]
}

#[test]
fn the_area_tells_what_can_be_told_apart() {
    let times = |from: u64| (from..from + 100).map(Duration::from_millis).collect::<Vec<_>>();
    assert!((area_under_curve(&times(0), &times(0)) - 0.5).abs() < 1e-9);
    assert!((area_under_curve(&times(200), &times(0)) - 1.0).abs() < 1e-9);
    assert!(area_under_curve(&times(10), &times(0)) > 0.53);
}
