//! What the names in an organisation lead to, looked up once: a check that searched a list at every
//! name would take time with the square of the file.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::iter::once;
use core::ops::Deref;

use crate::organisation::{EVERYONE, Organisation, Properties, Property, base_property_names};

/// Names that others refer to, in the order of the file.
#[derive(Debug)]
pub(super) struct Names<'a> {
    /// What they are names of, as messages call it.
    pub what: &'a str,
    pub listed: Vec<&'a str>,
    sorted: BTreeSet<&'a str>,
}

impl<'a> Names<'a> {
    /// These names.
    pub fn of(what: &'a str, names: impl Iterator<Item = &'a str>) -> Self {
        let listed: Vec<&str> = names.collect();
        Self { what, sorted: listed.iter().copied().collect(), listed }
    }

    /// True if `name` is one of them.
    pub fn contain(&self, name: &str) -> bool {
        self.sorted.contains(name)
    }
}

/// An organisation, and where the names in it lead.
#[derive(Debug)]
pub(super) struct Index<'o> {
    organisation: &'o Organisation,
    /// The base attributes, with what the organisation says of them.
    base: BTreeMap<&'static str, Property>,
    /// The names of all attributes by their small letters.
    small: BTreeMap<String, &'o str>,
    /// Every group, the built-in one included.
    pub group_names: Names<'o>,
    /// The groups that the organisation has made.
    pub own_group_names: Names<'o>,
    /// How forms are drawn.
    pub ui_schema_names: Names<'o>,
    /// What people may be found by.
    pub identifier_names: Names<'o>,
}

impl<'o> Index<'o> {
    /// Looks everything up.
    pub fn of(organisation: &'o Organisation) -> Self {
        let schema = &organisation.user_schema;
        let custom = &schema.definitions.custom.properties;
        let custom = || custom.keys().map(String::as_str);
        let groups = || organisation.groups.iter().map(|group| group.id.as_str());
        let ui_schemas = organisation.ui_schemas.iter().map(|ui| ui.id.as_str());
        let shipped = base_property_names().map(|name| -> &'o str { name });
        let names = shipped.chain(custom());
        Self {
            organisation,
            base: base_property_names()
                .filter_map(|name| Some((name, schema.property(name)?)))
                .collect(),
            small: names.map(|name| (name.to_ascii_lowercase(), name)).collect(),
            group_names: Names::of("group", once(EVERYONE).chain(groups())),
            own_group_names: Names::of("group", groups()),
            ui_schema_names: Names::of("UI schema", ui_schemas),
            identifier_names: Names::of("custom attribute", once("login").chain(custom())),
        }
    }

    /// The definition of an attribute.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.base.get(name).or_else(|| self.custom().properties.get(name))
    }

    /// Every attribute, in the order base (by name), custom (by name).
    pub fn properties(&self) -> impl Iterator<Item = (&str, &Property)> + Clone {
        let custom =
            self.custom().properties.iter().map(|(name, property)| (name.as_str(), property));
        self.base.iter().map(|(name, property)| (*name, property)).chain(custom)
    }

    /// The attribute whose name differs in nothing but small and capital letters.
    pub fn alike(&self, name: &str) -> Option<&str> {
        self.small.get(&name.to_ascii_lowercase()).copied()
    }

    fn custom(&self) -> &'o Properties {
        &self.organisation.user_schema.definitions.custom
    }
}

impl Deref for Index<'_> {
    type Target = Organisation;
    fn deref(&self) -> &Organisation {
        self.organisation
    }
}
