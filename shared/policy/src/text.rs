//! Text that people type: what of it can be seen, and what it is compared by.
//!
//! Unicode decides what cannot be seen (`White_Space` and `Default_Ignorable_Code_Point`), not a
//! list of ours; U+2800 BRAILLE PATTERN BLANK, which it takes for a symbol, is the one addition.
//! Three rules follow, for every field:
//!
//! - Text in which nothing can be seen is blank ([`is_blank`]).
//! - White space around a text is no part of it ([`trim`]). What stands inside is stored as it was
//!   typed: names need joiners, and emoji more.
//! - Names and unique values are compared by their [`key`]: what cannot be seen does not make two
//!   of them.
//!
//! Passwords are neither trimmed nor folded (security.md R-P2).

use alloc::string::String;

use icu_casemap::CaseMapper;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, WhiteSpace};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_normalization::UnicodeNormalization;

/// True if nothing in `text` can be seen.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

/// True if a character shows nothing: white space, fillers, joiners, tags, variation selectors,
/// marks of direction.
pub fn is_invisible(c: char) -> bool {
    is_space(c) || is_ignorable(c)
}

/// The text without the white space around it. That is also what is pasted along unseen: zero-width
/// spaces, byte order marks, word joiners, marks and isolates of direction. Embeddings and
/// overrides of direction stay, to be refused: somebody meant them.
pub fn trim(text: &str) -> &str {
    text.trim_matches(|c| {
        is_space(c)
            || matches!(
                c,
                '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}' | '\u{2066}'
                    ..='\u{2069}' | '\u{feff}'
            )
    })
}

/// What a text is compared by: NFC, Unicode's full case folding, any white space between two parts
/// one space, and nothing else that cannot be seen. Canonical caseless matching (Unicode §3.13,
/// D145) does not depend on the order in which marks were typed.
pub fn key(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.chars().filter(|c| !is_ignorable(*c)) {
        if is_space(c) {
            gap = !seen.is_empty();
            continue;
        }
        if core::mem::take(&mut gap) {
            seen.push(' ');
        }
        seen.push(c);
    }
    let decomposed: String = seen.nfd().collect();
    CaseMapper::new().fold_string(&decomposed).nfc().collect()
}

/// The value of a decimal digit of any script.
pub fn digit(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    let categories = CodePointMapData::<GeneralCategory>::new();
    let is_digit = |code: &u32| categories.get32(*code) == GeneralCategory::DecimalNumber;
    let code = u32::from(c);
    // Unicode keeps the ten digits of a script together and in their order (its stability policy),
    // and five styles of them in one row.
    let before = (0..code).rev().take_while(is_digit).count();
    is_digit(&code).then_some(u32::try_from(before).unwrap_or_default() % 10)
}

/// White space, and the blank of Braille, which is a space to whoever reads it.
fn is_space(c: char) -> bool {
    CodePointSetData::new::<WhiteSpace>().contains(c) || c == '\u{2800}'
}

fn is_ignorable(c: char) -> bool {
    !c.is_ascii() && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}
