use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::base_attributes::{base_properties, base_property};

/// The user schema (`/api/v1/meta/schemas/user/default`; policies.md §2.2).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserSchema {
    /// Base and custom attributes.
    #[serde(default)]
    pub definitions: Definitions,
}

/// The two halves of the [`UserSchema`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Definitions {
    /// Changes to the 31 base attributes; what is not mentioned stays as Okta ships it.
    #[serde(default)]
    pub base: Properties,
    /// The organisation's own attributes.
    #[serde(default)]
    pub custom: Properties,
}

/// `properties` of a half of the schema.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Properties {
    /// `#base` or `#custom`; without effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What Okta says of both halves.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<PropertiesType>,
    /// By attribute name.
    #[serde(default)]
    pub properties: BTreeMap<String, Property>,
    /// The attributes that are required, gathered from what each says of itself: read-only, as at
    /// Okta ([`super::check`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<Vec<String>>,
}

/// `type` of [`Properties`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PropertiesType {
    /// A profile.
    Object,
}

/// One attribute of the user schema: Okta's subset of JSON Schema draft 4.
///
/// In the organisation file a base attribute may state any part; [`UserSchema::property`] fills in
/// the rest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Property {
    /// What people read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Required for a custom attribute.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<PropertyType>,
    /// Type of the elements of an array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Items>,
    /// Nobody may be without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// The allowed values.
    #[serde(rename = "enum", default, skip_serializing_if = "Option::is_none")]
    pub enumeration: Option<Vec<Value>>,
    /// Titles of the allowed values; same members, same order as `enum`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<OneOf>>,
    /// Code points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u32>,
    /// Code points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// For numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// For numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// A named form of string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Only for `login`, and only `.+` or `[...]+` (policies.md §2.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What the person may do with it; `READ_ONLY` if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<Permission>>,
    /// Who may write it at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutability: Option<Mutability>,
    /// No two people have the same value. Okta's words for it are read too.
    #[serde(default, deserialize_with = "unique", skip_serializing_if = "Option::is_none")]
    pub unique: Option<bool>,
    /// The value where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Never shown, never sent to a hook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitive: Option<bool>,
    /// Where the value comes from: from here, there being nowhere else; without effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master: Option<Master>,
    /// Which of a person's accounts at an app it belongs to, at Okta; without effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

/// `master` of a [`Property`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Master {
    /// Which one.
    #[serde(rename = "type")]
    pub kind: MasterType,
}

/// `type` of a [`Master`]. Not `OVERRIDE`, which names sources in their order: there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MasterType {
    /// Whichever the whole profile comes from.
    ProfileMaster,
    /// This directory.
    Okta,
}

/// `scope` of a [`Property`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Scope {
    /// All of them.
    None,
    /// The person's own.
    #[serde(rename = "SELF")]
    Own,
}

/// `type` of a [`Property`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PropertyType {
    /// Text.
    String,
    /// True or false.
    Boolean,
    /// Any finite number.
    Number,
    /// A whole number within ±(2^53-1).
    Integer,
    /// A list; cannot be on a form.
    Array,
}

/// `items` of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Items {
    /// `string`, `number` or `integer`.
    #[serde(rename = "type")]
    pub kind: PropertyType,
}

/// A member of `oneOf`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneOf {
    /// The value.
    #[serde(rename = "const")]
    pub value: Value,
    /// What people read.
    pub title: String,
}

/// `format` of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// An absolute or relative URL.
    Uri,
    /// RFC 3339.
    DateTime,
    /// An email address.
    Email,
    /// An opaque reference.
    RefId,
    /// Opaque.
    Encrypted,
    /// Opaque.
    Hashed,
    /// ISO 3166-1 alpha-2.
    CountryCode,
    /// RFC 7231 §5.3.5 language tag.
    LanguageCode,
    /// `xx_YY`.
    Locale,
    /// An IANA time zone.
    Timezone,
}

/// One entry of `permissions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// Always `SELF`.
    pub principal: String,
    /// What the person may do.
    pub action: Action,
}

/// What a person may do with an own attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    /// See it.
    #[default]
    ReadOnly,
    /// See and change it.
    ReadWrite,
    /// Neither.
    Hide,
}

/// Who may write an attribute at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mutability {
    /// Everyone whose permission allows it.
    ReadWrite,
    /// Nobody here.
    ReadOnly,
    /// Once.
    Immutable,
    /// Written, never read.
    WriteOnly,
}

impl UserSchema {
    /// The whole definition of an attribute: the organisation's, on top of the base attribute of
    /// that name as Okta ships it.
    pub fn property(&self, name: &str) -> Option<Property> {
        let Some(shipped) = base_property(name) else {
            return self.definitions.custom.properties.get(name).cloned();
        };
        Some(match self.definitions.base.properties.get(name) {
            Some(stated) => stated.over(shipped),
            None => shipped,
        })
    }

    /// Every attribute of the schema, in the order base (by name), custom (by name).
    pub fn properties(&self) -> impl Iterator<Item = (String, Property)> {
        let mut base = base_properties();
        for (name, stated) in &self.definitions.base.properties {
            if let Some(shipped) = base.remove(name) {
                base.insert(name.clone(), stated.over(shipped));
            }
        }
        base.into_iter().chain(self.definitions.custom.properties.clone())
    }
}

impl Property {
    /// What the person may do with the attribute.
    pub fn action(&self) -> Action {
        self.permissions
            .as_ref()
            .and_then(|all| all.iter().find(|p| p.principal == "SELF"))
            .map(|p| p.action)
            .unwrap_or_default()
    }

    /// True if the person may write the attribute.
    pub fn writable(&self) -> bool {
        self.action() == Action::ReadWrite && !matches!(self.mutability, Some(Mutability::ReadOnly))
    }

    /// True if nobody may be without it.
    pub fn is_required(&self) -> bool {
        self.required.unwrap_or(false)
    }

    /// True if no two people may have the same value.
    pub fn is_unique(&self) -> bool {
        self.unique.unwrap_or(false)
    }

    /// What each item of a list must be.
    #[must_use]
    pub fn item(&self) -> Self {
        Self { kind: self.items.map(|items| items.kind), ..Self::default() }
    }

    /// The type; text where nothing is said.
    pub fn kind(&self) -> PropertyType {
        self.kind.unwrap_or(PropertyType::String)
    }

    fn over(&self, under: Self) -> Self {
        let stated = self.clone();
        Self {
            title: stated.title.or(under.title),
            description: stated.description.or(under.description),
            kind: stated.kind.or(under.kind),
            items: stated.items.or(under.items),
            required: stated.required.or(under.required),
            enumeration: stated.enumeration.or(under.enumeration),
            one_of: stated.one_of.or(under.one_of),
            min_length: stated.min_length.or(under.min_length),
            max_length: stated.max_length.or(under.max_length),
            minimum: stated.minimum.or(under.minimum),
            maximum: stated.maximum.or(under.maximum),
            format: stated.format.or(under.format),
            pattern: stated.pattern.or(under.pattern),
            permissions: stated.permissions.or(under.permissions),
            mutability: stated.mutability.or(under.mutability),
            unique: stated.unique.or(under.unique),
            default: stated.default.or(under.default),
            sensitive: stated.sensitive.or(under.sensitive),
            master: stated.master.or(under.master),
            scope: stated.scope.or(under.scope),
        }
    }
}

/// `true` and `false`, or what Okta's API answers where they were sent.
fn unique<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    struct Unique;

    impl<'de> Visitor<'de> for Unique {
        type Value = Option<bool>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("true or false")
        }

        fn visit_bool<E: de::Error>(self, unique: bool) -> Result<Self::Value, E> {
            Ok(Some(unique))
        }

        fn visit_str<E: de::Error>(self, word: &str) -> Result<Self::Value, E> {
            match word {
                "UNIQUE_VALIDATED" => Ok(Some(true)),
                "NOT_UNIQUE" => Ok(Some(false)),
                other => Err(E::unknown_variant(
                    other,
                    &["true", "false", "UNIQUE_VALIDATED", "NOT_UNIQUE"],
                )),
            }
        }

        fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(
            self,
            deserializer: D,
        ) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_any(self)
        }
    }
    deserializer.deserialize_option(Unique)
}
