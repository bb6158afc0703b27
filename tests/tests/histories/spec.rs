//! One address as it should be, were everything done one thing after the other: no account
//! or an account with a password; sign-ups that wait for their code; interaction codes that are
//! worth tokens once.

use std::collections::BTreeMap;

use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};

/// What a client asks for. A flow is one transaction; a password is its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    Register { flow: usize, password: usize },
    Verify { flow: usize, right: bool },
    SignIn { password: usize },
    Redeem { code: String },
    Userinfo { code: String },
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ret {
    /// A code was mailed.
    Sent,
    /// The address has an account.
    Taken,
    /// Signed in: the interaction code.
    Done(String),
    /// That is not the code, or not the password.
    Wrong,
    /// No account has this address.
    Unknown,
    /// The flow is over, or not there yet.
    Over,
    /// Tokens, or the claims for one.
    Good,
    /// No tokens; a token that is void.
    Void,
    /// A budget is used up, and nothing was done.
    Refused,
}

/// Something that a client did or was told.
#[derive(Clone, Debug)]
pub enum Event {
    Invoke(usize, Op),
    Return(usize, Ret),
}

/// Everything about one address.
#[derive(Clone, Debug, Default)]
pub struct Address {
    password: Option<usize>,
    flows: BTreeMap<usize, Flow>,
    codes: BTreeMap<String, Uses>,
}

#[derive(Clone, Debug)]
enum Flow {
    Waits { password: usize },
    Done { code: String },
    Lost,
}

/// The number of times an interaction code was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Uses {
    None,
    One,
    /// Whatever the first one got is void.
    More,
}

/// True if there is an order of these operations, each between its beginning and its end, in which
/// every answer is right. What has no answer may have been done at any time since, or never.
pub fn linearizable(history: &[Event]) -> bool {
    let mut tester = LinearizabilityTester::new(Address::default());
    for event in history {
        let noted = match event.clone() {
            Event::Invoke(client, op) => tester.on_invoke(client, op).map(|_| ()),
            Event::Return(client, ret) => tester.on_return(client, ret).map(|_| ()),
        };
        noted.expect("a client does one thing at a time");
    }
    tester.is_consistent()
}

impl SequentialSpec for Address {
    type Op = Op;
    type Ret = Ret;

    /// The change if the answer is lost; an interaction code that no client knows has no owner.
    fn invoke(&mut self, op: &Op) -> Ret {
        self.step(op, "unheard")
    }

    /// Interaction codes are what the server says the first time, and then the same.
    fn is_valid_step(&mut self, op: &Op, ret: &Ret) -> bool {
        match ret {
            Ret::Refused => true,
            // A client that lost and asks once more is told so again, but for a minute only.
            Ret::Taken if matches!(op, Op::Verify { flow, right: true } if matches!(self.flows.get(flow), Some(Flow::Lost))) => {
                true
            }
            Ret::Done(code) => self.step(op, code) == *ret,
            _ => self.step(op, "unheard") == *ret,
        }
    }
}

impl Address {
    /// Does it; `fresh` is the interaction code, should there be a new one.
    fn step(&mut self, op: &Op, fresh: &str) -> Ret {
        match op {
            Op::Register { flow, password } => self.register(*flow, *password),
            Op::Verify { flow, right } => self.verify(*flow, *right, fresh),
            Op::SignIn { password } => match self.password {
                None => Ret::Unknown,
                Some(actual) if actual == *password => self.issue(fresh),
                Some(_) => Ret::Wrong,
            },
            Op::Redeem { code } => match self.codes.get_mut(code) {
                Some(uses @ Uses::None) => {
                    *uses = Uses::One;
                    Ret::Good
                }
                Some(uses) => {
                    *uses = Uses::More;
                    Ret::Void
                }
                None => Ret::Void,
            },
            Op::Userinfo { code } => match self.codes.get(code) {
                Some(Uses::One) => Ret::Good,
                _ => Ret::Void,
            },
        }
    }

    fn register(&mut self, flow: usize, password: usize) -> Ret {
        match self.flows.get(&flow) {
            None if self.password.is_some() => Ret::Taken,
            None => {
                self.flows.insert(flow, Flow::Waits { password });
                Ret::Sent
            }
            // Asked once more, because no answer came.
            Some(Flow::Waits { .. }) => Ret::Sent,
            Some(_) => Ret::Over,
        }
    }

    fn verify(&mut self, flow: usize, right: bool, fresh: &str) -> Ret {
        match (self.flows.get(&flow).cloned(), right) {
            (Some(Flow::Waits { .. }), false) => Ret::Wrong,
            (Some(Flow::Waits { .. }), true) if self.password.is_some() => {
                self.flows.insert(flow, Flow::Lost);
                Ret::Taken
            }
            (Some(Flow::Waits { password }), true) => {
                self.password = Some(password);
                self.flows.insert(flow, Flow::Done { code: fresh.into() });
                self.issue(fresh)
            }
            // Asked once more: the same code, until it is presented.
            (Some(Flow::Done { code }), true) if code == "unheard" => {
                self.flows.insert(flow, Flow::Done { code: fresh.into() });
                self.issue(fresh)
            }
            (Some(Flow::Done { code }), true) if self.codes.get(&code) == Some(&Uses::None) => {
                Ret::Done(code)
            }
            _ => Ret::Over,
        }
    }

    fn issue(&mut self, code: &str) -> Ret {
        if code != "unheard" {
            self.codes.insert(code.into(), Uses::None);
        }
        Ret::Done(code.into())
    }
}

/// The checker can say no.
#[cfg(test)]
mod tests {
    use super::*;

    const MINE: usize = 1;
    const THEIRS: usize = 2;

    /// Operations one after the other, by one client each.
    fn in_order(steps: Vec<(Op, Ret)>) -> Vec<Event> {
        steps
            .into_iter()
            .enumerate()
            .flat_map(|(client, (op, ret))| [Event::Invoke(client, op), Event::Return(client, ret)])
            .collect()
    }

    fn signed_up() -> Vec<(Op, Ret)> {
        vec![
            (Op::Register { flow: 1, password: MINE }, Ret::Sent),
            (Op::Register { flow: 2, password: THEIRS }, Ret::Sent),
            (Op::Verify { flow: 1, right: false }, Ret::Wrong),
            (Op::Verify { flow: 1, right: true }, Ret::Done("one".into())),
        ]
    }

    fn then(more: Vec<(Op, Ret)>) -> bool {
        linearizable(&in_order([signed_up(), more].concat()))
    }

    #[test]
    fn what_happens_one_after_the_other_is_accepted() {
        let redeem = Op::Redeem { code: "one".into() };
        let userinfo = Op::Userinfo { code: "one".into() };
        assert!(then(vec![
            (Op::Verify { flow: 1, right: true }, Ret::Done("one".into())),
            (Op::Verify { flow: 2, right: true }, Ret::Taken),
            (Op::SignIn { password: THEIRS }, Ret::Wrong),
            (Op::SignIn { password: MINE }, Ret::Done("two".into())),
            (redeem.clone(), Ret::Good),
            (userinfo.clone(), Ret::Good),
            (redeem, Ret::Void),
            (userinfo, Ret::Void),
        ]));
    }

    #[test]
    fn a_lost_account_is_noticed() {
        assert!(!then(vec![(Op::SignIn { password: MINE }, Ret::Unknown)]));
    }

    #[test]
    fn a_second_account_is_noticed() {
        assert!(!then(vec![(Op::Verify { flow: 2, right: true }, Ret::Done("two".into()))]));
        assert!(!then(vec![(Op::SignIn { password: THEIRS }, Ret::Done("two".into()))]));
    }

    #[test]
    fn a_code_that_is_redeemed_twice_is_noticed() {
        let redeem = || (Op::Redeem { code: "one".into() }, Ret::Good);
        assert!(then(vec![redeem()]));
        assert!(!then(vec![redeem(), redeem()]));
    }

    #[test]
    fn an_account_before_its_code_is_noticed() {
        assert!(!linearizable(&in_order(vec![
            (Op::Register { flow: 1, password: MINE }, Ret::Sent),
            (Op::SignIn { password: MINE }, Ret::Done("one".into())),
        ])));
    }

    #[test]
    fn what_has_no_answer_may_have_been_done_or_not() {
        let mut history = in_order(signed_up()[..2].to_vec());
        history.push(Event::Invoke(10, Op::Verify { flow: 1, right: true }));
        let sign_in =
            |ret| [Event::Invoke(11, Op::SignIn { password: MINE }), Event::Return(11, ret)];
        assert!(linearizable(&[history.clone(), sign_in(Ret::Unknown).into()].concat()));
        assert!(linearizable(&[history.clone(), sign_in(Ret::Done("one".into())).into()].concat()));
        assert!(!linearizable(&[history, sign_in(Ret::Wrong).into()].concat()));
    }
}
