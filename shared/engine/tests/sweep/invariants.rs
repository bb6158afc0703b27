//! What holds after each request, failed or not: looked up in the store, the mailbox and what was
//! told (security.md §3.1).

use std::collections::{BTreeMap, BTreeSet};

use engine::ports::{Item, Mail, MailContent};
use idx::operation::Operation;
use policy::email::identifier_key;
use policy::step::Identity;
use serde_json::{Value, json};

use crate::stage::Answer;

/// What people did and were told so far.
#[derive(Clone, Default)]
pub struct Seen {
    /// Mailboxes whose right code or link was sent to the engine.
    pub proven: BTreeSet<String>,
    /// Accounts that were acknowledged.
    pub told: BTreeSet<String>,
    /// Times that somebody asked for a code, in all flows.
    asked: usize,
    /// Wrong codes that were evaluated.
    wrong: u64,
}

pub fn check(
    before: &[Item],
    after: &[Item],
    mails: &[Mail],
    seen: &mut Seen,
    operation: Option<Operation>,
    answer: Option<&Answer>,
) {
    if matches!(
        operation,
        Some(
            Operation::EnrollProfile
                | Operation::SelectAuthenticator
                | Operation::Resend
                | Operation::Poll
        )
    ) {
        seen.asked += 1;
    }
    if operation == Some(Operation::AnswerEmail)
        && answer.is_some_and(|answer| {
            answer.status == 401 && answer.messages() != ["idx.session.expired"]
        })
    {
        seen.wrong += 1;
    }
    i1_names_and_people_belong_together(after);
    for user in of_kind(after, "USER") {
        i2_verified_is_proven(user, seen);
        i5_whole(user, after);
    }
    i4_who_was_told_is_there(after, seen);
    i7_what_was_evaluated_was_counted(after, seen);
    i8_few_mails(mails, seen);
    i10_nothing_goes_backwards(before, after);
    if answer.is_some_and(|answer| (400..500).contains(&answer.status)) {
        refused_changes_nothing(before, after);
    }
}

fn of_kind<'i>(items: &'i [Item], kind: &str) -> impl Iterator<Item = &'i Item> {
    items.iter().filter(move |item| item.key.0.split('#').next() == Some(kind))
}

fn email(user: &Item) -> String {
    identifier_key(user.body["profile"]["email"].as_str().unwrap())
}

fn i1_names_and_people_belong_together(items: &[Item]) {
    let mut names = BTreeMap::new();
    for user in of_kind(items, "USER") {
        for attribute in ["login", "email", "customerNumber"] {
            let identity = match &user.body["profile"][attribute] {
                Value::Null => continue,
                Value::String(text) => Identity::of(attribute, text),
                other => Identity::of(attribute, &other.to_string()),
            };
            assert!(
                names.insert(engine::keys::unique(&identity).0, user.body["id"].clone()).is_none(),
                "I1: two people have {identity:?}"
            );
        }
    }
    let marked: BTreeMap<_, _> = of_kind(items, "UNIQUE")
        .map(|item| (item.key.0.clone(), item.body["user"].clone()))
        .collect();
    assert_eq!(names, marked, "I1");
}

fn i2_verified_is_proven(user: &Item, seen: &Seen) {
    assert!(
        user.body["emailVerified"] == false || seen.proven.contains(&email(user)),
        "I2: {user:?}"
    );
}

/// A user has its profile, its groups, and a password if it says so. Who has an account of their
/// own by a mailed code has an address at first: the app asks for the rest, and for as long as it
/// does they are in no group.
fn i5_whole(user: &Item, items: &[Item]) {
    let profile = &user.body["profile"];
    let all = |names: [&str; 2]| names.iter().all(|name| profile[name].is_string());
    let by_mailed_code = user.body["emailVerified"] == true
        && ["firstName", "lastName"].iter().all(|name| profile[name].is_null());
    assert!(
        all(["login", "email"]) && (all(["firstName", "lastName"]) || by_mailed_code),
        "I5: {user:?}"
    );
    let groups: Vec<&Value> = user.body["groups"].as_array().unwrap().iter().collect();
    let granted = user.body["granted"].as_object().unwrap();
    let grants: Vec<&Value> =
        granted.values().flat_map(|granted| granted.as_array().unwrap()).collect();
    let none_yet = by_mailed_code && groups.is_empty();
    assert!(
        (none_yet || !grants.is_empty()) && grants.iter().all(|group| groups.contains(group)),
        "I5: {user:?}"
    );
    assert_eq!(
        groups.iter().collect::<std::collections::HashSet<_>>().len(),
        groups.len(),
        "groups once: {user:?}"
    );
    let key = engine::keys::password(user.body["id"].as_str().unwrap());
    assert_eq!(
        json!(items.iter().any(|item| item.key == key)),
        user.body["hasPassword"],
        "I5: {user:?}"
    );
}

fn i4_who_was_told_is_there(items: &[Item], seen: &Seen) {
    let there: BTreeSet<_> = of_kind(items, "USER").map(email).collect();
    assert!(seen.told.is_subset(&there), "I4: {:?} {there:?}", seen.told);
}

fn i7_what_was_evaluated_was_counted(items: &[Item], seen: &Seen) {
    let counts: Vec<_> = of_kind(items, "LIMIT")
        .filter(|item| item.key.0.starts_with("LIMIT#passcode#"))
        .map(|item| item.count)
        .collect();
    assert!(counts.iter().all(|count| *count <= 5), "I7: {counts:?}");
    assert!(
        counts.iter().sum::<u64>() >= seen.wrong,
        "I7: {counts:?}, {} were told to be wrong",
        seen.wrong
    );
}

/// Not more codes than were asked for; the same code at most twice.
fn i8_few_mails(mails: &[Mail], seen: &Seen) {
    let mut codes = BTreeMap::<_, usize>::new();
    for mail in mails {
        if let MailContent::RegistrationActivation { link, .. }
        | MailContent::EmailChallenge { link, .. } = &mail.content
        {
            *codes.entry(link.expose().to_string()).or_default() += 1;
        }
    }
    assert!(codes.len() <= seen.asked, "I8: {} codes, {} asked for", codes.len(), seen.asked);
    assert!(codes.values().all(|times| *times <= 2), "I8: {codes:?}");
}

fn i10_nothing_goes_backwards(before: &[Item], after: &[Item]) {
    let now: BTreeMap<_, _> = after.iter().map(|item| (&item.key, item)).collect();
    for was in before {
        let kind = was.key.0.split('#').next().unwrap();
        let Some(is) = now.get(&was.key) else {
            // A link that was used, a password that is void, a name that was given up; an account
            // that nobody had proven, once somebody has.
            let proven = |user: &Item| user.body["emailVerified"] == true;
            let made_room = || {
                !proven(was)
                    && of_kind(after, "USER").any(|user| proven(user) && email(user) == email(was))
            };
            let may_go =
                ["VERIFY", "PASSWORD", "UNIQUE"].contains(&kind) || (kind == "USER" && made_room());
            assert!(may_go, "I10: {} is gone", was.key.0);
            continue;
        };
        let refunded = was.key.0.starts_with("LIMIT#guess-");
        assert!(
            is.version >= was.version && (refunded || is.count >= was.count),
            "I10: {was:?} {is:?}"
        );
        let grows = |path: &str| {
            is.body.pointer(path).and_then(Value::as_u64)
                >= was.body.pointer(path).and_then(Value::as_u64)
        };
        let stays = |path: &str| {
            was.body.pointer(path) != Some(&json!(true))
                || is.body.pointer(path) == Some(&json!(true))
        };
        assert!(grows("/generation") && grows("/transaction/sends"), "I10: {was:?} {is:?}");
        assert!(
            stays("/used")
                && stays("/revoked")
                && stays("/emailVerified")
                && stays("/transaction/outcome/issued"),
            "I10: {was:?} {is:?}"
        );
    }
}

/// I5: a step that was refused changes counters, and its own transaction.
fn refused_changes_nothing(before: &[Item], after: &[Item]) {
    for kind in ["USER", "PASSWORD", "UNIQUE", "VERIFY", "BROWSER", "NETWORK", "ORG"] {
        assert!(of_kind(before, kind).eq(of_kind(after, kind)), "a refused step changed {kind}");
    }
}
