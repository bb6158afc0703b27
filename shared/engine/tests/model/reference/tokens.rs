//! What an interaction code is worth, and what an access token is.

use super::super::operation::Redemption;
use super::{Grant, INTERACTION_CODE_KNOWN, INTERACTION_CODE_LIVES, Model, TOKEN_LIVES, Tokens};

impl Model {
    pub(super) fn redeem(&mut self, place: usize, how: Redemption) -> u16 {
        let now = self.now;
        let grant = &mut self.grants[place];
        if now >= grant.issued + INTERACTION_CODE_KNOWN {
            return 400;
        }
        let (first, in_time) = (!grant.used, now < grant.issued + INTERACTION_CODE_LIVES);
        grant.revoked |= grant.used;
        grant.used = true;
        let happened = match how {
            Redemption::Right if !first => "an interaction code twice",
            Redemption::Right if !in_time => "an interaction code too late",
            Redemption::Right if !self.still_theirs(&self.grants[place]) => {
                "an interaction code of an account that is not theirs any more"
            }
            Redemption::Right => {
                self.tokens.push(Tokens { grant: place, issued: now });
                "tokens"
            }
            Redemption::WrongVerifier => "an interaction code with a wrong verifier",
            Redemption::OtherClient => "an interaction code of another app",
        };
        self.seen.insert(happened);
        if happened == "tokens" { 200 } else { 400 }
    }

    pub(super) fn token_is_good(&self, place: usize) -> bool {
        let Tokens { grant, issued } = &self.tokens[place];
        let grant = &self.grants[*grant];
        self.now < issued + TOKEN_LIVES && !grant.revoked && self.still_theirs(grant)
    }

    /// For each access token so far, whether it must be good.
    pub fn good_tokens(&self) -> Vec<bool> {
        (0..self.tokens.len()).map(|place| self.token_is_good(place)).collect()
    }

    /// For each access token so far, who it was given to: the account, and how often that had
    /// changed hands.
    pub fn holders_of_tokens(&self) -> Vec<(&'static str, u32)> {
        let grants = self.tokens.iter().map(|token| &self.grants[token.grant]);
        grants.map(|grant| (grant.key, grant.hands)).collect()
    }

    fn still_theirs(&self, grant: &Grant) -> bool {
        let person = &self.people[grant.key];
        person.active && person.hands == grant.hands
    }
}
