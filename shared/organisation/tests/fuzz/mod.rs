//! Organisation files as nobody wrote them. Coverage-guided on demand (`.ci/fuzz`); in `cargo
//! test`, the corpus kept beside this.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use bolero::check;

#[test]
fn files() {
    check!(name = "files").with_iterations(100).for_each(|input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        // As YAML counts them: a carriage return of its own ends a line too (YAML 1.2 §5.4).
        let lines = text.replace("\r\n", "\n").replace('\r', "\n").lines().count().max(1);
        let first = organisation::parse("file.yaml", &text);
        // Every problem has a place in the file and says something, on one line whatever it quotes.
        if let Err(problems) = &first {
            let told = problems.to_string();
            assert!(!told.is_empty());
            assert_eq!(told.lines().count(), problems.iter().count(), "{told}");
            for line in told.lines() {
                let number: usize = line
                    .strip_prefix("file.yaml:")
                    .and_then(|rest| rest.split(':').next()?.parse().ok())
                    .unwrap();
                assert!((1..=lines + 1).contains(&number), "{told}");
            }
        }
        let _ = organisation::warnings("file.yaml", &text);
        // What was read is written and read again as the same: this is how it gets into the table.
        if let Ok(organisation) = first {
            let stored = serde_json::to_string(&organisation).unwrap();
            assert_eq!(
                serde_json::from_str::<policy::organisation::Organisation>(&stored).unwrap(),
                organisation
            );
        }
    });
}
