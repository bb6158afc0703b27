//! Which step is taken, and in which words.

use proptest_state_machine::ReferenceStateMachine;

use super::super::operation::{ADDRESSES, App, Browser, Code, Operation, Step};
use super::{Model, Request, View};

impl Model {
    /// What somebody who looks at this browser's page may do.
    pub(super) fn sensible(&self, browser: Browser) -> Vec<Operation> {
        let flow = self.flows[browser].as_ref().filter(|flow| !flow.expired(self.now));
        let view = flow.map_or(View::Over, |flow| self.view(flow));
        let somebody =
            |step: fn(usize, usize) -> Step| (0..ADDRESSES.len()).flat_map(move |address| (0..2).map(move |password| step(address, password)));
        let steps: Vec<Step> = match view {
            View::FirstPage => somebody(Step::Identify).chain(std::iter::repeat_n(Step::SelectEnrollProfile, 4)).collect(),
            View::SignUpForm => somebody(Step::SignUp).collect(),
            View::EnrollEmail | View::Email => {
                vec![
                    Step::Code(Code::Right),
                    Step::Code(Code::Right),
                    Step::Code(Code::Right),
                    Step::Code(Code::Wrong),
                    Step::Code(Code::Old),
                    Step::Resend,
                ]
            }
            View::Password => vec![Step::Password(0), Step::Password(1)],
            View::ChooseEmail => vec![Step::SelectEmail],
            View::Profile => vec![Step::UpdateProfile],
            View::Code | View::Over => {
                return vec![Operation::Begin(browser, App::Demo), Operation::Begin(browser, App::Newsletter), Operation::Step(browser, Step::Poll)]
                    .into_iter()
                    .filter(|operation| Self::preconditions(self, operation))
                    .collect();
            }
        };
        steps.into_iter().map(|step| Operation::Step(browser, step)).collect()
    }

    /// The step as this browser words it now.
    pub(super) fn worded(&self, browser: Browser, step: &Step) -> Request {
        let sends = self.flows[browser].as_ref().map_or(0, |flow| flow.sends);
        let code = match step {
            Step::Code(Code::Right) if sends > 0 => Some(sends),
            Step::Code(Code::Old) if sends > 1 => Some(sends - 1),
            _ => None,
        };
        let step = match (step, code) {
            (Step::Code(Code::Malformed), _) => step.clone(),
            (Step::Code(_), Some(_)) => Step::Code(Code::Right),
            (Step::Code(_), None) => Step::Code(Code::Wrong),
            _ => step.clone(),
        };
        Request { shoe: self.asks_shoe && matches!(step, Step::SignUp(..)), code, step }
    }
}
