use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;

use super::Problem;
use super::index::Names;
use crate::text::is_blank;

/// Problems that are listed. Nobody reads more at once, and a file that is wrong throughout could
/// have millions.
const MOST: usize = 100;

/// Names in a list of what would be right.
const MOST_LISTED: usize = 10;

/// Letters that are compared in search of what was meant. Beyond that, a mistake is told without a
/// suggestion.
const MOST_COMPARED: usize = 2_000_000;

/// A place in the organisation.
#[derive(Clone, Debug)]
pub(super) struct At(Vec<String>);

impl At {
    /// A top-level key.
    pub fn root(key: &str) -> Self {
        Self(alloc::vec![key.into()])
    }

    /// A key or an index below this place.
    pub fn to(&self, part: impl Display) -> Self {
        let mut path = self.0.clone();
        path.push(part.to_string());
        Self(path)
    }

    /// Several keys below this place, with dots between them.
    pub fn down(&self, keys: &str) -> Self {
        let mut path = self.0.clone();
        path.extend(keys.split('.').map(String::from));
        Self(path)
    }

    /// The items of a list at this place, each with its own.
    pub fn each<'a, T>(&self, items: &'a [T]) -> impl Iterator<Item = (Self, &'a T)> {
        items.iter().enumerate().map(|(i, item)| (self.to(i), item))
    }
}

/// What has been found so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    problems: Vec<Problem>,
    more: bool,
    compared: usize,
}

impl Report {
    /// Something is wrong.
    pub fn add(&mut self, at: At, message: impl Into<String>) {
        self.push(at, message.into(), false);
    }

    /// Text is expected, and `value` is none, for want of quotes.
    pub fn add_unquoted(&mut self, at: At, value: &impl Display) {
        self.push(at, format!("{value} is not text; put it in quotes"), true);
    }

    fn push(&mut self, at: At, message: String, unquoted: bool) {
        if self.is_full() {
            self.more = true;
        } else {
            self.problems.push(Problem { path: at.0, message, unquoted });
        }
    }

    /// True if nothing more is listed: whatever takes long may stop.
    pub fn is_full(&self) -> bool {
        self.problems.len() >= MOST
    }

    /// Something is wrong unless `right`.
    pub fn ensure(&mut self, right: bool, at: At, message: impl FnOnce() -> String) {
        if !right {
            self.add(at, message());
        }
    }

    /// `names` in the file's order, each with its place: none may be empty or occur twice.
    pub fn distinct<'a>(&mut self, what: &str, names: impl Iterator<Item = (At, &'a str)>) {
        let mut seen = BTreeSet::new();
        for (at, name) in names {
            if is_blank(name) {
                self.add(at, format!("the {what} is empty"));
            } else if !seen.insert(name) {
                self.add(
                    at,
                    format!("the {what} \"{name}\" is there twice; each must be different"),
                );
            }
        }
    }

    /// `name` must be one of `known`.
    pub fn refer(&mut self, at: At, known: &Names<'_>, name: &str) {
        if !known.contain(name) {
            let hint = self.hint(name, known.listed.iter().copied());
            self.add(at, format!("there is no {} \"{name}\"{hint}", known.what));
        }
    }

    /// What would be right instead of `wrong`.
    pub fn hint<'a>(
        &mut self,
        wrong: &str,
        known: impl Iterator<Item = &'a str> + Clone,
    ) -> String {
        match self.nearest(wrong, known.clone()) {
            Some(near) => format!("; did you mean \"{near}\"?"),
            None => format!("; there is {}", listed(known)),
        }
    }

    /// The one of `right` that was probably meant, as long as looking for it does not take long.
    pub fn nearest<'a>(
        &mut self,
        wrong: &str,
        right: impl Iterator<Item = &'a str>,
    ) -> Option<&'a str> {
        if self.is_full() || self.compared > MOST_COMPARED {
            return None;
        }
        let compared = &mut self.compared;
        let letters = wrong.len();
        nearest(
            wrong,
            right.inspect(|one| {
                *compared = compared.saturating_add(letters.saturating_mul(one.len()).max(1));
            }),
        )
    }

    /// The findings; the first says if there are more.
    pub fn into_problems(mut self) -> Vec<Problem> {
        if self.more {
            let message = format!(
                "there are more than {MOST} problems; the first {MOST} are listed, mend those"
            );
            self.problems.insert(0, Problem { path: Vec::new(), message, unquoted: false });
        }
        self.problems
    }
}

/// `"a", "b"`, and how many more.
pub(super) fn listed<T: Display>(items: impl Iterator<Item = T>) -> String {
    some_of(items.map(|item| format!("\"{item}\"")), "none")
}

/// The first of many, and how many more; `nothing` where there is none.
pub(super) fn some_of(mut items: impl Iterator<Item = String>, nothing: &str) -> String {
    let first: Vec<String> = items.by_ref().take(MOST_LISTED).collect();
    match items.count() {
        _ if first.is_empty() => nothing.into(),
        0 => first.join(", "),
        more => format!("{}, … and {more} more", first.join(", ")),
    }
}

/// The one of `right` that somebody probably meant who wrote `wrong`: at most a third of its
/// letters differ, whatever their case.
pub fn nearest<'a>(wrong: &str, right: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let letters = wrong.chars().count();
    // No name is that long, and the comparison takes time with the square of the length.
    if letters > 100 {
        return None;
    }
    // Names that differ more in their length than they may in their letters need no comparison.
    right
        .map(|candidate| (candidate, candidate.chars().count()))
        .filter(|(_, length)| letters.abs_diff(*length) <= letters.max(*length).div_ceil(3))
        .map(|(candidate, length)| (distance(wrong, candidate), length, candidate))
        .filter(|(distance, length, _)| *distance <= letters.max(*length).div_ceil(3))
        .map(|(distance, _, candidate)| (distance, candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, blind to ASCII case.
fn distance(a: &str, b: &str) -> usize {
    let mut above: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        // To make nothing of the letters so far.
        let all_deleted = i + 1;
        let (mut left, mut diagonal) = (all_deleted, i);
        for (cell, y) in above.iter_mut().skip(1).zip(b.chars()) {
            let differs = usize::from(!x.eq_ignore_ascii_case(&y));
            let here = (diagonal + differs).min(left + 1).min(*cell + 1);
            diagonal = core::mem::replace(cell, here);
            left = here;
        }
        if let Some(first) = above.first_mut() {
            *first = all_deleted;
        }
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn levenshtein() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("Abc", "abC", 0),
            ("custmers", "customers", 1),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn the_nearest_is_suggested_only_if_it_is_near() {
        let known = ["customers", "subscribers", "everyone"];
        assert_eq!(nearest("custmers", known.into_iter()), Some("customers"));
        assert_eq!(nearest("Everyone", known.into_iter()), Some("everyone"));
        assert_eq!(nearest("staff", known.into_iter()), None);
        for (letters, expected) in [(100, true), (101, false)] {
            let (written, right) = ("c".repeat(letters), "c".repeat(letters - 1));
            assert_eq!(
                nearest(&written, [right.as_str()].into_iter()).is_some(),
                expected,
                "{letters}"
            );
        }
    }
}
