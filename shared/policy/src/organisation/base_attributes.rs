//! The base attributes of every user schema (policies.md §2.3).

use alloc::collections::BTreeMap;
use alloc::string::String;

use super::{Action, Format, Mutability, Permission, Property, PropertyType};

/// The 31 base attributes as Okta ships them (policies.md §2.3).
pub fn base_properties() -> BTreeMap<String, Property> {
    BASE.iter().map(|base| (base.name.into(), base.property())).collect()
}

/// The names of the base attributes, in no order.
pub(crate) fn base_property_names() -> impl Iterator<Item = &'static str> {
    BASE.iter().map(|base| base.name)
}

/// What Okta calls a base attribute, whatever the organisation calls it. `None` if there is no base
/// attribute of that name.
pub fn shipped_title(name: &str) -> Option<&'static str> {
    BASE.iter().find(|base| base.name == name).map(|base| base.title)
}

/// The base attribute of this name, as Okta ships it.
pub(super) fn base_property(name: &str) -> Option<Property> {
    BASE.iter().find(|base| base.name == name).map(Base::property)
}

/// A base attribute.
struct Base {
    name: &'static str,
    title: &'static str,
    action: Action,
    format: Option<Format>,
    length: Option<(u32, u32)>,
    required: bool,
    unique: bool,
}

const fn base(name: &'static str, title: &'static str, action: Action) -> Base {
    Base { name, title, action, format: None, length: None, required: false, unique: false }
}

impl Base {
    const fn format(self, format: Format) -> Self {
        Self { format: Some(format), ..self }
    }

    const fn length(self, min: u32, max: u32) -> Self {
        Self { length: Some((min, max)), ..self }
    }

    const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    const fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    fn property(&self) -> Property {
        Property {
            title: Some(self.title.into()),
            kind: Some(PropertyType::String),
            permissions: Some(alloc::vec![Permission {
                principal: "SELF".into(),
                action: self.action
            }]),
            mutability: Some(Mutability::ReadWrite),
            format: self.format,
            min_length: self.length.map(|(min, _)| min),
            max_length: self.length.map(|(_, max)| max),
            required: self.required.then_some(true),
            unique: self.unique.then_some(true),
            ..Property::default()
        }
    }
}

const BASE: &[Base] = &[
    base("login", "Username", Action::ReadWrite).length(5, 100).required().unique(),
    base("email", "Primary email", Action::ReadWrite)
        .format(Format::Email)
        .length(5, 100)
        .required()
        .unique(),
    base("secondEmail", "Secondary email", Action::ReadWrite).format(Format::Email).length(5, 100),
    base("firstName", "First name", Action::ReadWrite).length(1, 50).required(),
    base("lastName", "Last name", Action::ReadWrite).length(1, 50).required(),
    base("middleName", "Middle name", Action::ReadOnly),
    base("honorificPrefix", "Honorific prefix", Action::ReadOnly),
    base("honorificSuffix", "Honorific suffix", Action::ReadOnly),
    base("title", "Title", Action::ReadOnly),
    base("displayName", "Display name", Action::ReadOnly),
    base("nickName", "Nickname", Action::ReadOnly),
    base("profileUrl", "Profile Url", Action::ReadOnly).format(Format::Uri),
    base("primaryPhone", "Primary phone", Action::Hide).length(0, 100),
    base("mobilePhone", "Mobile phone", Action::ReadWrite).length(0, 100),
    base("streetAddress", "Street address", Action::Hide),
    base("city", "City", Action::Hide),
    base("state", "State", Action::Hide),
    base("zipCode", "Zip code", Action::Hide),
    base("countryCode", "Country code", Action::Hide).format(Format::CountryCode),
    base("postalAddress", "Postal Address", Action::Hide),
    base("preferredLanguage", "Preferred language", Action::ReadOnly).format(Format::LanguageCode),
    base("locale", "Locale", Action::ReadOnly).format(Format::Locale),
    base("timezone", "Time zone", Action::ReadOnly).format(Format::Timezone),
    base("userType", "User type", Action::ReadOnly),
    base("employeeNumber", "Employee number", Action::ReadOnly),
    base("costCenter", "Cost center", Action::ReadOnly),
    base("organization", "Organization", Action::ReadOnly),
    base("division", "Division", Action::ReadOnly),
    base("department", "Department", Action::ReadOnly),
    base("managerId", "ManagerId", Action::ReadOnly),
    base("manager", "Manager", Action::ReadOnly),
];
