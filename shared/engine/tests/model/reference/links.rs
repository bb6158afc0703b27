//! Links of mails.

use super::super::operation::{Browser, Code, Step};
use super::{Link, Model, Request};

impl Model {
    pub(super) fn link_is_good(&self, link: usize) -> bool {
        match &self.links[link] {
            Link::Code { flow, number } => {
                let flow = &self.flows[*flow];
                !flow.expired(self.now) && flow.code_lives(self.now) && flow.challenge.is_some_and(|challenge| challenge.number == *number)
            }
            Link::Welcome { until, spent, .. } => self.now < *until && !spent,
        }
    }

    pub(super) fn confirm_link(&mut self, place: usize, by: Browser) -> u16 {
        if !self.link_is_good(place) {
            self.seen.insert("a link that is no good");
            return 400;
        }
        let link = self.links[place].clone();
        let (Link::Code { flow, .. } | Link::Welcome { flow, .. }) = link;
        if self.flows[flow].browser != by {
            self.seen.insert("a link in another browser");
            return 403;
        }
        match link {
            Link::Code { flow: place, number } => {
                let request = Request { step: Step::Code(Code::Right), shoe: false, with_password: false, code: Some(number) };
                if self.decide(place, self.flows[place].clone(), &request, true).0 { 200 } else { 400 }
            }
            Link::Welcome { key, address, .. } => {
                let person = self.people.get_mut(key).unwrap();
                if !person.verified && person.address == address {
                    person.verified = true;
                    person.version += 1;
                    if let Link::Welcome { spent, .. } = &mut self.links[place] {
                        *spent = true;
                    }
                    self.seen.insert("verified by the welcome mail");
                }
                200
            }
        }
    }
}
