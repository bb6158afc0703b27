use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;

use super::Problem;
use crate::text::is_blank;

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
pub(super) struct Report(Vec<Problem>);

impl Report {
    /// Something is wrong.
    pub fn add(&mut self, at: At, message: impl Into<String>) {
        self.0.push(Problem { path: at.0, message: message.into() });
    }

    /// Something is wrong unless `right`.
    pub fn ensure(&mut self, right: bool, at: At, message: impl FnOnce() -> String) {
        if !right {
            self.add(at, message());
        }
    }

    /// `names` in the file's order, each with its place: none may be empty or occur twice.
    pub fn distinct<'a>(&mut self, what: &str, names: impl Iterator<Item = (At, &'a str)>) {
        let mut seen: Vec<&str> = Vec::new();
        for (at, name) in names {
            if is_blank(name) {
                self.add(at, format!("the {what} is empty"));
            } else if seen.contains(&name) {
                self.add(at, format!("the {what} \"{name}\" is there twice; each must be different"));
            } else {
                seen.push(name);
            }
        }
    }

    /// `name` must be one of `known`.
    pub fn refer<'a>(&mut self, at: At, what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) {
        if !known.clone().any(|one| one == name) {
            self.add(at, format!("there is no {what} \"{name}\"{}", hint(name, known)));
        }
    }

    /// The findings.
    pub fn into_problems(self) -> Vec<Problem> {
        self.0
    }
}

/// What would be right instead of `wrong`.
pub(super) fn hint<'a>(wrong: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(wrong, known.clone()) {
        Some(near) => format!("; did you mean \"{near}\"?"),
        None => format!("; there is {}", listed(known)),
    }
}

/// `"a", "b"`.
pub(super) fn listed<T: Display>(items: impl Iterator<Item = T>) -> String {
    let items: Vec<String> = items.map(|item| format!("\"{item}\"")).collect();
    if items.is_empty() { "none".into() } else { items.join(", ") }
}

/// The one of `right` that somebody probably meant who wrote `wrong`: at most a third of its letters differ, whatever their case.
pub fn nearest<'a>(wrong: &str, right: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let letters = wrong.chars().count();
    // No name is that long, and the comparison takes time with the square of the length.
    if letters > 100 {
        return None;
    }
    right
        .map(|candidate| (distance(wrong, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= letters.max(candidate.chars().count()).div_ceil(3))
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
        for (a, b, expected) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("Abc", "abC", 0), ("custmers", "customers", 1)]
        {
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
            assert_eq!(nearest(&written, [right.as_str()].into_iter()).is_some(), expected, "{letters}");
        }
    }
}
