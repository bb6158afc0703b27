//! What holds whatever is configured, whoever comes, and whatever is sent: every input is tried in
//! every state that a transaction can reach, in many organisations (security.md R-S4, R-S5;
//! policies.md §0).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

mod edits;
pub mod people;
mod walk;
mod world;

use std::collections::BTreeMap;

use policy::assurance::{Keys, Rules, Who};
use policy::dry_run;
use policy::organisation::AuthenticatorKey::{OktaEmail, OktaPassword};
use policy::remediation::{Remediation, Standing, remediations};
use policy::requirement::{
    Refusal, Requirement, future_member, own_mailbox, proves_mailbox_first, requirements,
};
use policy::step::{
    Budget, Decision, Effect, Input, Mail, Outdated, PasswordChange, PasswordWork, Rejection,
    StepError, lookup, step,
};
use policy::transaction::{Challenge, Outcome, Subject, Transaction};
use policy::user::{User, UserStatus};
use walk::{Graph, Tried, walk};
use world::{World, worlds};

/// Organisations to walk through; more with `LAWS_WORLDS`.
fn number() -> usize {
    std::env::var("LAWS_WORLDS").ok().and_then(|text| text.parse().ok()).unwrap_or(16)
}

/// How often the interesting things happened: a law that is never put to the test proves nothing.
type Seen = BTreeMap<&'static str, u32>;

type Law = fn(&Tried<'_>);

#[test]
fn every_law_holds_for_every_input_in_every_state_of_every_organisation() {
    let laws: [(&str, Law); 12] = [
        ("what is accepted is what is offered", accepted_is_offered),
        ("what is not taken changes nothing", refused_changes_nothing),
        ("no account before the mailbox is proven", no_account_without_proof),
        ("done only if everything is met", done_is_everything_met),
        ("another subject has proven nothing", another_subject_has_proven_nothing),
        ("nobody is never done", nobody_is_never_done),
        ("deciding is deterministic", deterministic),
        ("what is not offered costs nothing", not_offered_costs_nothing),
        ("budgets are asked for before anything is evaluated", budgets_come_first),
        ("mail goes to the subject's own mailbox", mail_goes_to_its_owner),
        ("the dry run says what is asked", dry_run_agrees),
        ("before any proof, somebody and nobody are offered the same", nobody_looks_like_somebody),
    ];
    let mut seen = Seen::new();
    for world in worlds(number()) {
        let graph = walk(&world, |tried| {
            count(tried, &mut seen);
            for (name, law) in &laws {
                let holds = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| law(tried)));
                assert!(holds.is_ok(), "{name}\n{}", tried.story());
            }
        });
        there_is_a_way_to_the_end(&world, &graph);
    }
    for what in [
        "accepted",
        "rejected",
        "not offered",
        "malformed",
        "member done",
        "account made",
        "account taken over",
        "account handed over",
        "decoy",
        "stranger",
        "lost race",
    ] {
        assert!(
            seen.get(what).is_some_and(|times| *times > 10),
            "{what} hardly ever happened: {seen:?}"
        );
    }
}

/// I9: whoever is somebody has a way to the end, unless all codes of the transaction are used up.
fn there_is_a_way_to_the_end(world: &World, graph: &Graph) {
    let context = world.context(people::NOON);
    let ends = |transaction: &Transaction| {
        !matches!(remediations(&context, transaction), Standing::Offered(_))
    };
    let mut good: Vec<bool> =
        graph.states.iter().map(|(transaction, _)| ends(transaction)).collect();
    loop {
        let more: Vec<_> = graph
            .edges
            .iter()
            .filter(|(from, to)| good[*to] && !good[*from])
            .map(|(from, _)| *from)
            .collect();
        if more.is_empty() {
            break;
        }
        for state in more {
            good[state] = true;
        }
    }
    for ((transaction, _), good) in graph.states.iter().zip(good) {
        let used_up = transaction.sends >= world.organisation.settings.limits.sends_per_transaction;
        assert!(
            good || used_up
                || !somebody(transaction)
                || has_nothing_to_prove_with(world, transaction),
            "{}: nothing leads on from {transaction:#?}",
            world.name
        );
    }
}

fn accepted_is_offered(tried: &Tried<'_>) {
    let offered = is_offered(tried);
    match &tried.result {
        // The engine never comes with a link that nobody can hold: of another code, of a dead one,
        // of a mail that had none.
        Err(StepError::NotOffered) if matches!(tried.input, Input::ConfirmLink { .. }) => {
            let live = |sequence| {
                tried
                    .before
                    .challenge
                    .as_ref()
                    .is_some_and(|c| c.sequence == sequence && tried.context.now < c.expires)
            };
            let Input::ConfirmLink { sequence } = tried.input else { return };
            assert!(!offered || !live(*sequence) || !somebody(tried.before));
        }
        result => assert_eq!(*result == Err(StepError::NotOffered), !offered),
    }
    // An empty list would leave the person with nothing to do.
    if let Standing::Offered(offered) = remediations(&tried.context, tried.before) {
        assert!(!offered.is_empty());
        assert_eq!(offered.last(), Some(&Remediation::Cancel));
        assert!(offered.len() > 1, "nothing to do but give up");
    }
}

/// Which inputs an offer is for, written down a second time.
fn is_offered(tried: &Tried<'_>) -> bool {
    let looks = matches!(tried.input, Input::Introspect)
        || (matches!(tried.input, Input::Poll) && tried.before.sends > 0);
    let takes = |one: &Remediation| match tried.input {
        // Both ask where the flow is.
        _ if looks => true,
        Input::Introspect | Input::Poll => false,
        Input::Identify { .. } => matches!(one, Remediation::Identify { .. }),
        Input::SelectIdentify => matches!(one, Remediation::SelectIdentify),
        Input::SelectEnrollProfile => {
            matches!(one, Remediation::SelectEnrollProfile | Remediation::EditRegistration)
        }
        Input::EnrollProfile { .. } => matches!(one, Remediation::EnrollProfile { .. }),
        Input::AnswerPassword(_) => matches!(one, Remediation::Password),
        Input::SelectAuthenticator(_) => matches!(one, Remediation::SelectAuthenticator(_)),
        Input::SelectAuthenticatorEnroll(_) => {
            matches!(one, Remediation::SelectAuthenticatorEnroll { .. })
        }
        Input::EnrollPassword(_) => matches!(one, Remediation::EnrollPassword { .. }),
        Input::Skip => matches!(one, Remediation::Skip),
        Input::AnswerEmail(_) | Input::Resend | Input::ConfirmLink { .. } => {
            matches!(one, Remediation::Email { .. })
        }
        Input::UpdateProfile(_) => matches!(one, Remediation::UpdateProfile { .. }),
        Input::Cancel => matches!(one, Remediation::Cancel),
    };
    match remediations(&tried.context, tried.before) {
        // Nothing is missing any more: whatever is sent, it is the end.
        Standing::Offered(offered) => {
            offered.iter().any(takes) || requirements(&tried.context, tried.before).is_empty()
        }
        // Nothing helps: look at it, or give up.
        Standing::Refused(Refusal::RegistrationClosed) => {
            looks || matches!(tried.input, Input::Cancel | Input::SelectIdentify)
        }
        Standing::Refused(_) => looks || matches!(tried.input, Input::Cancel),
        // The link was followed elsewhere: the client that waits fetches its code.
        Standing::Finished { issued, .. } => !issued && looks,
        Standing::Cancelled => false,
    }
}

fn refused_changes_nothing(tried: &Tried<'_>) {
    let Ok(decision) = &tried.result else { return };
    let Some(rejection) = decision.rejection else { return };
    assert_eq!((decision.effects.as_slice(), &decision.mail), ([].as_slice(), &None));
    assert!(!decision.notices.is_empty(), "a person is told why");
    if lost_race(tried, decision) {
        let led_to = match rejection {
            Rejection::Outdated(Outdated::AccountExists) => Subject::Visitor,
            _ => Subject::Applicant { registration: None },
        };
        assert_eq!(decision.transaction.subject, led_to);
    } else {
        // Nothing has changed, so nobody's page is outdated.
        assert!(rejection.outdated().is_none(), "{rejection:?}");
        assert_eq!(decision.transaction, *tried.before);
    }
    if tried.facts.over_budget {
        assert_eq!(rejection, Rejection::TooManyRequests);
    }
}

/// The one exception: two people were about to get the same name, and the other one was faster.
/// There is nothing to go back to.
fn lost_race(tried: &Tried<'_>, decision: &Decision) -> bool {
    let faster = matches!(
        decision.rejection,
        Some(Rejection::Outdated(Outdated::AccountExists | Outdated::ValueTaken))
    );
    faster
        && tried.facts.owners.iter().any(Option::is_some)
        && matches!(tried.before.subject, Subject::Applicant { .. })
}

fn no_account_without_proof(tried: &Tried<'_>) {
    let Ok(decision) = &tried.result else { return };
    for effect in &decision.effects {
        match effect {
            Effect::CreateUser { user, claims, .. } => {
                let proven = decision.transaction.proven(OktaEmail);
                assert!(proven || !proves_mailbox_first(&tried.context));
                assert_eq!(user.email_verified, proven);
                // Nobody else may have what names this person (I1).
                for name in ["login", "email"] {
                    assert!(
                        claims.iter().any(|claim| claim.attribute == name),
                        "{name} is not claimed"
                    );
                }
                assert_eq!(
                    user.groups.iter().cloned().collect::<Vec<_>>(),
                    tried.context.enrollment.target_groups()
                );
            }
            // An account that is there is somebody's; it changes for whoever has proven something,
            // or whose mailbox nobody had proven (I3).
            Effect::SaveUser { .. } => assert!(!decision.transaction.proofs.is_empty()),
            // It makes room for whoever has proven its mailbox, who gets nothing of it.
            Effect::ReplaceUser { user, old, claims, .. } => {
                assert!(
                    decision.transaction.proven(OktaEmail)
                        && user.email_verified
                        && user.id != *old
                );
                for name in ["login", "email"] {
                    assert!(
                        claims.iter().any(|claim| claim.attribute == name),
                        "{name} is not claimed"
                    );
                }
            }
            // A name goes to whoever has proven that it is their address, and its owner keeps one.
            Effect::CedeName { user, identity, .. } => {
                assert!(decision.transaction.proven(OktaEmail) && identity.attribute == "login");
                assert_eq!(user.profile["login"], user.profile["email"]);
            }
            Effect::CheckUser { .. } => {}
        }
    }
}

fn done_is_everything_met(tried: &Tried<'_>) {
    let Ok(Decision { transaction, effects, .. }) = &tried.result else { return };
    let Some(Outcome::Done { user_id, .. }) = &transaction.outcome else { return };
    if tried.before.outcome.is_some() {
        return;
    }
    // Policies are those of the person as they came: the group that signing in gives counts from
    // the next time on. What is the account's is no longer in the transaction.
    let mut came = transaction.clone();
    let who = match &mut came.subject {
        Subject::Member { user, .. } => {
            let (known, before) = (
                tried.world.people.iter().find(|person| person.id == user.id),
                member(tried.before),
            );
            let saved = effects.iter().find_map(|effect| match effect {
                Effect::SaveUser { user, .. } | Effect::ReplaceUser { user, .. } => Some(user),
                _ => None,
            });
            // Who has just got an account of their own came without a group.
            let came_in = known
                .or(before.filter(|before| before.id == user.id))
                .map(|person| person.groups.clone());
            user.profile.clone_from(&saved.or(known).or(before).unwrap().profile);
            user.groups = came_in.unwrap_or_default();
            assert_eq!(*user_id, user.id);
            Who { user: Some(user.id.clone()), groups: user.groups.clone() }
        }
        Subject::Applicant { registration: Some(registration) } => {
            assert_eq!(registration.password, None);
            registration.password = effects.iter().find_map(|effect| match effect {
                Effect::CreateUser { password, .. } | Effect::ReplaceUser { password, .. } => {
                    password.clone()
                }
                // What an administrator made is handed over as it is.
                Effect::SaveUser { password: PasswordChange::Set(password), .. } => {
                    Some(password.clone())
                }
                _ => None,
            });
            future_member(&tried.context)
        }
        _ => future_member(&tried.context),
    };
    assert_eq!(requirements(&tried.context, &came), []);
    let proven: Keys = transaction.proofs.keys().copied().collect();
    assert!(
        Rules::of(tried.context.organisation, tried.context.app, &who).unwrap().satisfied(&proven)
    );
    // Whoever is signed in is still the one who was read (security.md R-S3).
    assert!(!effects.is_empty());
    assert_eq!(transaction.challenge, None);
}

fn another_subject_has_proven_nothing(tried: &Tried<'_>) {
    let Ok(decision) = &tried.result else { return };
    // An account of their own is still that of whoever has proven its mailbox.
    let replaced =
        decision.effects.iter().any(|effect| matches!(effect, Effect::ReplaceUser { .. }));
    if who(&decision.transaction) == who(tried.before)
        || (replaced && member(tried.before).is_some())
    {
        return;
    }
    let new: Vec<_> = decision.transaction.proofs.keys().copied().collect();
    let with_password = matches!(
        tried.input,
        Input::Identify { password: Some(_), .. } | Input::EnrollProfile { password: Some(_), .. }
    );
    assert!(new.is_empty() || (with_password && new == [OktaPassword]), "{new:?}");
    assert!(decision.transaction.proofs.values().all(|at| *at == tried.context.now));
}

fn member(transaction: &Transaction) -> Option<&User> {
    if let Subject::Member { user, .. } = &transaction.subject { Some(user) } else { None }
}

fn who(transaction: &Transaction) -> String {
    match &transaction.subject {
        Subject::Visitor => "nobody yet".into(),
        Subject::Applicant { registration } => registration
            .as_ref()
            .map_or("an applicant".into(), |r| format!("applicant {:?}", r.profile)),
        Subject::Member { user, .. } => format!("member {}", user.id),
        Subject::Stranger { identifier } => format!("stranger {identifier}"),
    }
}

fn nobody_is_never_done(tried: &Tried<'_>) {
    let Ok(decision) = &tried.result else { return };
    if somebody(&decision.transaction) || decision.transaction.subject == Subject::Visitor {
        return;
    }
    assert!(!matches!(decision.transaction.outcome, Some(Outcome::Done { .. })));
    assert!(!matches!(decision.mail, Some(Mail::Passcode(_) | Mail::Welcome { .. })));
    assert!(decision.effects.is_empty());
    let proofs: Vec<_> = decision.transaction.proofs.keys().collect();
    // A decoy has chosen a password like everybody who signs up; a stranger has proven nothing.
    assert!(
        proofs.is_empty()
            || matches!(decision.transaction.subject, Subject::Applicant { .. })
                && proofs == [&OktaPassword]
    );
}

/// True if there is a person behind it: not a name that nobody has, not a sign-up with somebody
/// else's address.
fn somebody(transaction: &Transaction) -> bool {
    match &transaction.subject {
        Subject::Member { .. } | Subject::Visitor => true,
        Subject::Applicant { registration } => {
            registration.as_ref().is_none_or(|registration| !registration.decoy)
        }
        Subject::Stranger { .. } => false,
    }
}

/// A member without any authenticator gets nowhere: to set one up would be to take the account on
/// someone's word. Where answers must not tell who has an account, nor what they have, a member
/// without a password is asked for one like anybody (R-R1).
fn has_nothing_to_prove_with(world: &World, transaction: &Transaction) -> bool {
    let Subject::Member { user, .. } = &transaction.subject else { return false };
    let context = world.context(people::NOON);
    transaction.proofs.is_empty()
        && !user.has_password
        && (context.prevents_enumeration() || !own_mailbox(&context, user))
}

/// R-R1: where answers must not tell who has an account.
fn nobody_looks_like_somebody(tried: &Tried<'_>) {
    let Subject::Member { identifier, .. } = &tried.before.subject else { return };
    if tried.context.prevents_enumeration()
        && tried.before.proofs.is_empty()
        && tried.before.outcome.is_none()
    {
        let nobody = Transaction {
            subject: Subject::Stranger { identifier: identifier.clone() },
            ..tried.before.clone()
        };
        assert_eq!(
            remediations(&tried.context, tried.before),
            remediations(&tried.context, &nobody)
        );
    }
}

fn deterministic(tried: &Tried<'_>) {
    assert_eq!(step(&tried.context, tried.before.clone(), tried.input, tried.facts), tried.result);
    assert_eq!(
        requirements(&tried.context, tried.before),
        requirements(&tried.context, tried.before)
    );
    let again = lookup(
        &tried.context,
        tried.before,
        tried.input,
        tried.facts.familiar,
        tried.facts.contested,
    );
    assert_eq!(format!("{again:?}"), format!("{:?}", tried.needs));
}

fn not_offered_costs_nothing(tried: &Tried<'_>) {
    if !is_offered(tried) {
        assert_eq!(format!("{:?}", tried.needs), format!("{:?}", policy::step::Needs::default()));
    }
}

fn budgets_come_first(tried: &Tried<'_>) {
    let limits = &tried.context.organisation.settings.limits;
    let budgets = &tried.needs.budgets;
    let max = |alternative: &[Budget], name: &str| {
        alternative.iter().find(|one| one.name == name).map(|one| one.max)
    };
    let compares = matches!(tried.needs.password, PasswordWork::Verify(_)) || tried.needs.passcode;
    if compares {
        let of_name = limits.guesses_per_address_per_hour;
        assert!(!budgets.is_empty());
        for guesses in budgets {
            let (browser, passcode) =
                (max(guesses, "guess-known-browser"), max(guesses, "passcode"));
            // Whoever guesses is limited by the name that is guessed at, and by where they are.
            let name =
                max(guesses, "guess-address").or(browser).or(max(guesses, "guess-known-networks"));
            assert!(name.is_some_and(|most| most <= of_name), "{guesses:?}");
            assert_eq!(max(guesses, "guess-source").is_some(), browser.is_none(), "{guesses:?}");
            // Everybody together, save those who are known there, and the first tries of codes,
            // which mails limit.
            let kept = browser.is_some()
                || max(guesses, "guess-known-network").is_some()
                || passcode == Some(1);
            assert_eq!(max(guesses, "guess-all").is_none(), kept, "{guesses:?}");
            assert_eq!(passcode.is_some(), tried.needs.passcode);
            assert!(passcode.is_none_or(|tries| tries <= limits.attempts_per_passcode));
            // Of codes, nobody has more than the address's: not browsers either, of which whoever
            // knows a password has as many as they like.
            assert!(passcode.is_none() || max(guesses, "guess-address").is_some());
        }
    }
    let Ok(decision) = &tried.result else { return };
    // Nothing counts as proven that was not found right, within the budgets, or set just now.
    for key in decision.transaction.proofs.keys().filter(|key| !tried.before.proven(**key)) {
        let right = match key {
            OktaPassword => match tried.needs.password {
                PasswordWork::None => false,
                PasswordWork::Verify(_) => tried.facts.password_right,
                PasswordWork::Hash(_) => true,
            },
            OktaEmail if tried.needs.passcode => tried.facts.passcode_right,
            OktaEmail => matches!(tried.input, Input::ConfirmLink { .. }),
        };
        assert!(right && !tried.facts.over_budget, "{key:?} was not found right");
    }
    // No mail without its budgets.
    let counts = |name: &str| {
        decision.counts.iter().all(|alternative| alternative.iter().any(|one| one.name == name))
    };
    // No alternative is a way around a budget: each counts what the first one does.
    assert!(decision.counts.iter().all(|alternative| !alternative.is_empty()));
    assert!(decision.counts.iter().take(1).flatten().all(|one| counts(one.name)));
    if decision.mail.is_some() {
        // The second try of one that counted counts too, save where that would tell whether the
        // first one went out.
        let again = matches!(tried.input, Input::Poll) && tried.context.prevents_enumeration();
        assert!(!decision.counts.is_empty());
        assert!(
            again
                || ["mail-address-hour", "mail-address-day", "mail-source-hour", "mail-all-day"]
                    .into_iter()
                    .all(counts)
        );
        assert!(!tried.facts.over_commit_budget);
        // Whoever sends has changed the transaction: of many at once, one can (security.md I8).
        assert_ne!(decision.transaction, *tried.before);
    }
    assert!(decision.transaction.sends <= limits.sends_per_transaction);
}

fn mail_goes_to_its_owner(tried: &Tried<'_>) {
    let Ok(decision) = &tried.result else { return };
    let stored = |transaction: &Transaction| match &transaction.subject {
        Subject::Member { user, .. } => user.text("email").map(String::from),
        Subject::Applicant { registration: Some(registration) } => {
            registration.profile.get("email").and_then(|email| email.as_str()).map(String::from)
        }
        _ => None,
    };
    match &decision.mail {
        Some(Mail::Passcode(challenge)) => {
            assert_eq!(Some(&challenge.address), stored(&decision.transaction).as_ref());
            assert_eq!(decision.transaction.challenge.as_ref(), Some(challenge));
        }
        Some(Mail::Welcome { address, .. } | Mail::AlreadyRegistered { address }) => {
            assert_eq!(Some(address), stored(&decision.transaction).as_ref());
        }
        Some(Mail::Nobody(_)) => {
            assert!(matches!(decision.transaction.subject, Subject::Stranger { .. }));
        }
        None => {}
    }
    // A newer code has a higher number, so that the older one is worthless (security.md R-O5).
    if let (Some(new), Some(old)) = (&decision.transaction.challenge, &tried.before.challenge) {
        let mailed_again = new.retried && !old.retried && matches!(tried.input, Input::Poll);
        assert!(
            new.sequence > old.sequence
                || *new == Challenge { retried: old.retried || mailed_again, ..old.clone() }
        );
    }
}

fn dry_run_agrees(tried: &Tried<'_>) {
    let Subject::Member { user, .. } = &tried.before.subject else { return };
    let open = requirements(&tried.context, tried.before);
    let Ok(asked) =
        dry_run::asked(tried.context.organisation, tried.context.app, user, tried.context.now)
    else {
        // Whoever it says is stopped has always something before them.
        assert!(!open.is_empty() || user.status != UserStatus::Active, "{user:?}");
        return;
    };
    // Where answers must not tell who has an account, nothing is said of anybody before a proof.
    if tried.context.prevents_enumeration() && tried.before.proofs.is_empty() {
        return;
    }
    // Whoever it lets in nothing stops, and what it says is asked: what the account lacks at any
    // time, what a sign-on policy wants set up when all is proven that can be, and then nothing
    // else.
    assert!(!open.iter().any(|one| matches!(one, Requirement::Refused(_))), "{open:?}");
    let of_profile = |list: &[Requirement]| {
        list.iter()
            .filter(|one| matches!(one, Requirement::CompleteProfile(_)))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(of_profile(&open), of_profile(&asked));
    let provable =
        [(OktaPassword, user.has_password), (OktaEmail, own_mailbox(&tried.context, user))];
    if provable.iter().all(|(key, can)| !can || tried.before.proven(*key)) {
        let open: Vec<_> =
            open.into_iter().filter(|one| !matches!(one, Requirement::EnrollOptional(_))).collect();
        assert_eq!(open, asked);
    }
}

fn count(tried: &Tried<'_>, seen: &mut Seen) {
    let mut saw = |what, happened: bool| *seen.entry(what).or_default() += u32::from(happened);
    saw("not offered", tried.result == Err(StepError::NotOffered));
    saw("malformed", tried.result == Err(StepError::Malformed));
    let Ok(decision) = &tried.result else { return };
    saw("accepted", decision.rejection.is_none());
    saw("rejected", decision.rejection.is_some());
    saw("lost race", lost_race(tried, decision));
    saw("stranger", matches!(decision.transaction.subject, Subject::Stranger { .. }));
    saw(
        "decoy",
        !somebody(&decision.transaction)
            && matches!(decision.transaction.subject, Subject::Applicant { .. }),
    );
    let done = matches!(decision.transaction.outcome, Some(Outcome::Done { .. }));
    saw("member done", done && matches!(decision.transaction.subject, Subject::Member { .. }));
    saw(
        "account made",
        decision.effects.iter().any(|effect| matches!(effect, Effect::CreateUser { .. })),
    );
    let applicant = matches!(decision.transaction.subject, Subject::Applicant { .. });
    let replaced =
        decision.effects.iter().any(|effect| matches!(effect, Effect::ReplaceUser { .. }));
    saw("account taken over", applicant && replaced);
    saw(
        "account handed over",
        applicant
            && decision.effects.iter().any(|effect| matches!(effect, Effect::SaveUser { .. })),
    );
}
