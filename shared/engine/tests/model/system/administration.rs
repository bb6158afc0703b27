//! What an administrator does, beside the engine.

use std::sync::OnceLock;

use engine::keys;
use engine::ports::{Expect, Item, Key, Store, Write};
use engine::testing::block_on;
use policy::organisation::{FactorMode, Organisation, ProfileAttribute};
use policy::step::Identity;
use serde_json::{Value, json};

use super::super::operation::{App, Edit};
use super::super::stage::demo;
use super::System;

/// The demo's, with budgets that nobody uses up, or its own.
pub fn organisation(generous: bool) -> Organisation {
    static DEMO: OnceLock<Organisation> = OnceLock::new();
    let mut organisation = DEMO.get_or_init(demo).clone();
    if generous {
        let limits = &mut organisation.settings.limits;
        let many = 100_000;
        organisation.policies.password[0]
            .settings
            .as_mut()
            .unwrap()
            .password
            .lockout
            .max_attempts = 0;
        (
            limits.guesses_per_address_per_hour,
            limits.guesses_per_source_per_hour,
            limits.guesses_in_all_per_hour,
        ) = (many, many, many);
        (
            limits.mails_per_address_per_hour,
            limits.mails_per_address_per_day,
            limits.mails_per_source_per_hour,
        ) = (many, many, many);
        (
            limits.unknown_names_per_source,
            limits.mails_in_all_per_day,
            limits.requests_per_transaction,
        ) = (many, many, many);
    }
    organisation
}

impl System {
    pub fn edit(&mut self, edit: Edit) {
        let enrollment =
            |organisation: &mut Organisation,
             id: &str,
             change: &mut dyn FnMut(&mut policy::organisation::ProfileEnrollment)| {
                let policy = organisation
                    .policies
                    .profile_enrollment
                    .iter_mut()
                    .find(|policy| policy.id == id)
                    .unwrap();
                change(&mut policy.rules[0].actions.profile_enrollment);
            };
        let organisation = &mut self.organisation;
        let sign_on = &mut organisation
            .policies
            .access
            .iter_mut()
            .find(|policy| policy.id == "one-factor")
            .unwrap()
            .rules[0]
            .actions
            .app_sign_on;
        match edit {
            Edit::ShoeSize => {
                for id in ["demo-enrollment", "newsletter-enrollment"] {
                    enrollment(organisation, id, &mut |rule| {
                        let before = rule.profile_attributes.len();
                        rule.profile_attributes.retain(|attribute| attribute.name != "shoeSize");
                        if rule.profile_attributes.len() == before {
                            let shoe = ProfileAttribute {
                                name: "shoeSize".into(),
                                label: "Shoe size".into(),
                                required: true,
                            };
                            rule.profile_attributes.push(shoe);
                        }
                    });
                }
            }
            Edit::TwoFactors => {
                let mode = &mut sign_on.verification_method.factor_mode;
                *mode = if *mode == FactorMode::OneFactor {
                    FactorMode::TwoFactors
                } else {
                    FactorMode::OneFactor
                };
            }
            Edit::Denial => {
                use policy::organisation::Access;
                sign_on.access =
                    if sign_on.access == Access::Allow { Access::Deny } else { Access::Allow };
            }
            Edit::SignUp => enrollment(organisation, "demo-enrollment", &mut |rule| {
                use policy::organisation::UnknownUserAction;
                let register = rule.unknown_user_action == Some(UnknownUserAction::Register);
                rule.unknown_user_action = Some(if register {
                    UnknownUserAction::Deny
                } else {
                    UnknownUserAction::Register
                });
            }),
            Edit::Verification(app) => {
                let id = if app == App::Demo { "demo-enrollment" } else { "newsletter-enrollment" };
                enrollment(organisation, id, &mut |rule| {
                    let required = &mut rule.activation_requirements.email_verification;
                    *required = !*required;
                });
            }
            Edit::Enumeration => {
                let prevention =
                    &mut organisation.settings.user_enumeration_prevention.authentication;
                *prevention = !*prevention;
            }
        }
        self.configure();
    }

    /// Whatever was switched is as it was.
    pub fn restore(&mut self, generous: bool) {
        self.organisation = organisation(generous);
        self.configure();
    }

    /// Without the check, which would take longer than the rest of the walk: all that can be
    /// switched is checked once, below.
    fn configure(&mut self) {
        block_on(engine::configuration::apply(
            self.stage.store.as_ref(),
            &self.organisation,
            self.clock(),
        ))
        .unwrap();
        self.written = true;
    }

    pub fn deactivate(&self, owner: &str) {
        let Some(item) = self.user(owner) else { return };
        let version = item.version;
        let mut body = item.body.clone();
        body["status"] = json!("DEPROVISIONED");
        let write = Write::Put {
            item: Item { version: version + 1, body, ..item },
            expect: Expect::Version(version),
        };
        block_on(self.stage.store.write(&[write])).unwrap();
    }

    /// The record of whoever signs in by this address.
    pub fn user(&self, owner: &str) -> Option<Item> {
        let owner = self.item(&keys::unique(&Identity::of("login", owner)))?;
        self.item(&keys::user(owner.body["user"].as_str().unwrap()))
    }

    /// The hash of this person's password.
    pub fn password(&self, user: &str) -> Option<Value> {
        self.item(&keys::password(user)).map(|item| item.body["phc"].clone())
    }

    /// The generation of this account, if it is still there.
    pub fn generation(&self, user: &str) -> Option<u64> {
        self.item(&keys::user(user)).and_then(|item| item.body["generation"].as_u64())
    }

    fn item(&self, key: &Key) -> Option<Item> {
        block_on(self.stage.store.inner().read(std::slice::from_ref(key))).unwrap().pop().flatten()
    }
}

#[test]
fn whatever_is_switched_the_organisation_is_a_good_one() {
    let mut system = System::new(true);
    let edits = [
        Edit::ShoeSize,
        Edit::TwoFactors,
        Edit::SignUp,
        Edit::Verification(App::Demo),
        Edit::Verification(App::Newsletter),
        Edit::Denial,
        Edit::Enumeration,
    ];
    // In the order of a Gray code: each step switches one, and in the end each combination has
    // been.
    for step in 0_usize..1 << edits.len() {
        let problems = policy::organisation::check::check(&system.organisation);
        assert!(problems.is_empty(), "{problems:?}");
        system.edit(edits[((step + 1).trailing_zeros() as usize).min(edits.len() - 1)]);
    }
}
