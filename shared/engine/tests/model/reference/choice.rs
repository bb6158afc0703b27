//! Which step is taken, and in which words.

use proptest_state_machine::ReferenceStateMachine;

use super::super::operation::{ADDRESSES, App, Browser, Code, Edit, Operation, Redemption, Step};
use super::{ATTEMPTS, CODES, COOLDOWN, End, Flow, Model, Request, View, Who, key};

impl Model {
    /// What somebody who looks at the pages of both browsers may do.
    pub(super) fn sensible(&self) -> Vec<Operation> {
        let mut sensible: Vec<Operation> =
            (0..2).flat_map(|browser| self.sensible_in(browser)).collect();
        if self.policy.denied {
            sensible.push(Operation::Edit(Edit::Denial));
        }
        if self.policy.closed {
            sensible.push(Operation::Edit(Edit::SignUp));
        }
        sensible
    }

    fn sensible_in(&self, browser: Browser) -> Vec<Operation> {
        let flow = self.tabs[browser]
            .map(|place| &self.flows[place])
            .filter(|flow| !flow.expired(self.now));
        let view = flow.map_or(View::Over, |flow| self.view(flow));
        let somebody = |step: fn(usize, usize) -> Step| {
            (0..ADDRESSES.len())
                .flat_map(move |address| (0..2).map(move |password| step(address, password)))
        };
        let steps: Vec<Step> = match view {
            View::FirstPage => somebody(Step::Identify)
                .chain(std::iter::repeat_n(Step::SelectEnrollProfile, 6))
                .collect(),
            View::SignUpForm => {
                // While the form is open, too.
                let edits = [Edit::ShoeSize, Edit::SignUp].map(Operation::Edit);
                return somebody(Step::SignUp)
                    .map(|step| Operation::Step(browser, step))
                    .chain(edits)
                    .collect();
            }
            View::EnrollEmail | View::Email => {
                let right = Step::Code(Code::Right);
                vec![
                    right.clone(),
                    right.clone(),
                    right,
                    Step::Code(Code::Wrong),
                    Step::Code(Code::Old),
                    Step::Resend,
                ]
            }
            View::SetUpEmail => vec![Step::SetUpEmail, Step::Poll],
            View::Password => vec![Step::Password(0), Step::Password(1)],
            View::ChooseEmail => vec![Step::SelectEmail],
            View::Profile => {
                let (sends, edits) = (
                    Operation::Step(browser, Step::UpdateProfile),
                    [Edit::ShoeSize, Edit::TwoFactors].map(Operation::Edit),
                );
                return [sends.clone(), sends.clone(), sends].into_iter().chain(edits).collect();
            }
            View::Denied => {
                let edits = [
                    Edit::Denial,
                    Edit::Denial,
                    Edit::TwoFactors,
                    Edit::Verification(App::Newsletter),
                ];
                return edits.into_iter().map(Operation::Edit).collect();
            }
            View::Code | View::Over | View::Closed => {
                let operations = [
                    Operation::Begin(browser, App::Demo),
                    Operation::Begin(browser, App::Newsletter),
                    Operation::Step(browser, Step::Poll),
                    Operation::Redeem(0, Redemption::Right),
                    Operation::Userinfo(0),
                ];
                return operations
                    .into_iter()
                    .filter(|operation| Self::preconditions(self, operation))
                    .collect();
            }
        };
        steps.into_iter().map(|step| Operation::Step(browser, step)).collect()
    }

    /// What brings the flow of this browser to its end, for somebody who reads every mailbox and
    /// knows every password. `None`: it has ended, or nothing can.
    pub fn helpful(&self, browser: Browser) -> Option<Operation> {
        let flow = self.tabs[browser]
            .map(|place| &self.flows[place])
            .filter(|flow| !flow.expired(self.now))?;
        let person =
            |address: &usize| self.people.get(key(*address)).filter(|person| person.active);
        let more_codes = flow.sends < CODES;
        let step = match self.view(flow) {
            View::Over if matches!(flow.end, Some(End::Done { .. })) => Step::Poll,
            View::Code | View::Over | View::Closed | View::Denied => return None,
            _ if self.missing(flow).is_none() => Step::Introspect,
            View::FirstPage | View::SignUpForm if flow.page != self.policy.page() => {
                Step::Introspect
            }
            View::FirstPage => match (0..ADDRESSES.len())
                .find_map(|address| Some((address, person(&address)?.password)))
            {
                Some((address, password)) => Step::Identify(address, password),
                None if self.policy.closed(flow.app) => return None,
                None => Step::SelectEnrollProfile,
            },
            View::SignUpForm => match (0..ADDRESSES.len())
                .find(|address| !self.people.contains_key(key(*address)))
            {
                Some(address) if more_codes || !self.policy.proves_first(flow.app) => {
                    Step::SignUp(address, 0)
                }
                _ => Step::Cancel,
            },
            View::EnrollEmail | View::Email => match flow.challenge {
                _ if matches!(flow.who, Who::Applicant { decoy: true, .. }) => Step::Cancel,
                Some(challenge) if flow.code_lives(self.now) && challenge.attempts < ATTEMPTS => {
                    Step::Code(Code::Right)
                }
                Some(challenge) if more_codes && self.now < challenge.made + COOLDOWN => {
                    return Some(Operation::Wait(COOLDOWN));
                }
                _ if more_codes => Step::Resend,
                _ => Step::Cancel,
            },
            View::Password => match &flow.who {
                Who::Member { key, .. } => Step::Password(self.people[key].password),
                _ => Step::Cancel,
            },
            View::SetUpEmail if more_codes => Step::SetUpEmail,
            View::ChooseEmail if more_codes || flow.code_lives(self.now) => Step::SelectEmail,
            View::SetUpEmail | View::ChooseEmail => Step::Cancel,
            View::Profile => Step::UpdateProfile,
        };
        Some(Operation::Step(browser, step))
    }

    /// True if the flow of this browser is about somebody who was deactivated: it ends nowhere.
    pub fn is_of_nobody(&self, browser: Browser) -> bool {
        let flow = self.tabs[browser].map(|place| &self.flows[place]);
        flow.is_some_and(
            |flow| matches!(flow.who, Who::Member { key, .. } if !self.people[key].active),
        )
    }

    /// The step as somebody words it who looks at this flow now.
    pub(super) fn worded(&self, flow: usize, step: &Step) -> Request {
        let Flow { sends, page, .. } = self.flows[flow];
        let code = match step {
            Step::Code(Code::Right) if sends > 0 => Some(sends),
            Step::Code(Code::Old) if sends > 1 => Some(sends - 1),
            _ => None,
        };
        let step = match (step, code) {
            (Step::Code(Code::Malformed), _) => step.clone(),
            (Step::Code(_), Some(_)) => Step::Code(Code::Right),
            (Step::Code(_), None) => Step::Code(Code::Wrong),
            // Without a password, all passwords are the same words.
            (Step::Identify(address, _), _) if !page.password => Step::Identify(*address, 0),
            _ => step.clone(),
        };
        let shoe = page.shoe && matches!(step, Step::SignUp(..));
        let with_password = page.password && matches!(step, Step::Identify(..));
        Request { step, shoe, with_password, code }
    }
}
