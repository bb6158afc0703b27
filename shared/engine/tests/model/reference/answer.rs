//! From a request to its answer: what is repeated, what is counted, what has changed meanwhile.

use super::super::operation::{Browser, Code, Step};
use super::{
    ATTEMPTS, End, Expected, Flow, Grant, INTERACTION_CODE_LIVES, Last, Link, Model, Person,
    REPEATED_WITHIN, RESEND_REPEATED_WITHIN, Request, Sent, View, WELCOME_LINK_LIVES, Who,
    from_newest,
};

/// What a step comes to: the flow afterwards, and an account to write.
pub(super) struct Taken {
    pub kind: Kind,
    pub flow: Flow,
    pub write: Option<(&'static str, Person)>,
    /// Whether a mail with a link went out.
    pub mailed: Option<Mailed>,
}

pub(super) enum Mailed {
    Code(u32),
    Welcome(&'static str, &'static str),
}

pub(super) enum Kind {
    Changed,
    Same,
    Refused(u16),
    /// Refused, and back on the first page.
    Back,
    /// Not taken: the page was another one, and today's is shown.
    Outdated,
    NotOffered,
    Malformed,
}

impl Model {
    pub(super) fn request(&mut self, by: Browser, flow: usize, step: &Step) {
        let sent = Sent { by, flow, request: self.worded(flow, step) };
        self.sent.push(sent.clone());
        self.send(&sent);
    }

    pub(super) fn again(&mut self, newest: usize) {
        let sent = self.sent[from_newest(newest, self.sent.len())].clone();
        if self.tabs[sent.by] != Some(sent.flow) {
            self.seen.insert("a request of an abandoned or foreign flow");
        }
        self.send(&sent);
    }

    fn send(&mut self, sent: &Sent) {
        let flow = self.flows[sent.flow].clone();
        let expected = self.answer(sent.flow, flow, &sent.request);
        if matches!(expected.view, View::FirstPage | View::SignUpForm) {
            self.flows[sent.flow].page = self.policy.page();
        }
        self.expected = Some(expected);
    }

    fn answer(&mut self, place: usize, flow: Flow, request: &Request) -> Expected {
        let now = self.now;
        if flow.expired(now) {
            self.seen.insert("too late for the flow");
            return Expected { status: 401, view: View::Over };
        }
        let within =
            if request.step == Step::Resend { RESEND_REPEATED_WITHIN } else { REPEATED_WITHIN };
        let looks = matches!(request.step, Step::Introspect | Step::Reload);
        let repeated_within = |span| {
            flow.last.as_ref().is_some_and(|last| last.request == *request && now - last.at < span)
        };
        let repeated = !looks && repeated_within(within);
        match flow.end {
            Some(End::Done { grant: Some(grant), .. }) => {
                let Grant { issued, used, .. } = self.grants[grant];
                match request.step {
                    // Whoever got it, also by looking; nobody else.
                    _ if repeated_within(REPEATED_WITHIN)
                        && !used
                        && now < issued + INTERACTION_CODE_LIVES =>
                    {
                        self.seen.insert("the interaction code once more");
                        Expected { status: 200, view: View::Code }
                    }
                    Step::Poll => Expected { status: 200, view: View::Over },
                    _ => Expected { status: 401, view: View::Over },
                }
            }
            Some(End::Cancelled) if repeated && request.step == Step::Cancel => {
                Expected { status: 200, view: View::Over }
            }
            Some(End::Cancelled) => Expected { status: 401, view: View::Over },
            None if repeated
                && request.step != Step::Poll
                && flow.last.as_ref().is_some_and(|last| last.redrawn) =>
            {
                self.seen.insert("the same words to another page");
                let expected = self.decide(place, flow, request, false).1;
                // No answer to that page: it was not seen.
                if expected.status == 400 { self.shown(200, &self.flows[place]) } else { expected }
            }
            None if repeated && request.step != Step::Poll => {
                self.seen.insert("the same answer once more");
                self.shown(200, &flow)
            }
            _ => self.decide(place, flow, request, false).1,
        }
    }

    /// Decides on the account as the flow has seen it; if that turns out to be old when something
    /// is to be done with it, looks again. Whether the step was taken, and the answer.
    pub(super) fn decide(
        &mut self,
        place: usize,
        mut flow: Flow,
        request: &Request,
        by_link: bool,
    ) -> (bool, Expected) {
        let is_code = matches!(request.step, Step::Code(Code::Right | Code::Wrong)) && !by_link;
        if is_code && self.offers(&flow, &request.step) {
            let challenge = flow.challenge.as_mut().unwrap();
            if challenge.attempts == ATTEMPTS {
                self.seen.insert("too many attempts");
                return (false, self.shown(429, &flow));
            }
            challenge.attempts += 1;
            self.flows[place] = flow.clone();
        }
        loop {
            if let (Step::Password(_), Who::Member { key, seen }) = (&request.step, &flow.who)
                && self.offers(&flow, &request.step)
                && self.people[key].hands != seen.hands
            {
                // The password is that of whoever has the account now.
                let key = *key;
                if !self.people[key].active {
                    return (false, Expected { status: 401, view: View::Over });
                }
                flow.who = Who::Member { key, seen: self.people[key].clone() };
                (flow.password_proven, flow.email_proven, flow.touched, flow.last) =
                    (false, false, self.now, None);
                self.flows[place] = flow.clone();
            }
            let taken = if self.offers(&flow, &request.step) {
                self.take(&flow, request)
            } else if flow.end.is_none() && self.missing(&flow).is_none() {
                // Nothing is missing any more: whatever was sent, this is the end.
                self.seen.insert("done by a form that is not asked for any more");
                // Whoever serves these may send mail.
                let mails = matches!(
                    request.step,
                    Step::SelectEnrollProfile
                        | Step::SignUp(..)
                        | Step::SelectEmail
                        | Step::SetUpEmail
                        | Step::Code(_)
                        | Step::Resend
                        | Step::Poll
                );
                let ended = self.go_on(flow.clone(), None);
                Taken { mailed: ended.mailed.filter(|_| mails), ..ended }
            } else {
                let closed = self.view(&flow) == View::Closed;
                let says_why = request.step == Step::SelectEnrollProfile
                    && self.policy.closed(flow.app)
                    && !closed;
                let outdated = if closed {
                    flow.shown.offer.is_some()
                } else {
                    self.outdated(&flow) && !says_why
                };
                let mut flow = flow.clone();
                if closed && outdated && !by_link {
                    self.seen.insert("sign-up was closed meanwhile");
                    flow.turn_to(Who::Visitor);
                }
                let kind = if outdated && !by_link { Kind::Outdated } else { Kind::NotOffered };
                Taken { kind, flow, write: None, mailed: None }
            };
            if let (Some(_), Who::Member { key, seen }) = (&taken.write, &flow.who)
                && !matches!(request.step, Step::Identify(..))
                && self.people[key].version != seen.version
            {
                let current = self.people[key].clone();
                if !current.active {
                    self.seen.insert("deactivated meanwhile");
                    return (false, Expected { status: 401, view: View::Over });
                }
                self.seen.insert("the account changed meanwhile");
                if current.hands > seen.hands {
                    self.seen.insert("the account changed hands meanwhile");
                    // What was answered before is not answered again.
                    (flow.password_proven, flow.email_proven, flow.last) = (false, false, None);
                }
                flow.who = Who::Member { key, seen: current };
                // Seen for good, also if the step comes to nothing.
                flow.touched = self.now;
                self.flows[place] = flow.clone();
                continue;
            }
            return self.settle(place, taken, request, by_link);
        }
    }

    fn settle(
        &mut self,
        place: usize,
        taken: Taken,
        request: &Request,
        by_link: bool,
    ) -> (bool, Expected) {
        let Taken { kind, mut flow, write, mailed } = taken;
        self.note(&kind, &flow, write.as_ref(), request, by_link);
        self.people.extend(write);
        match mailed {
            Some(Mailed::Code(number)) => self.links.push(Link::Code { flow: place, number }),
            Some(Mailed::Welcome(key, address)) => {
                let until = self.now + WELCOME_LINK_LIVES;
                self.links.push(Link::Welcome { flow: place, key, address, until });
            }
            None => {}
        }
        let (status, mut changed) = match kind {
            Kind::Changed | Kind::Back | Kind::Outdated => (200, true),
            Kind::Same => (200, false),
            Kind::NotOffered | Kind::Malformed => (400, false),
            Kind::Refused(status) => (status, false),
        };
        let before = flow.shown;
        if status == 200 && !by_link {
            flow.shown = self.shows(&flow);
        }
        // Who is just looking may see another page than before.
        changed |= flow.end.is_none() && flow.shown != before;
        if changed {
            flow.touched = self.now;
            let mut gets_code = false;
            if let (Some(End::Done { key, hands, grant: grant @ None }), false) =
                (&mut flow.end, by_link)
            {
                *grant = Some(self.grants.len());
                self.grants.push(Grant {
                    key,
                    hands: *hands,
                    issued: self.now,
                    used: false,
                    revoked: false,
                });
                gets_code = true;
            }
            // On another page the same words are a new request; what came to nothing is decided
            // anew in any case.
            let same = matches!(kind, Kind::Same);
            let led_away = matches!(kind, Kind::Outdated) && request.step == Step::Poll;
            if same || led_away {
                flow.last = None;
            }
            // A poll is answered anew each time, and what was asked before it may still be
            // repeated.
            if status == 200 && !same && (request.step != Step::Poll || gets_code) {
                let redrawn = matches!(kind, Kind::Outdated | Kind::Back);
                flow.last =
                    (!by_link).then(|| Last { request: request.clone(), at: self.now, redrawn });
                flow.pressed = None;
            }
            self.flows[place] = flow.clone();
        }
        (status == 200 && !matches!(kind, Kind::Back), self.shown(status, &flow))
    }

    /// The answer that shows where `flow` stands.
    fn shown(&self, status: u16, flow: &Flow) -> Expected {
        let (view, said) = match self.view(flow) {
            View::Closed => (View::Over, 400),
            View::Denied => (View::Over, 403),
            view => (view, 200),
        };
        Expected { status: if status == 200 { said } else { status }, view }
    }

    fn note(
        &mut self,
        kind: &Kind,
        flow: &Flow,
        write: Option<&(&'static str, Person)>,
        request: &Request,
        by_link: bool,
    ) {
        let before = write.and_then(|(key, _)| self.people.get(key));
        let hands =
            write.map_or(0, |(_, person)| person.hands - before.map_or(0, |before| before.hands));
        let done = flow.end.is_some() && request.step != Step::Cancel;
        let happened = match kind {
            Kind::Changed if hands > 0 => "taken over",
            Kind::Changed if by_link && done => "done by link",
            Kind::Changed
                if done && matches!(flow.who, Who::Member { .. }) && flow.email_proven =>
            {
                "member done with two factors"
            }
            Kind::Changed if done && request.step == Step::UpdateProfile => "profile completed",
            Kind::Changed if done && request.step == Step::Introspect => "done by looking",
            Kind::Changed if request.step == Step::SetUpEmail => "email set up later",
            Kind::Changed if matches!(flow.who, Who::Applicant { decoy: true, .. }) => "a decoy",
            Kind::Changed if matches!(flow.who, Who::Stranger) => "a stranger",
            Kind::Changed
                if matches!(request.step, Step::Identify(..)) && !request.with_password =>
            {
                "identifier first"
            }
            Kind::Back => "somebody was faster",
            Kind::Refused(429) if request.step == Step::Resend => "resend too soon or too often",
            Kind::Changed if request.shoe && !self.policy.asks_shoe => {
                "an attribute was taken from the open form"
            }
            Kind::Outdated if matches!(request.step, Step::SignUp(..)) => {
                "an attribute joined the open form"
            }
            Kind::Outdated if matches!(request.step, Step::Identify(..)) => {
                "a password joined the first page"
            }
            Kind::Outdated if request.step == Step::UpdateProfile => {
                "the open form is not asked for any more"
            }
            Kind::NotOffered if self.view(flow) == View::Denied => "access was denied meanwhile",
            _ => return,
        };
        self.seen.insert(happened);
    }
}
