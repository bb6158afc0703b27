#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use super::*;

const STRONGER: Cost = Cost { memory_kib: 20 * 1024, passes: 3 };

fn pepper(id: &str) -> Pepper {
    Pepper { id: id.into(), key: Secret::new(format!("{id}: 32 bytes of something very secret")) }
}

fn passwords(ids: &[&str], cost: Cost) -> Argon2Passwords {
    Argon2Passwords::new(ids.iter().map(|id| pepper(id)).collect(), cost).unwrap()
}

fn verdict(matches: bool, outdated: bool) -> Verdict {
    Verdict { matches, outdated }
}

#[tokio::test]
async fn a_password_verifies_and_another_does_not() {
    let passwords = passwords(&["1"], Cost::default());
    let hash = passwords.hash(&Secret::new("correct horse")).await.unwrap();
    assert_eq!(
        passwords.verify(&Secret::new("correct horse"), Some(&hash)).await.unwrap(),
        verdict(true, false)
    );
    for wrong in ["correct hors", "correct horse ", "Correct horse", ""] {
        assert_eq!(
            passwords.verify(&Secret::new(wrong), Some(&hash)).await.unwrap(),
            verdict(false, false),
            "{wrong:?}"
        );
    }
}

#[test]
fn r_p2_no_byte_of_a_long_password_is_ignored() {
    let passwords = passwords(&["1"], Cost::default());
    let long = "\u{1F600}".repeat(256);
    let hash = passwords.hash_blocking(&Secret::new(long.as_str())).unwrap();
    assert!(passwords.verify_blocking(&Secret::new(long.as_str()), Some(&hash)).unwrap().matches);
    assert!(
        !passwords
            .verify_blocking(&Secret::new("\u{1F600}".repeat(255)), Some(&hash))
            .unwrap()
            .matches
    );
    assert!(
        !passwords
            .verify_blocking(
                &Secret::new(format!("{}\u{1F601}", "\u{1F600}".repeat(255))),
                Some(&hash)
            )
            .unwrap()
            .matches
    );
}

#[test]
fn r_p5_parameters_are_in_the_hash_and_weaker_ones_are_refused() {
    let hash = passwords(&["1"], Cost::default()).hash_blocking(&Secret::new("x")).unwrap();
    assert!(hash.phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.phc);
    for (memory_kib, passes) in [(47104, 1), (19456, 2), (12288, 3), (65536, 3)] {
        assert!(Argon2Passwords::new(vec![pepper("1")], Cost { memory_kib, passes }).is_ok());
    }
    for (memory_kib, passes) in
        [(47103, 1), (19455, 2), (12287, 3), (8, 100), (65536, 0), (u32::MAX, 0)]
    {
        let cost = Cost { memory_kib, passes };
        assert_eq!(
            Argon2Passwords::new(vec![pepper("1")], cost).err(),
            Some(ConfigurationError::Cost(cost))
        );
    }
}

#[test]
fn r_p6_salts_differ() {
    let passwords = passwords(&["1"], Cost::default());
    let [first, second] =
        [(); 2].map(|()| passwords.hash_blocking(&Secret::new("the same")).unwrap());
    let salt = |hash: &PasswordHash| phc::PasswordHash::new(&hash.phc).unwrap().salt.unwrap();
    assert_eq!(salt(&first).len(), 16);
    assert_ne!(salt(&first), salt(&second));
    assert_ne!(first, second);
}

#[test]
fn r_p7_the_pepper_is_part_of_the_hash_and_cannot_be_left_out() {
    let hash = passwords(&["1"], Cost::default()).hash_blocking(&Secret::new("x")).unwrap();
    let stored = phc::PasswordHash::new(&hash.phc).unwrap();
    let plain =
        Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::try_from(&stored).unwrap());
    let mut tag = [0; TAG_LENGTH];
    plain.hash_password_into(b"x", &stored.salt.unwrap(), &mut tag).unwrap();
    assert_ne!(Output::new(&tag).unwrap(), stored.hash.unwrap());

    assert_eq!(
        Argon2Passwords::new(vec![], Cost::default()).err(),
        Some(ConfigurationError::NoPepper)
    );
    let short = Pepper { id: "s".into(), key: Secret::new("31 bytes are not quite enough..") };
    assert_eq!(short.key.expose().len(), 31);
    assert_eq!(
        Argon2Passwords::new(vec![pepper("1"), short], Cost::default()).err(),
        Some(ConfigurationError::ShortPepper("s".into()))
    );
    assert_eq!(
        Argon2Passwords::new(vec![pepper("1"), pepper("1")], Cost::default()).err(),
        Some(ConfigurationError::SamePepper("1".into()))
    );
}

#[test]
fn r_p9_an_absent_account_costs_a_hash_and_never_matches() {
    let passwords = passwords(&["1"], Cost::default());
    let hash = passwords.hash_blocking(&Secret::new("x")).unwrap();
    let time = |hash: Option<&PasswordHash>| {
        let start = std::time::Instant::now();
        assert!(!passwords.verify_blocking(&Secret::new("wrong"), hash).unwrap().matches);
        start.elapsed()
    };
    // The shortest of many, taken in turn: other work on the machine only ever adds, and may begin
    // and end in the middle.
    let pairs: Vec<_> = (0..15).map(|_| (time(Some(&hash)), time(None))).collect();
    let present = pairs.iter().map(|(present, _)| *present).min().unwrap();
    let absent = pairs.iter().map(|(_, absent)| *absent).min().unwrap();
    assert!(
        absent * 2 > present && present * 2 > absent,
        "{present:?} for an account, {absent:?} for none"
    );
    assert_eq!(passwords.verify_blocking(&Secret::new(""), None).unwrap(), verdict(false, false));
    assert!(passwords.dummy.phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
}

#[test]
fn r_p10_old_parameters_and_old_peppers_are_outdated() {
    let password = Secret::new("x");
    let hash = passwords(&["1"], Cost::default()).hash_blocking(&password).unwrap();
    assert_eq!(
        passwords(&["1"], STRONGER).verify_blocking(&password, Some(&hash)).unwrap(),
        verdict(true, true)
    );
    assert_eq!(
        passwords(&["2", "1"], Cost::default()).verify_blocking(&password, Some(&hash)).unwrap(),
        verdict(true, true)
    );
    assert_eq!(
        passwords(&["1", "2"], Cost::default()).verify_blocking(&password, Some(&hash)).unwrap(),
        verdict(true, false)
    );
    let strong = passwords(&["1"], STRONGER).hash_blocking(&password).unwrap();
    assert_eq!(
        passwords(&["1"], Cost::default()).verify_blocking(&password, Some(&strong)).unwrap(),
        verdict(true, false)
    );
    assert_eq!(passwords(&["2", "1"], STRONGER).hash_blocking(&password).unwrap().pepper, "2");
}

/// functions/README.md, "Changing a secret": instances of before and after a step serve side by
/// side.
#[test]
fn l9_a_pepper_is_changed_in_steps_and_every_instance_reads_every_hash() {
    let password = Secret::new("x");
    let phases: [&[&str]; 3] = [&["1"], &["1", "2"], &["2", "1"]];
    for pair in phases.windows(2) {
        let [before, after] = [pair[0], pair[1]].map(|ids| passwords(ids, Cost::default()));
        for (one, other) in [(&before, &after), (&after, &before)] {
            let hash = one.hash_blocking(&password).unwrap();
            assert!(other.verify_blocking(&password, Some(&hash)).unwrap().matches, "{pair:?}");
        }
    }
    // Why it has steps: an instance that does not know the new pepper yet, or the old one no more,
    // can compare nothing.
    let by = |id: &str| passwords(&[id], Cost::default()).hash_blocking(&password).unwrap();
    assert!(matches!(
        passwords(&["1"], Cost::default()).verify_blocking(&password, Some(&by("2"))),
        Err(PasswordError::Broken(_))
    ));
    assert!(matches!(
        passwords(&["2"], Cost::default()).verify_blocking(&password, Some(&by("1"))),
        Err(PasswordError::Broken(_))
    ));
}

#[test]
fn a_hash_that_cannot_be_read_is_a_fault_and_not_a_wrong_password() {
    let passwords = passwords(&["1"], Cost::default());
    let good = passwords.hash_blocking(&Secret::new("x")).unwrap();
    let with = |phc: String, pepper: &str| PasswordHash { phc, pepper: pepper.into() };
    for bad in [
        with(good.phc.clone(), "retired"),
        with(String::new(), "1"),
        with(good.phc.replace("argon2id", "argon2i"), "1"),
        with(good.phc.replace("v=19", "v=16"), "1"),
        with(good.phc.rsplit_once('$').unwrap().0.to_owned(), "1"),
        with("$2b$10$abcdefghijklmnopqrstuv".into(), "1"),
    ] {
        let error = passwords.verify_blocking(&Secret::new("x"), Some(&bad)).unwrap_err();
        assert!(matches!(&error, PasswordError::Broken(why) if !why.contains('$')), "{error}");
    }
}
