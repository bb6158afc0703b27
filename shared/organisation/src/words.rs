//! What is wrong with text that is no YAML, in the words of the person who mends it: what stands
//! there, and what to write instead. The parser says what *it* missed, often lines below the
//! mistake.

use crate::yaml::Place;

const QUOTE: &str =
    "a text in quotes begins here and does not end in this line; write the closing quote";
const TAB: &str = "a tab stands here; indent with spaces, YAML takes no tabs";
const LEFT_OVER: &str = "this does not belong here: a value ends where its line ends; put a text with quotes, : or # in it in quotes as a whole";

/// What the parser says at `place`, in words, and the place to look at.
pub(crate) fn of(text: &str, said: &str, place: Place) -> (Place, String) {
    let lines: Vec<&str> = text.lines().collect();
    let line = line_at(&lines, place.line);
    let before: String = line.chars().take(place.column - 1).collect();
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let here = |message: &str| (place, message.to_owned());

    if says(&["quoted scalar"]) && says(&["end of stream", "indentation", "document indicator"]) {
        return here(QUOTE);
    }
    if let Some(tab) = says(&["tab"]).then(|| tab(&lines, place)).flatten() {
        return (tab, TAB.into());
    }
    // A quote that is missing shows where the next one is taken for it, a line below.
    let quote = [place.line, place.line - 1]
        .into_iter()
        .find_map(|number| Some(Place { line: number, column: opens(line_at(&lines, number))? }));
    if let Some(quote) = quote {
        return (quote, QUOTE.into());
    }
    if says(&["unknown escape", "hexadecimal number", "character escape"]) {
        return here(
            "in double quotes \\ begins an escape, and this is none; write \\\\ for a \\, or use single quotes",
        );
    }
    if says(&["trailing content"]) {
        return here(
            "something follows the closing quote; put all of the text in quotes, and write a single quote in it twice",
        );
    }
    if says(&["unknown anchor", "anchor or alias", "duplicated anchor"]) {
        return here(
            "* and & begin aliases and anchors, which are not supported; put a text that begins with them in quotes",
        );
    }
    if says(&["tag", "TAG", "%", "directive"]) {
        return here(
            "! and % begin tags and directives, which are not supported; put a text that begins with them in quotes",
        );
    }
    if says(&["unprintable", "byte order mark"]) {
        return here("a character that cannot be seen stands here; delete it");
    }
    if says(&["recursion limit"]) {
        return here("lists or mappings are nested too deep");
    }
    if says(&["block scalar"]) {
        return here(
            "after | or > nothing may stand in this line, and the lines of the text are indented more than its key",
        );
    }
    if says(&["comment"]) {
        return here("a # begins a comment only after a space; put a text that has one in quotes");
    }
    if says(&["mapping values are not allowed", "illegal placement of ':'"])
        && before.contains(": ")
    {
        return here(
            "there are two colons in this line; put a text that has \": \" in it in quotes, or begin a new line",
        );
    }
    if let Some((open, bracket)) = brackets(&lines, place).pop() {
        return (open, bracket_is_open(bracket));
    }
    if says(&["flow", "bracket", "is only valid inside"])
        || before.trim_end().ends_with([']', '}'])
        || line.trim_start().starts_with([']', '}'])
    {
        return here(
            "a ] or } stands here that closes nothing; delete it, or put a text that has one in quotes",
        );
    }
    if says(&["YAML whitespace", "expected whitespace"]) {
        return here("a space is missing here: one follows each : and each - of a list");
    }
    if says(&["unexpected character", "cannot start"]) {
        return here("a text cannot begin like this; put it in quotes");
    }
    if let Some(number) = without_colon(&lines, place) {
        let message = format!(
            "a key without a value stands in line {number}; write the key, a colon and a space before the value"
        );
        return (Place { line: number, column: begin(line_at(&lines, number)) }, message);
    }
    let alone = !before.contains(": ") && says(&["mapping values"]);
    if alone || before.trim_matches([' ', '-']).is_empty() {
        let place = Place { column: begin(line), ..place };
        return (place, indentation(&lines, place));
    }
    here(LEFT_OVER)
}

fn line_at<'t>(lines: &[&'t str], number: usize) -> &'t str {
    number.checked_sub(1).and_then(|at| lines.get(at)).copied().unwrap_or_default()
}

/// The column in which a line begins.
fn begin(line: &str) -> usize {
    line.chars().take_while(|c| *c == ' ').count() + 1
}

/// True if there is something on a line besides a comment.
fn is_content(line: &str) -> bool {
    !line.trim().is_empty() && !line.trim_start().starts_with('#')
}

/// A tab that indents, at the place or in the line below it; else one in the line.
fn tab(lines: &[&str], place: Place) -> Option<Place> {
    let indents = |number: usize| {
        let line = line_at(lines, number);
        let column = begin(line);
        (line.chars().nth(column - 1) == Some('\t')).then_some(Place { line: number, column })
    };
    let inside = || {
        line_at(lines, place.line)
            .chars()
            .position(|c| c == '\t')
            .map(|at| Place { column: at + 1, ..place })
    };
    indents(place.line).or_else(|| indents(place.line + 1)).or_else(inside)
}

/// A line that should have a key with a colon and has no colon: the one of the place, or the one
/// above.
fn without_colon(lines: &[&str], place: Place) -> Option<usize> {
    let numbers =
        (1..=place.line).rev().filter(|number| is_content(line_at(lines, *number))).take(2);
    numbers.into_iter().find(|number| {
        let content = line_at(lines, *number).trim();
        !content.contains(": ")
            && !content.ends_with(':')
            && !content.starts_with("- ")
            && content.starts_with(char::is_alphanumeric)
    })
}

/// That a line begins where nothing does that it could belong to.
fn indentation(lines: &[&str], place: Place) -> String {
    let mut columns = Vec::new();
    let mut outermost = usize::MAX;
    for line in
        (1..place.line).rev().map(|number| line_at(lines, number)).filter(|line| is_content(line))
    {
        let column = begin(line);
        if column >= outermost {
            continue;
        }
        outermost = column;
        // What stands behind a dash begins a mapping too.
        let content = line.trim_start();
        columns.extend(content.strip_prefix('-').map(|rest| column + begin(rest)));
        columns.push(column);
        if column == 1 {
            break;
        }
    }
    columns.sort_unstable();
    columns.dedup();
    if columns.contains(&place.column) {
        let item = line_at(lines, place.line).trim_start().starts_with('-');
        let message = if item {
            "a - begins an item here, where no list is; indent a list under its own key"
        } else {
            "this line belongs to nothing: keys and items (-) cannot stand side by side, and a key that has a value has nothing below it"
        };
        return message.into();
    }
    let named: Vec<String> = columns.iter().map(ToString::to_string).collect();
    let above = match named.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} or {last}", first.join(", ")),
        None => "1".into(),
    };
    format!(
        "the indentation is wrong: this line begins in column {}; what belongs to the lines above begins in column {above}",
        place.column
    )
}

fn bracket_is_open(bracket: char) -> String {
    let (what, between, end) =
        if bracket == '[' { ("list", "items", ']') } else { ("mapping", "keys", '}') };
    format!(
        "a {what} opens with {bracket} here and is not closed well; write commas between its {between} and one {end} at its end"
    )
}

/// The column of a quote that opens in this line and is not closed in it.
fn opens(line: &str) -> Option<usize> {
    let mut letters = Letters::of(line);
    while letters.next().is_some() {}
    letters.quote.map(|(column, _)| column)
}

/// The brackets that are open at a place.
fn brackets(lines: &[&str], place: Place) -> Vec<(Place, char)> {
    let mut open: Vec<(Place, char)> = Vec::new();
    for number in 1..=place.line {
        for (column, c, begins) in Letters::of(line_at(lines, number)) {
            let at = Place { line: number, column };
            if (number, column) >= (place.line, place.column) {
                return open;
            }
            match c {
                '[' | '{' if begins || !open.is_empty() => open.push((at, c)),
                ']' | '}' => drop(open.pop()),
                _ => {}
            }
        }
    }
    open
}

/// The letters of a line outside of quotes and comments: column, letter, and whether a value may
/// begin with it.
struct Letters<'l> {
    rest: std::iter::Peekable<std::iter::Enumerate<std::str::Chars<'l>>>,
    /// The quote that is open, and its column.
    quote: Option<(usize, char)>,
    before: char,
    begins: bool,
}

impl<'l> Letters<'l> {
    fn of(line: &'l str) -> Self {
        Self { rest: line.chars().enumerate().peekable(), quote: None, before: ' ', begins: true }
    }
}

impl Iterator for Letters<'_> {
    type Item = (usize, char, bool);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some((at, c)) = self.rest.next() {
            let before = std::mem::replace(&mut self.before, c);
            match self.quote {
                Some((_, '"')) if c == '\\' => drop(self.rest.next()),
                Some((_, '\''))
                    if c == '\'' && self.rest.peek().is_some_and(|(_, next)| *next == '\'') =>
                {
                    self.rest.next();
                }
                Some((_, quote)) if c == quote => self.quote = None,
                Some(_) => {}
                None if self.begins && matches!(c, '"' | '\'') => {
                    self.quote = Some((at + 1, c));
                    self.begins = false;
                }
                None if c == '#' && before == ' ' => return None,
                None => {
                    let begins = self.begins;
                    self.begins = matches!(c, '[' | '{' | ',')
                        || (c == ' ' && (begins || matches!(before, ':' | '-' | ',')));
                    return Some((at + 1, c, begins));
                }
            }
        }
        None
    }
}
