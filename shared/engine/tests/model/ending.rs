//! I9: how each walk ends. Whoever owns a mailbox gets in, and whoever does not stays outside.

use std::collections::BTreeMap;

use serde_json::Value;

use super::invariants::hashed;
use super::operation::{ADDRESSES, Address, App, Code, PASSWORDS, Redemption, Step};
use super::reference::{Model, Request, Sent, View};
use super::stage::Answer;
use super::system::{BYSTANDER, System, shown};

/// Steps in which anybody has signed up or in.
const FEW: usize = 8;

/// The administrator has switched everything back; the owners of all mailboxes come with a new
/// browser.
pub fn i9_owners_get_in(system: &mut System, generous: bool) {
    system.restore(generous);
    for (address, Address { stored, owner, .. }) in ADDRESSES.iter().enumerate() {
        let account = system.user(owner);
        // Of those whom nobody has ever named, one is enough.
        if address > 0
            && account.is_none()
            && !system.mails.iter().any(|(_, mail)| mail.to == *stored)
        {
            continue;
        }
        let active = account.as_ref().is_none_or(|user| user.body["status"] == "ACTIVE");
        let password = account
            .as_ref()
            .and_then(|user| password_of(system, user.body["id"].as_str().unwrap()));
        let verified = account.as_ref().is_some_and(|user| user.body["emailVerified"] == true);
        let (sign_up, sign_in) =
            (password.unwrap_or_default(), password.filter(|_| verified || !active));
        let claims = gets_in(system, address, sign_up, sign_in);
        assert_eq!(
            claims.is_some(),
            active,
            "I9: {owner} {}",
            if active { "stays outside" } else { "gets in, but is deactivated" }
        );
        assert!(
            active || gets_in(system, address, sign_up, None).is_none(),
            "I9: {owner} gets in by signing up, but is deactivated"
        );
        if let Some(claims) = claims {
            assert_eq!(
                (claims["email"].as_str().map(str::to_ascii_lowercase), &claims["email_verified"]),
                (Some(String::from(*owner)), &Value::Bool(true))
            );
            let other = 1 - password_of(system, claims["sub"].as_str().unwrap()).unwrap();
            assert!(
                gets_in(system, address, other, Some(other)).is_none(),
                "I3: a password that is not {owner}'s opens the account"
            );
        }
    }
    // Whatever somebody had got before an owner came is void (I3).
    for token in 0..system.tokens.len() {
        let then = &system.tokens[token];
        let void = system.generation(&then.user) != Some(then.generation);
        assert!(
            !void || system.userinfo(token).status == 401,
            "I3: a token of the time before the owner came"
        );
    }
}

/// R-R8: somebody who has been here before gets in at once with the right password, whatever others
/// have used up.
pub fn r_r8_owner_is_not_locked_out(system: &mut System, address: usize, password: usize) {
    let claims = gets_in(system, address, password, Some(password));
    assert!(claims.is_some(), "R-R8: an owner is locked out of a browser that is known");
}

/// Each access token is good exactly as long as it must be. And no two people had the same subject,
/// one after the other, so that whoever checks tokens without asking us is not told that one is the
/// other (I3; OpenID Connect Core §2).
pub fn tokens_are_as_in_the_model(system: &mut System, model: &Model) {
    let mut people = BTreeMap::new();
    for (token, holder) in system.tokens.iter().zip(model.holders_of_tokens()) {
        assert_eq!(
            *people.entry(token.user.clone()).or_insert(holder),
            holder,
            "I3: two people were given the subject {}",
            token.user
        );
    }
    for (token, good) in model.good_tokens().into_iter().enumerate() {
        assert_eq!(
            system.userinfo(token).status,
            if good { 200 } else { 401 },
            "I3: access token {token}"
        );
    }
}

/// Follows the pages of the demo app: signs in with `sign_in` if there is one, else up with
/// `sign_up`. What the tokens say, if it leads there.
pub fn gets_in(
    system: &mut System,
    address: usize,
    sign_up: usize,
    sign_in: Option<usize>,
) -> Option<Value> {
    let flow = system.flows.len();
    let mut answer: Answer = system.begin(BYSTANDER, App::Demo);
    for _ in 0..FEW {
        let step = match shown(&answer).view {
            View::FirstPage => sign_in
                .map_or(Step::SelectEnrollProfile, |password| Step::Identify(address, password)),
            View::SignUpForm => Step::SignUp(address, sign_up),
            View::EnrollEmail => Step::Code(Code::Right),
            View::Code => {
                let tokens = system.redeem(flow, Redemption::Right);
                assert_eq!(tokens.status, 200, "I9: {}", tokens.text);
                let claims = system.userinfo(system.tokens.len() - 1);
                assert_eq!(claims.status, 200, "I9: {}", claims.text);
                return Some(claims.body);
            }
            view => panic!("I9: {view:?} is in the way"),
        };
        let code = u32::try_from(system.flows[flow].codes.len())
            .ok()
            .filter(|_| matches!(step, Step::Code(_)));
        let with_password = matches!(step, Step::Identify(..));
        answer = system.send(&Sent {
            by: BYSTANDER,
            flow,
            request: Request { step, shoe: false, with_password, code },
        });
        if answer.status != 200 {
            return None;
        }
    }
    None
}

fn password_of(system: &System, user: &str) -> Option<usize> {
    let hash = system.password(user)?;
    PASSWORDS.iter().position(|password| hashed(password) == hash)
}
