//! Links of mails.

use super::super::operation::{Browser, Code, Step};
use super::{Link, Model, REPEATED_WITHIN, Request};

impl Model {
    pub(super) fn link_is_good(&self, link: usize) -> bool {
        match &self.links[link] {
            Link::Code { flow, number } => {
                let flow = &self.flows[*flow];
                !flow.expired(self.now)
                    && flow.code_lives(self.now)
                    && flow.challenge.is_some_and(|challenge| challenge.number == *number)
            }
            Link::Welcome { until, .. } => self.now < *until,
        }
    }

    pub(super) fn confirm_link(&mut self, place: usize, by: Browser) -> u16 {
        let link = self.links[place].clone();
        let (Link::Code { flow, .. } | Link::Welcome { flow, .. }) = link;
        if let (Link::Code { number, .. }, Some((pressed, at))) = (&link, self.flows[flow].pressed)
            && pressed == *number
            && self.now - at < REPEATED_WITHIN
            && !self.flows[flow].expired(self.now)
        {
            self.seen.insert("a link pressed again");
            return if self.flows[flow].browser == by { 200 } else { 400 };
        }
        if !self.link_is_good(place) {
            self.seen.insert("a link that is no good");
            return 400;
        }
        if self.flows[flow].browser != by {
            self.seen.insert("a link in another browser");
            return 403;
        }
        match link {
            Link::Code { flow: place, number } => {
                let request = Request {
                    step: Step::Code(Code::Right),
                    shoe: false,
                    with_password: false,
                    code: Some(number),
                };
                let taken = self.decide(place, self.flows[place].clone(), &request, true).0;
                if taken {
                    self.flows[place].pressed = Some((number, self.now));
                }
                if taken { 200 } else { 400 }
            }
            Link::Welcome { key, address, .. } => {
                let person = self.people.get_mut(key).unwrap();
                if !person.verified && person.address == address {
                    person.verified = true;
                    person.version += 1;
                    self.seen.insert("verified by the welcome mail");
                }
                200
            }
        }
    }
}
