//! What a step comes to: the rules, once more and as plainly as they can be said.

use std::collections::BTreeSet;

use super::super::operation::{ADDRESSES, Code, Step};
use super::answer::{Kind, Mailed, Taken};
use super::{
    CODES, COOLDOWN, Challenge, End, Flow, IDLE, Model, Offer, Person, Request, Shown, View, Who,
    key,
};

impl Model {
    /// The first thing that is not yet met.
    pub(super) fn missing(&self, flow: &Flow) -> Option<View> {
        let policy = &self.policy;
        let code = if flow.challenge.is_some() { View::EnrollEmail } else { View::SetUpEmail };
        match &flow.who {
            Who::Visitor => Some(View::FirstPage),
            Who::AtSignUp | Who::Applicant { .. } if policy.closed(flow.app) => Some(View::Closed),
            Who::AtSignUp => Some(View::SignUpForm),
            Who::Applicant { shoe, contested, .. } => {
                match flow.email_proven {
                    false if policy.proves_first(flow.app) || *contested => Some(code),
                    _ if policy.denied => Some(View::Denied),
                    false if policy.two_factors => Some(code),
                    // It was not asked for when the form was sent.
                    _ => (policy.asks_shoe && shoe.is_none()).then_some(View::Profile),
                }
            }
            // Whoever has proven nothing is treated like anybody, where it must not be seen who has
            // an account.
            Who::Member { .. } | Who::Stranger
                if policy.prevents_enumeration && !flow.password_proven && !flow.email_proven =>
            {
                Some(View::Password)
            }
            Who::Member { .. } | Who::Stranger if policy.denied => Some(View::Denied),
            Who::Stranger => Some(View::Password),
            Who::Member { .. } if !flow.password_proven => Some(View::Password),
            Who::Member { .. } if policy.two_factors && !flow.email_proven => {
                Some(if flow.chose_email && flow.challenge.is_some() {
                    View::Email
                } else {
                    View::ChooseEmail
                })
            }
            // They signed up where it was not asked for.
            Who::Member { seen, .. } if !seen.verified && policy.verifies(flow.app) => Some(code),
            Who::Member { seen, .. } => {
                (policy.asks_shoe && seen.shoe.is_none()).then_some(View::Profile)
            }
        }
    }

    pub(super) fn view(&self, flow: &Flow) -> View {
        match flow.end {
            Some(End::Done { grant: Some(_), .. }) => View::Code,
            Some(_) => View::Over,
            // The policies were relaxed meanwhile: the next look at it ends it; the first page
            // always exists.
            None => self.missing(flow).unwrap_or(View::FirstPage),
        }
    }

    /// What is remembered of a page that shows where `flow` stands.
    pub(super) fn shows(&self, flow: &Flow) -> Shown {
        let view = self.view(flow);
        let asks_more = match view {
            View::FirstPage => !self.policy.prevents_enumeration,
            View::SignUpForm => self.policy.asks_shoe,
            _ => false,
        };
        let offer = Offer {
            view,
            asks_more,
            registers: view == View::FirstPage && !self.policy.closed(flow.app),
        };
        let offer =
            (flow.end.is_none() && !matches!(view, View::Closed | View::Denied)).then_some(offer);
        let form = matches!(view, View::SignUpForm | View::Profile);
        Shown { offer, shoe: form && (flow.shown.shoe || view == View::Profile || asks_more) }
    }

    /// True if a policy has changed what the open page shows.
    pub(super) fn outdated(&self, flow: &Flow) -> bool {
        let today = self.shows(flow).offer;
        today.is_some() && today != flow.shown.offer
    }

    pub(super) fn offers(&self, flow: &Flow, step: &Step) -> bool {
        let looks = matches!(step, Step::Introspect | Step::Reload)
            || (*step == Step::Poll && flow.sends > 0);
        if let Some(end) = &flow.end {
            return matches!(end, End::Done { grant: None, .. }) && looks;
        }
        let edits = matches!(flow.who, Who::Applicant { .. })
            && !flow.email_proven
            && *step == Step::SelectEnrollProfile;
        match self.view(flow) {
            View::EnrollEmail | View::SetUpEmail | View::Profile if edits => true,
            _ if looks || *step == Step::Cancel => true,
            View::FirstPage => {
                matches!(step, Step::Identify(..))
                    || (*step == Step::SelectEnrollProfile && !self.policy.closed(flow.app))
            }
            View::SignUpForm => matches!(step, Step::SignUp(..) | Step::SelectIdentify),
            View::EnrollEmail if *step == Step::SetUpEmail => true,
            View::EnrollEmail | View::Email => matches!(step, Step::Code(_) | Step::Resend),
            View::SetUpEmail => matches!(step, Step::SetUpEmail),
            View::Password => matches!(step, Step::Password(_)),
            View::ChooseEmail => matches!(step, Step::SelectEmail),
            View::Profile => matches!(step, Step::UpdateProfile),
            View::Closed => *step == Step::SelectIdentify,
            View::Code | View::Over | View::Denied => false,
        }
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each step")]
    pub(super) fn take(&self, before: &Flow, request: &Request) -> Taken {
        let flow = before.clone();
        let stays = |kind| Taken { kind, flow: before.clone(), write: None, mailed: None };
        let changed = |flow| Taken { kind: Kind::Changed, flow, write: None, mailed: None };
        // One that is not asked for any more is dropped.
        let with_password = request.with_password && !self.policy.prevents_enumeration;
        match &request.step {
            Step::Introspect | Step::Reload | Step::Poll if before.end.is_some() => changed(flow),
            Step::Poll if self.missing(before) == Some(View::SetUpEmail) => {
                self.mailed(flow, before)
            }
            // A page that waits keeps its flow alive.
            Step::Poll
                if self.missing(before).is_some() && self.now - before.touched > IDLE / 2 =>
            {
                changed(flow)
            }
            Step::Introspect | Step::Reload | Step::Poll if self.missing(before).is_some() => {
                stays(Kind::Same)
            }
            Step::Poll => self.go_on(flow, None),
            // Whoever serves this may not send mail.
            Step::Introspect | Step::Reload => Taken { mailed: None, ..self.go_on(flow, None) },
            Step::Cancel => changed(Flow { end: Some(End::Cancelled), challenge: None, ..flow }),
            Step::SelectEnrollProfile => self.turned(flow, Who::AtSignUp, false),
            Step::SelectIdentify => self.turned(flow, Who::Visitor, false),
            Step::SignUp(..) if request.shoe && !self.policy.asks_shoe && !before.shown.shoe => {
                stays(Kind::Malformed)
            }
            Step::SignUp(..) if self.policy.asks_shoe && !request.shoe => stays(self.wrong(before)),
            Step::SignUp(address, password) => {
                // An account that nobody proved gives way to whoever proves the mailbox.
                let gives_way = |person: &Person| !person.verified && person.active;
                let contested = self.people.get(key(*address)).is_some_and(gives_way);
                let taken = self.people.get(key(*address)).is_some_and(|person| !gives_way(person));
                if taken && !self.policy.prevents_enumeration {
                    return stays(Kind::Refused(400));
                }
                self.turned(
                    flow,
                    Who::Applicant {
                        address: *address,
                        password: *password,
                        shoe: (request.shoe && self.policy.asks_shoe).then_some("42"),
                        contested,
                        decoy: taken,
                    },
                    true,
                )
            }
            Step::Identify(..)
                if request.with_password
                    && self.policy.prevents_enumeration
                    && !self.outdated(before) =>
            {
                stays(Kind::Malformed)
            }
            Step::Identify(..) if !request.with_password && !self.policy.prevents_enumeration => {
                stays(self.wrong(before))
            }
            Step::Identify(address, password) => {
                match self.people.get(key(*address)).filter(|person| person.active) {
                    None if self.policy.prevents_enumeration => {
                        self.turned(flow, Who::Stranger, false)
                    }
                    None if self.policy.closed(before.app) => stays(Kind::Refused(401)),
                    None => stays(Kind::Same),
                    Some(person) if with_password && person.password != *password => {
                        stays(Kind::Refused(401))
                    }
                    Some(person) => self.turned(
                        flow,
                        Who::Member { key: key(*address), seen: person.clone() },
                        with_password,
                    ),
                }
            }
            Step::Password(password) => match &before.who {
                Who::Member { key, .. } if self.people[key].password == *password => {
                    self.go_on(Flow { password_proven: true, chose_email: false, ..flow }, None)
                }
                _ => stays(Kind::Refused(401)),
            },
            Step::SelectEmail => {
                let chosen = Flow { chose_email: true, ..flow };
                if chosen.code_lives(self.now) {
                    changed(chosen)
                } else {
                    self.mailed(chosen, before)
                }
            }
            Step::Code(Code::Malformed) => stays(Kind::Refused(400)),
            Step::Code(_)
                if request.code.is_none()
                    || request.code != before.challenge.map(|challenge| challenge.number) =>
            {
                stays(Kind::Refused(401))
            }
            Step::Code(_)
                if !before.code_lives(self.now)
                    || matches!(before.who, Who::Applicant { decoy: true, .. }) =>
            {
                stays(Kind::Refused(401))
            }
            Step::Code(_) => {
                let proven =
                    Flow { email_proven: true, challenge: None, chose_email: false, ..flow };
                let verified = match &before.who {
                    Who::Member { seen, .. } if !seen.verified => {
                        Some(Person { verified: true, ..seen.clone() })
                    }
                    _ => None,
                };
                self.go_on(proven, verified)
            }
            Step::Resend if self.now < before.challenge.unwrap().made + COOLDOWN => {
                stays(Kind::Refused(429))
            }
            Step::SetUpEmail if before.code_lives(self.now) => stays(Kind::Same),
            Step::SetUpEmail | Step::Resend => self.mailed(flow, before),
            Step::UpdateProfile => {
                match &before.who {
                    Who::Member { seen, .. } => {
                        self.go_on(flow, Some(Person { shoe: Some("43"), ..seen.clone() }))
                    }
                    Who::Applicant { address, password, contested, decoy, .. } => {
                        let who = Who::Applicant {
                            address: *address,
                            password: *password,
                            shoe: Some("43"),
                            contested: *contested,
                            decoy: *decoy,
                        };
                        // Whoever serves this may not send mail.
                        Taken { mailed: None, ..self.go_on(Flow { who, ..flow }, None) }
                    }
                    _ => unreachable!(),
                }
            }
        }
    }

    /// Something is wrong with what was typed, perhaps because the form was another one.
    fn wrong(&self, before: &Flow) -> Kind {
        if self.outdated(before) { Kind::Outdated } else { Kind::Refused(400) }
    }

    fn turned(&self, flow: Flow, who: Who, password_proven: bool) -> Taken {
        let before = flow.clone();
        let mut flow = flow;
        flow.turn_to(who);
        flow.password_proven = password_proven;
        match self.missing(&flow) {
            // Whoever serves a sign-in may not send mail.
            Some(View::SetUpEmail) if matches!(flow.who, Who::Applicant { .. }) => {
                self.mailed(flow, &before)
            }
            _ => self.go_on(flow, None),
        }
    }

    /// With a new code, unless there were too many. A decoy's mail has none.
    fn mailed(&self, mut flow: Flow, before: &Flow) -> Taken {
        if flow.sends == CODES {
            return Taken {
                kind: Kind::Refused(429),
                flow: before.clone(),
                write: None,
                mailed: None,
            };
        }
        flow.sends += 1;
        flow.challenge = Some(Challenge { number: flow.sends, made: self.now, attempts: 0 });
        let decoy = matches!(flow.who, Who::Applicant { decoy: true, .. });
        let mailed = (!decoy).then_some(Mailed::Code(flow.sends));
        Taken { kind: Kind::Changed, flow, write: None, mailed }
    }

    /// Ends the flow if nothing is missing. `saved`: the member's account as this step changes it.
    pub(super) fn go_on(&self, mut flow: Flow, saved: Option<Person>) -> Taken {
        let app = flow.app.group();
        let done = |flow: &mut Flow, key, person: &Person| {
            (flow.end, flow.challenge) =
                (Some(End::Done { key, hands: person.hands, grant: None }), None);
        };
        match flow.who.clone() {
            Who::Member { key, seen } => {
                let is_saved = saved.is_some();
                let mut person = saved.unwrap_or(seen);
                flow.who = Who::Member { key, seen: person.clone() };
                let met = self.missing(&flow).is_none();
                let joins = met && person.granted.insert(app);
                if joins {
                    person.groups.insert(app);
                }
                if joins || is_saved {
                    person.version += 1;
                }
                if met {
                    done(&mut flow, key, &person);
                }
                flow.who = Who::Member { key, seen: person.clone() };
                Taken {
                    kind: Kind::Changed,
                    flow,
                    write: (met || is_saved).then_some((key, person)),
                    mailed: None,
                }
            }
            Who::Applicant { address, password, shoe, .. } if self.missing(&flow).is_none() => {
                let (key, address) = (key(address), ADDRESSES[address].stored);
                let there = self.people.get(key);
                if let Some(there) =
                    there.filter(|person| person.verified || !person.active || !flow.email_proven)
                {
                    // To sign in; or, where the account there lets nobody in, to the form again.
                    flow.turn_to(if there.active { Who::Visitor } else { Who::AtSignUp });
                    return Taken { kind: Kind::Back, flow, write: None, mailed: None };
                }
                // An account that nobody proved gives way: nothing of it is left. One that was
                // deactivated stays what it is.
                let (version, hands) =
                    there.map_or((1, 0), |person| (person.version + 1, person.hands + 1));
                let (groups, verified) = (BTreeSet::from([app]), flow.email_proven);
                let shoe = shoe.filter(|_| self.policy.asks_shoe);
                let person = Person {
                    address,
                    verified,
                    password,
                    shoe,
                    active: true,
                    groups: groups.clone(),
                    granted: groups,
                    version,
                    hands,
                };
                done(&mut flow, key, &person);
                let mailed = (!verified).then_some(Mailed::Welcome(key, address));
                Taken { kind: Kind::Changed, flow, write: Some((key, person)), mailed }
            }
            _ => Taken { kind: Kind::Changed, flow, write: None, mailed: None },
        }
    }
}
