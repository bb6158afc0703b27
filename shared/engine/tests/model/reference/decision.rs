//! What a step comes to: the rules, once more and as plainly as they can be said.

use std::collections::BTreeSet;

use super::super::operation::{App, Code, Step};
use super::{CODES, COOLDOWN, Challenge, End, Flow, Kind, Model, Person, Request, Taken, View, Who, key};

impl Model {
    /// The first thing that is not yet met.
    pub(super) fn missing(&self, flow: &Flow) -> Option<View> {
        match &flow.who {
            Who::Visitor => Some(View::FirstPage),
            Who::AtSignUp => Some(View::SignUpForm),
            Who::Applicant { .. } => (!flow.email_proven && (flow.app == App::Demo || self.two_factors)).then_some(View::EnrollEmail),
            Who::Member { .. } if !flow.password_proven => Some(View::Password),
            Who::Member { .. } if self.two_factors && !flow.email_proven => {
                Some(if flow.chose_email && flow.challenge.is_some() { View::Email } else { View::ChooseEmail })
            }
            Who::Member { seen, .. } => (self.asks_shoe && !seen.shoe).then_some(View::Profile),
        }
    }

    pub(super) fn view(&self, flow: &Flow) -> View {
        match flow.end {
            Some(End::Done(Some(_))) => View::Code,
            Some(_) => View::Over,
            // The policies were relaxed meanwhile: the next look at it ends it; the first page always exists.
            None => self.missing(flow).unwrap_or(View::FirstPage),
        }
    }

    pub(super) fn offers(&self, flow: &Flow, step: &Step) -> bool {
        if let Some(end) = &flow.end {
            return matches!(end, End::Done(None)) && matches!(step, Step::Introspect | Step::Poll);
        }
        match self.view(flow) {
            _ if matches!(step, Step::Introspect | Step::Poll | Step::Cancel) => true,
            View::FirstPage => matches!(step, Step::Identify(..) | Step::SelectEnrollProfile),
            View::SignUpForm => matches!(step, Step::SignUp(..) | Step::SelectIdentify),
            View::EnrollEmail | View::Email => matches!(step, Step::Code(_) | Step::Resend),
            View::Password => matches!(step, Step::Password(_)),
            View::ChooseEmail => matches!(step, Step::SelectEmail),
            View::Profile => matches!(step, Step::UpdateProfile),
            View::Code | View::Over => false,
        }
    }

    pub(super) fn take(&self, before: &Flow, request: &Request) -> Taken {
        let flow = before.clone();
        let stays = |kind| Taken { kind, flow: before.clone(), write: None };
        match &request.step {
            Step::Introspect | Step::Poll if before.end.is_some() => Taken { kind: Kind::Changed, flow, write: None },
            Step::Introspect | Step::Poll if self.missing(before).is_some() => stays(Kind::Same),
            Step::Introspect | Step::Poll => self.go_on(flow, None),
            Step::Cancel => Taken { kind: Kind::Changed, flow: Flow { end: Some(End::Cancelled), challenge: None, ..flow }, write: None },
            Step::SelectEnrollProfile => self.turned(flow, Who::AtSignUp, false),
            Step::SelectIdentify => self.turned(flow, Who::Visitor, false),
            Step::SignUp(..) if request.shoe && !self.asks_shoe => stays(Kind::Malformed),
            Step::SignUp(..) if self.asks_shoe && !request.shoe => stays(Kind::Refused(400)),
            Step::SignUp(address, password) => {
                let gives_way = |person: &Person| !person.verified && person.active && before.app == App::Demo;
                if self.people.get(&key(*address)).is_some_and(|person| !gives_way(person)) {
                    return stays(Kind::Refused(400));
                }
                self.turned(flow, Who::Applicant { key: key(*address), password: *password, shoe: request.shoe }, true)
            }
            Step::Identify(address, password) => match self.people.get(&key(*address)).filter(|person| person.active) {
                None => stays(Kind::Same),
                Some(person) if person.password != *password => stays(Kind::Refused(401)),
                Some(person) => self.turned(flow, Who::Member { key: key(*address), seen: person.clone() }, true),
            },
            Step::Password(password) => {
                let Who::Member { key, .. } = &before.who else { unreachable!() };
                if self.people[key].password != *password {
                    return stays(Kind::Refused(401));
                }
                self.go_on(Flow { password_proven: true, chose_email: false, ..flow }, None)
            }
            Step::SelectEmail => {
                let chosen = Flow { chose_email: true, ..flow };
                if chosen.code_lives(self.now) { Taken { kind: Kind::Changed, flow: chosen, write: None } } else { self.mailed(chosen, before) }
            }
            Step::Code(Code::Malformed) => stays(Kind::Refused(400)),
            Step::Code(_) if request.code.is_none() || request.code != before.challenge.map(|challenge| challenge.number) => {
                stays(Kind::Refused(401))
            }
            Step::Code(_) if !before.code_lives(self.now) => stays(Kind::Refused(401)),
            Step::Code(_) => {
                let proven = Flow { email_proven: true, challenge: None, chose_email: false, ..flow };
                let verified = match &before.who {
                    Who::Member { seen, .. } if !seen.verified => Some(Person { verified: true, ..seen.clone() }),
                    _ => None,
                };
                self.go_on(proven, verified)
            }
            Step::Resend if self.now < before.challenge.unwrap().made + COOLDOWN => stays(Kind::Refused(429)),
            Step::Resend => self.mailed(flow, before),
            Step::UpdateProfile => {
                let Who::Member { seen, .. } = &before.who else { unreachable!() };
                self.go_on(flow, Some(Person { shoe: true, ..seen.clone() }))
            }
        }
    }

    pub(super) fn turned(&self, flow: Flow, who: Who, password_proven: bool) -> Taken {
        let before = flow.clone();
        let mut flow = flow;
        flow.turn_to(who);
        flow.password_proven = password_proven;
        match self.missing(&flow) {
            Some(View::EnrollEmail) => self.mailed(flow, &before),
            _ => self.go_on(flow, None),
        }
    }

    /// With a new code, unless there were too many.
    pub(super) fn mailed(&self, mut flow: Flow, before: &Flow) -> Taken {
        if flow.sends == CODES {
            return Taken { kind: Kind::Refused(429), flow: before.clone(), write: None };
        }
        flow.sends += 1;
        flow.challenge = Some(Challenge { number: flow.sends, made: self.now, attempts: 0 });
        Taken { kind: Kind::Changed, flow, write: None }
    }

    /// Ends the flow if nothing is missing. `saved`: the member's account as this step changes it.
    pub(super) fn go_on(&self, mut flow: Flow, saved: Option<Person>) -> Taken {
        let app = flow.app.group();
        match flow.who.clone() {
            Who::Member { key, seen } => {
                let is_saved = saved.is_some();
                let mut person = saved.unwrap_or(seen);
                flow.who = Who::Member { key: key.clone(), seen: person.clone() };
                let done = self.missing(&flow).is_none();
                let joins = done && person.granted.insert(app);
                if joins {
                    person.groups.insert(app);
                }
                if joins || is_saved {
                    person.version += 1;
                }
                if done {
                    (flow.end, flow.challenge) = (Some(End::Done(None)), None);
                }
                flow.who = Who::Member { key: key.clone(), seen: person.clone() };
                Taken { kind: Kind::Changed, flow, write: (done || is_saved).then_some((key, person)) }
            }
            Who::Applicant { key, password, shoe } if self.missing(&flow).is_none() => {
                let there = self.people.get(&key);
                if there.is_some_and(|person| person.verified || !person.active || !flow.email_proven) {
                    flow.turn_to(Who::Visitor);
                    return Taken { kind: Kind::Back, flow, write: None };
                }
                // An account that nobody proved gives way: nothing of it is left. One that was deactivated stays what it is.
                let (version, hands) = there.map_or((1, 0), |person| (person.version + 1, person.hands + 1));
                let groups = BTreeSet::from([app]);
                let person =
                    Person { verified: flow.email_proven, password, shoe, active: true, groups: groups.clone(), granted: groups, version, hands };
                (flow.end, flow.challenge) = (Some(End::Done(None)), None);
                Taken { kind: Kind::Changed, flow, write: Some((key, person)) }
            }
            _ => Taken { kind: Kind::Changed, flow, write: None },
        }
    }
}
