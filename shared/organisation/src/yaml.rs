//! Text into a tree that knows its lines: the strict part of YAML 1.2 that a configuration needs.
//!
//! Scalars follow the core schema, so that `no` is text and only `true` is true. Anchors, aliases and tags are refused: the first two let a small
//! file become a huge one, and none is needed. So are duplicate keys, several documents, and nesting beyond [`DEEPEST`].

use std::collections::BTreeSet;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput};

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
    Mapping(Vec<(String, Node)>),
}

impl Node {
    /// The place of the value at `path`, or of the nearest thing around it that is there.
    pub fn place_of(&self, path: &[String]) -> Place {
        let Some((first, rest)) = path.split_first() else { return self.place };
        let child = match &self.value {
            Value::List(items) => first.parse::<usize>().ok().and_then(|i| items.get(i)),
            Value::Mapping(entries) => entries.iter().find(|(key, _)| key == first).map(|(_, node)| node),
            _ => None,
        };
        child.map_or(self.place, |child| child.place_of(rest))
    }
}

/// Reads one document.
pub(crate) fn document(text: &str) -> Result<Node, Fault> {
    let mut reader = Reader { parser: Parser::new_from_str(text), path: Vec::new() };
    reader.document()
}

struct Reader<'input> {
    parser: Parser<'input, StrInput<'input>>,
    path: Vec<String>,
}

impl<'input> Reader<'input> {
    fn document(&mut self) -> Result<Node, Fault> {
        let empty = || Fault { place: Place { line: 1, column: 1 }, path: Vec::new(), message: "the file is empty".into() };
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
                _ => return Err(self.fault(span.start, "a second document begins here; a file holds one organisation".into())),
            }
        }
    }

    fn node(&mut self, event: Event<'input>, span: Span) -> Result<Node, Fault> {
        if self.path.len() > DEEPEST {
            return Err(self.fault(span.start, format!("nested more than {DEEPEST} deep")));
        }
        let (anchored, tagged) = match &event {
            Event::Alias(_) => (true, false),
            Event::Scalar(.., anchor, tag) | Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => (*anchor != 0, tag.is_some()),
            _ => (false, false),
        };
        if anchored {
            return Err(self.fault(span.start, "anchors and aliases (&, *) are not supported; write the value out".into()));
        }
        if tagged {
            return Err(self.fault(span.start, "tags (!) are not supported; put text in quotes, write all else plainly".into()));
        }
        let value = match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) => plain(&text).map_err(|message| self.fault(span.start, message))?,
            Event::Scalar(text, ..) => Value::Text(text.into_owned()),
            Event::SequenceStart(..) => Value::List(self.list()?),
            Event::MappingStart(..) => Value::Mapping(self.mapping()?),
            other => return Err(self.fault(span.start, format!("expected a value, found {other:?}"))),
        };
        Ok(Node { place: place(span.start), value })
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

    fn mapping(&mut self) -> Result<Vec<(String, Node)>, Fault> {
        let mut entries = Vec::new();
        let mut keys = BTreeSet::new();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Ok(entries),
                Event::Scalar(key, _, 0, None) => key.into_owned(),
                _ => return Err(self.fault(span.start, "a key is plain text, without an anchor or a tag".into())),
            };
            self.path.push(key.clone());
            if !keys.insert(key.clone()) {
                return Err(self.fault(span.start, format!("the key \"{key}\" is there twice; keep one")));
            }
            let (event, value_span) = self.next()?;
            let mut node = self.node(event, value_span)?;
            // People look for an entry at its key; only a value beside its key is pointed at itself.
            let at_key = place(span.start);
            if node.place.line != at_key.line || matches!(node.value, Value::Null) {
                node.place = at_key;
            }
            self.path.pop();
            entries.push((key, node));
        }
    }

    fn next(&mut self) -> Result<(Event<'input>, Span), Fault> {
        let scanned = |error: &ScanError| format!("this is not YAML: {}", error.info());
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.fault(*error.marker(), scanned(&error))),
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
fn plain(text: &str) -> Result<Value, String> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_special_float(text) => return Err(format!("{text} is not a finite number; put text in quotes")),
        _ => match number(text) {
            Number::Not => Value::Text(text.into()),
            Number::Held(value) => value,
            Number::TooLarge => return Err(format!("the number {text} is too large; put text in quotes")),
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
    let held = |integer: Option<i64>| integer.map_or(Number::TooLarge, |integer| Number::Held(Value::Integer(integer)));
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix).filter(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix))) {
            return held(i64::from_str_radix(digits, radix).ok());
        }
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return held(text.parse().ok());
    }
    // What is left of Rust's floats, once words ("inf", "nan") are out, is exactly the core schema's.
    let starts = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    match starts.then(|| text.parse::<f64>().ok()).flatten() {
        None => Number::Not,
        Some(float) if float.is_finite() => Number::Held(Value::Float(float)),
        Some(_) => Number::TooLarge,
    }
}
