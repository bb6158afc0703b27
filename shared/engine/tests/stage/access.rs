//! Which function does what to which kind of item. `tests/access.md` is the list, the roles in the
//! template allow just that, and whatever a test makes a function do is held against it here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use engine::testing::touched;
use idx::operation::Function;

/// The list; `UPDATE_ACCESS=1 cargo test -p engine --test all access::` writes it anew.
pub const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/access.md");

const VERBS: [&str; 5] = ["read", "put", "count", "check", "delete"];

/// Function, verb and kind.
pub type Access = BTreeSet<(&'static str, &'static str, String)>;

thread_local! {
    static SEEN: RefCell<Access> = const { RefCell::new(BTreeSet::new()) };
}

/// What a function did since [`touched`] was asked last: noted, and held against the list.
pub fn noted(function: Function) {
    let did: Access =
        touched().into_iter().map(|(verb, kind)| (function.name(), verb, kind)).collect();
    if std::env::var_os("UPDATE_ACCESS").is_none() {
        let missing: Vec<_> = did.iter().filter(|one| !LISTED.contains(one)).collect();
        assert!(missing.is_empty(), "its role does not allow {missing:?}: see {TABLE}");
    }
    SEEN.with_borrow_mut(|seen| seen.extend(did));
}

/// What was noted on this thread.
pub fn seen() -> Access {
    SEEN.take()
}

/// What the list allows.
pub static LISTED: LazyLock<Access> = LazyLock::new(|| listed(include_str!("../access.md")));

fn listed(table: &'static str) -> Access {
    let mut rows = table
        .lines()
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    assert_eq!(rows.next().map(|head| head[1..].to_vec()), Some(VERBS.to_vec()));
    let rows = rows.skip(1).flat_map(|row| {
        let name =
            Function::ALL.map(Function::name).into_iter().find(|name| *name == row[0]).unwrap();
        VERBS.into_iter().zip(row[1..].to_vec()).flat_map(move |(verb, kinds)| {
            kinds.split_whitespace().map(move |kind| (name, verb, kind.to_owned()))
        })
    });
    rows.collect()
}

/// The list as a table: a row for each function, a column for each verb.
pub fn table(access: &Access) -> String {
    let mut cells: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (function, verb, kind) in access {
        cells.entry((*function, *verb)).or_default().push(kind);
    }
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = row(["function"].into_iter().chain(VERBS).map(str::to_owned).collect());
    text += &row(vec!["---".to_owned(); VERBS.len() + 1]);
    for function in Function::ALL.map(Function::name) {
        let kinds = VERBS.map(|verb| {
            cells.get(&(function, verb)).map_or_else(String::new, |kinds| kinds.join(" "))
        });
        text += &row([function.to_owned()].into_iter().chain(kinds).collect());
    }
    text
}
