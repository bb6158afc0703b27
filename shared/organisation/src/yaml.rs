//! Text into a tree that knows its lines: the strict part of YAML 1.2 that a configuration needs.
//!
//! Scalars follow the core schema, so that `no` is text and only `true` is true. Anchors, aliases
//! and tags are refused: the first two let a small file become a huge one, and none is needed. So
//! are duplicate keys, several documents, and nesting beyond [`DEEPEST`].

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};

use crate::words;

/// Nesting of lists and mappings. The deepest place of an organisation is at 12.
const DEEPEST: usize = 32;

/// Where in the text; both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub line: usize,
    pub column: usize,
}

/// Text that is not the YAML that we read.
#[derive(Debug)]
pub(crate) struct Fault {
    pub place: Place,
    pub path: Vec<String>,
    pub message: String,
}

/// A value and where it is.
#[derive(Debug)]
pub(crate) struct Node {
    pub place: Place,
    pub value: Value,
    /// How a scalar without quotes is written, where it is not read as text: `01`, `1e3`, `~`.
    /// Empty where nothing is written.
    pub written: Option<String>,
}

/// A value of the core schema.
#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Mapping(Mapping),
}

/// Keys and their values, in the order of the file.
#[derive(Debug, Default)]
pub(crate) struct Mapping {
    pub entries: Vec<(String, Node)>,
    /// Where each key is among the entries, and in the file.
    keys: BTreeMap<String, (usize, Place)>,
}

impl Node {
    /// The place of the value at `path`, or of the nearest thing around it that is there.
    pub fn place_of(&self, path: &[String]) -> Place {
        let Some((first, rest)) = path.split_first() else { return self.place };
        self.child(first).map_or(self.place, |child| child.place_of(rest))
    }

    /// The value at `path`, if there is one.
    pub fn at(&self, path: &[String]) -> Option<&Self> {
        match path.split_first() {
            Some((first, rest)) => self.child(first)?.at(rest),
            None => Some(self),
        }
    }

    fn child(&self, part: &str) -> Option<&Self> {
        match &self.value {
            Value::List(items) => items.get(part.parse::<usize>().ok()?),
            Value::Mapping(mapping) => {
                mapping.entries.get(mapping.keys.get(part)?.0).map(|(_, node)| node)
            }
            _ => None,
        }
    }
}

/// Reads one document.
pub(crate) fn document(text: &str) -> Result<Node, Fault> {
    let mut reader = Reader { text, parser: Parser::new_from_str(text), path: Vec::new() };
    reader.document()
}

struct Reader<'input> {
    text: &'input str,
    parser: Parser<'input, StrInput<'input>>,
    path: Vec<String>,
}

impl<'input> Reader<'input> {
    fn document(&mut self) -> Result<Node, Fault> {
        let empty = || Fault {
            place: Place { line: 1, column: 1 },
            path: Vec::new(),
            message: "the file is empty".into(),
        };
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) => {}
                Event::StreamEnd => return Err(empty()),
                _ => {
                    let root = self.node(event, span)?;
                    self.end()?;
                    return if matches!(root.value, Value::Null) { Err(empty()) } else { Ok(root) };
                }
            }
        }
    }

    fn end(&mut self) -> Result<(), Fault> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::DocumentEnd => {}
                Event::StreamEnd => return Ok(()),
                _ => {
                    return Err(self.fault(
                        span.start,
                        "a second document begins here; a file holds one organisation".into(),
                    ));
                }
            }
        }
    }

    fn node(&mut self, event: Event<'input>, span: Span) -> Result<Node, Fault> {
        if self.path.len() > DEEPEST {
            return Err(self.fault(span.start, format!("nested more than {DEEPEST} deep")));
        }
        let (anchored, tagged) = match &event {
            Event::Alias(_) => (true, false),
            Event::Scalar(.., anchor, tag)
            | Event::SequenceStart(anchor, tag)
            | Event::MappingStart(anchor, tag) => (*anchor != 0, tag.is_some()),
            _ => (false, false),
        };
        if anchored {
            return Err(self.fault(
                span.start,
                "anchors and aliases (&, *) are not supported; write the value out".into(),
            ));
        }
        if tagged {
            return Err(self.fault(span.start, "tags (!) are not supported; put text that begins with ! in quotes, and leave a tag out".into()));
        }
        let mut written = None;
        let value = match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) => {
                let value = plain(&text).map_err(|message| self.fault(span.start, message))?;
                if !matches!(value, Value::Text(_)) {
                    written = Some(text.into_owned());
                }
                value
            }
            Event::Scalar(text, ..) => Value::Text(text.into_owned()),
            Event::SequenceStart(..) => Value::List(self.list()?),
            Event::MappingStart(..) => Value::Mapping(self.mapping()?),
            other => {
                return Err(self.fault(span.start, format!("expected a value, found {other:?}")));
            }
        };
        Ok(Node { place: place(span.start), value, written })
    }

    fn list(&mut self) -> Result<Vec<Node>, Fault> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(items);
            }
            self.path.push(items.len().to_string());
            items.push(self.node(event, span)?);
            self.path.pop();
        }
    }

    fn mapping(&mut self) -> Result<Mapping, Fault> {
        let mut mapping = Mapping::default();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Ok(mapping),
                Event::Scalar(key, _, 0, None) => key.into_owned(),
                _ => {
                    return Err(self.fault(
                        span.start,
                        "a key is plain text, without an anchor or a tag".into(),
                    ));
                }
            };
            self.path.push(key.clone());
            let at_key = place(span.start);
            if let Some((_, first)) =
                mapping.keys.insert(key.clone(), (mapping.entries.len(), at_key))
            {
                return Err(self.fault(
                    span.start,
                    format!(
                        "the key \"{key}\" is there twice, first in line {}; keep one",
                        first.line
                    ),
                ));
            }
            let (event, value_span) = self.next()?;
            let mut node = self.node(event, value_span)?;
            // People look for an entry at its key; only a value beside its key is pointed at
            // itself.
            if node.place.line != at_key.line || matches!(node.value, Value::Null) {
                node.place = at_key;
            }
            self.path.pop();
            mapping.entries.push((key, node));
        }
    }

    fn next(&mut self) -> Result<(Event<'input>, Span), Fault> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                let (place, message) = words::of(self.text, error.info(), place(*error.marker()));
                Err(Fault { place, path: self.path.clone(), message })
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn fault(&self, marker: Marker, message: String) -> Fault {
        Fault { place: place(marker), path: self.path.clone(), message }
    }
}

fn place(marker: Marker) -> Place {
    Place { line: marker.line().max(1), column: marker.col() + 1 }
}

/// A scalar without quotes, by the core schema (YAML 1.2.2 §10.3.2).
pub(crate) fn plain(text: &str) -> Result<Value, String> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_special_float(text) => {
            return Err(format!(
                "{text} is not a finite number; if it is text, put it in quotes: \"{text}\""
            ));
        }
        _ => match number(text) {
            Number::Not => Value::Text(text.into()),
            Number::Held(value) => value,
            Number::TooLarge => {
                return Err(format!(
                    "the number {text} is too large; if it is text, put it in quotes: \"{text}\""
                ));
            }
        },
    })
}

fn is_special_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

/// What a scalar is as a number.
enum Number {
    Not,
    Held(Value),
    TooLarge,
}

fn number(text: &str) -> Number {
    let held = |integer: Option<i64>| {
        integer.map_or(Number::TooLarge, |integer| Number::Held(Value::Integer(integer)))
    };
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text
            .strip_prefix(prefix)
            .filter(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix)))
        {
            return held(i64::from_str_radix(digits, radix).ok());
        }
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return held(text.parse().ok());
    }
    // What is left of Rust's floats, once words ("inf", "nan") are out, is exactly the core
    // schema's.
    let starts = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    match starts.then(|| text.parse::<f64>().ok()).flatten() {
        None => Number::Not,
        Some(float) if float.is_finite() => Number::Held(Value::Float(float)),
        Some(_) => Number::TooLarge,
    }
}
