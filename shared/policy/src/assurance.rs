//! Whether what was proven is enough, and what would help: the global session policy and the app's
//! authentication policy together (policies.md §6.4, §7.3, §7.4).

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use crate::organisation::{
    Access, AllowedFor, AppSignOn, AuthenticationMethod, AuthenticatorKey, Constraint, FactorClass,
    FactorMode, MfaEnrollSettings, Organisation, PasswordSettings, Policy, PolicyConditions,
    PrimaryFactor, SelfEnroll, SignOn, Status,
};
use crate::organisation::{App, EVERYONE};
use crate::user::User;

/// The facts about a person that conditions look at.
#[derive(Clone, Debug, Default)]
pub struct Who {
    /// User id; absent for somebody who has none yet.
    pub user: Option<String>,
    /// Groups, apart from "Everyone".
    pub groups: BTreeSet<String>,
}

impl Who {
    /// Somebody with an account.
    pub fn is(user: &User) -> Self {
        Self { user: Some(user.id.clone()), groups: user.groups.clone() }
    }
}

/// The two rules that apply to a person at an app.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// Of the global session policy.
    pub global: &'a SignOn,
    /// Of the app's authentication policy.
    pub app: &'a AppSignOn,
}

/// A level of assurance: `acr` of OpenID Connect, by Okta's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// One factor.
    OneFactor,
    /// Two factors of different classes.
    TwoFactors,
}

impl Level {
    /// Every level.
    pub const ALL: [Self; 2] = [Self::OneFactor, Self::TwoFactors];

    /// Okta's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OneFactor => "urn:okta:loa:1fa:any",
            Self::TwoFactors => "urn:okta:loa:2fa:any",
        }
    }

    /// True if everybody who signs in to `app` reaches it.
    pub fn is_reached_by_all(self, organisation: &Organisation, app: &App) -> bool {
        let rules = organisation
            .access_policy(app)
            .map(|policy| policy.rules.as_slice())
            .unwrap_or_default();
        let mut active = rules
            .iter()
            .filter(|rule| rule.status == Status::Active)
            .map(|rule| &rule.actions.app_sign_on);
        match self {
            Self::OneFactor => true,
            Self::TwoFactors => active.all(|rule| {
                rule.access == Access::Deny
                    || rule.verification_method.factor_mode == FactorMode::TwoFactors
            }),
        }
    }

    /// True if `proven` reaches it.
    pub fn is_reached_by(self, proven: &Keys) -> bool {
        let classes: BTreeSet<_> = proven.iter().map(|key| key.class()).collect();
        classes.len() >= if self == Self::TwoFactors { 2 } else { 1 }
    }
}

/// A set of authenticators.
pub type Keys = BTreeSet<AuthenticatorKey>;

impl<'a> Rules<'a> {
    /// The rules for `who` at `app`: the first that match. `None` if no rule matches, which a
    /// checked organisation excludes; it means no.
    pub fn of(organisation: &'a Organisation, app: &App, who: &Who) -> Option<Self> {
        let mut policies: Vec<_> = organisation
            .policies
            .global_session
            .iter()
            .filter(|p| p.status == Status::Active)
            .collect();
        policies.sort_by_key(|policy| (policy.system, policy.priority));
        // A policy none of whose rules matches is passed over (policies.md §6.1).
        let global = policies
            .into_iter()
            .filter(|policy| fits(policy.conditions.as_ref(), who))
            .find_map(|policy| {
                let mut rules: Vec<_> =
                    policy.rules.iter().filter(|rule| rule.status == Status::Active).collect();
                rules.sort_by_key(|rule| (rule.system, rule.priority));
                rules
                    .into_iter()
                    .find(|rule| fits(rule.conditions.as_ref(), who))
                    .map(|rule| &rule.actions.signon)
            })?;
        let mut rules: Vec<_> = organisation
            .access_policy(app)?
            .rules
            .iter()
            .filter(|rule| rule.status == Status::Active)
            .collect();
        rules.sort_by_key(|rule| (rule.system, rule.priority));
        let app = rules
            .into_iter()
            .find(|rule| fits(rule.conditions.as_ref(), who))
            .map(|rule| &rule.actions.app_sign_on)?;
        Some(Self { global, app })
    }

    /// True if either rule refuses whatever is proven.
    pub fn deny(&self) -> bool {
        self.global.access == Access::Deny || self.app.access == Access::Deny
    }

    /// True if `proven` satisfies both rules.
    pub fn satisfied(&self, proven: &Keys) -> bool {
        !self.deny() && self.global_satisfied(proven) && self.app_satisfied(proven)
    }

    /// What to ask next: the members of the smallest completions of `proven` out of `usable`. Only
    /// the password, if every completion needs it: what is mandatory comes first (policies.md
    /// §6.3). Empty if nothing helps.
    pub fn next(&self, proven: &Keys, usable: &Keys) -> Vec<AuthenticatorKey> {
        let candidates: Vec<_> = usable.difference(proven).copied().collect();
        let mut completions: Vec<Keys> = subsets(&candidates)
            .into_iter()
            .filter(|more| self.satisfied(&proven.union(more).copied().collect()))
            .collect();
        let smallest = completions.iter().map(BTreeSet::len).min().unwrap_or(0);
        completions.retain(|more| more.len() == smallest);
        if !completions.is_empty()
            && completions.iter().all(|more| more.contains(&AuthenticatorKey::OktaPassword))
        {
            return alloc::vec![AuthenticatorKey::OktaPassword];
        }
        AuthenticatorKey::ALL
            .into_iter()
            .filter(|key| completions.iter().any(|more| more.contains(key)))
            .collect()
    }

    fn global_satisfied(&self, proven: &Keys) -> bool {
        let primary = match self.global.primary_factor {
            PrimaryFactor::PasswordIdp => proven.contains(&AuthenticatorKey::OktaPassword),
            PrimaryFactor::PasswordIdpAnyFactor => true,
        };
        // A second authenticator is never the password (policies.md §7.4).
        let second = !self.global.require_factor
            || (proven.len() >= 2
                && proven.iter().any(|key| *key != AuthenticatorKey::OktaPassword));
        primary && second
    }

    fn app_satisfied(&self, proven: &Keys) -> bool {
        let method = &self.app.verification_method;
        let enough = |counted: &Keys| {
            counted.iter().map(|key| key.class()).collect::<BTreeSet<_>>().len()
                >= method.factor_mode.classes()
        };
        if method.constraints.is_empty() {
            return enough(proven);
        }
        method.constraints.iter().any(|pair| {
            let counted: Keys = proven.iter().copied().filter(|key| !pair.excludes(*key)).collect();
            let meets =
                |class| pair.of(class).is_none_or(|constraint| holds(constraint, class, &counted));
            enough(&counted) && meets(FactorClass::Knowledge) && meets(FactorClass::Possession)
        })
    }
}

/// The authenticator enrollment policy that applies to `who`: whether each authenticator is
/// enrolled by people themselves.
pub fn enrolment(organisation: &Organisation, who: &Who, key: AuthenticatorKey) -> SelfEnroll {
    let settings: Option<&MfaEnrollSettings> =
        first(&organisation.policies.authenticator_enrollment, who);
    settings
        .and_then(|settings| settings.authenticators.iter().find(|one| one.key == key.as_str()))
        .map(|one| one.enroll.own)
        .unwrap_or_default()
}

/// The password policy that applies to `who`; the defaults if none does.
pub fn password_settings(organisation: &Organisation, who: &Who) -> PasswordSettings {
    first(&organisation.policies.password, who)
        .map(|settings| settings.password.clone())
        .unwrap_or_default()
}

/// True if the first page asks for the identifier only (policies.md §6.3, "the exact rule"): one
/// rule that allows any factor makes it so for everybody, because nobody is known yet.
pub fn identifier_first(organisation: &Organisation) -> bool {
    let any_factor = organisation
        .policies
        .global_session
        .iter()
        .filter(|policy| policy.status == Status::Active)
        .any(|policy| {
            policy.rules.iter().filter(|rule| rule.status == Status::Active).any(|rule| {
                rule.actions.signon.primary_factor == PrimaryFactor::PasswordIdpAnyFactor
            })
        });
    any_factor
        || organisation.settings.verify_knowledge_second_when_2fa_required
        || organisation.settings.user_enumeration_prevention.authentication
}

/// What is asked for first where the answers must not tell who has an account, nor which groups
/// they are in: whatever the rules ask of anybody at all, the same for everybody. The password, if
/// they agree on nothing else.
pub fn first_of_anybody(organisation: &Organisation, app: &App) -> Vec<AuthenticatorKey> {
    let mut sessions: Vec<&SignOn> = Vec::new();
    let mut policies: Vec<_> = organisation
        .policies
        .global_session
        .iter()
        .filter(|policy| policy.status == Status::Active)
        .collect();
    policies.sort_by_key(|policy| (policy.system, policy.priority));
    for policy in policies {
        let rules = reachable(&policy.rules, |rule| {
            Place::of(rule.status, (rule.system, rule.priority), rule.conditions.as_ref())
        });
        sessions.extend(rules.iter().map(|rule| &rule.actions.signon));
        // One none of whose rules matches is passed over (policies.md §6.1).
        if of_everybody(policy.conditions.as_ref())
            && rules.last().is_some_and(|rule| of_everybody(rule.conditions.as_ref()))
        {
            break;
        }
    }
    let rules =
        organisation.access_policy(app).map(|policy| policy.rules.as_slice()).unwrap_or_default();
    let rules = reachable(rules, |rule| {
        Place::of(rule.status, (rule.system, rule.priority), rule.conditions.as_ref())
    });
    let enrollment = reachable(&organisation.policies.authenticator_enrollment, |policy| {
        Place::of(policy.status, (policy.system, policy.priority), policy.conditions.as_ref())
    });
    let settings: Vec<_> =
        enrollment.iter().filter_map(|policy| policy.settings.as_ref()).collect();
    let wants = |settings: &MfaEnrollSettings,
                 key: AuthenticatorKey,
                 wanted: fn(SelfEnroll) -> bool| {
        settings.authenticators.iter().any(|one| one.key == key.as_str() && wanted(one.enroll.own))
    };
    let usable: Keys = AuthenticatorKey::ALL
        .into_iter()
        .filter(|key| {
            settings
                .iter()
                .any(|settings| wants(settings, *key, |own| own != SelfEnroll::NotAllowed))
        })
        .filter(|key| *key != AuthenticatorKey::OktaEmail || signs_in_by_mail(organisation))
        .collect();
    // Who may have no password has only the mailbox to begin with, and what they are offered is
    // offered to everybody (I9).
    let without_password = settings.iter().any(|settings| {
        !wants(settings, AuthenticatorKey::OktaPassword, |own| own == SelfEnroll::Required)
    });
    let mailbox = usable
        .iter()
        .copied()
        .filter(|key| without_password && *key == AuthenticatorKey::OktaEmail);
    let asked: Keys = rules
        .into_iter()
        .flat_map(|rule| {
            sessions.iter().map(|global| Rules { global, app: &rule.actions.app_sign_on })
        })
        .flat_map(|rules| rules.next(&Keys::new(), &usable))
        .chain(mailbox)
        .collect();
    if asked.is_empty() {
        alloc::vec![AuthenticatorKey::OktaPassword]
    } else {
        asked.into_iter().collect()
    }
}

/// True if codes by mail are for signing in at all, whoever may use them.
pub fn signs_in_by_mail(organisation: &Organisation) -> bool {
    matches!(
        organisation.authenticator(AuthenticatorKey::OktaEmail).allowed_for,
        AllowedFor::Any | AllowedFor::Sso
    )
}

/// How a policy or a rule stands in its list.
struct Place<'a> {
    status: Status,
    order: (bool, u32),
    conditions: Option<&'a PolicyConditions>,
}

impl<'a> Place<'a> {
    fn of(status: Status, order: (bool, u32), conditions: Option<&'a PolicyConditions>) -> Self {
        Self { status, order, conditions }
    }
}

/// What may apply to somebody, in its order: nothing that stands behind what applies to everybody.
fn reachable<'a, T>(list: &'a [T], place: impl Fn(&'a T) -> Place<'a>) -> Vec<&'a T> {
    let mut active: Vec<&T> =
        list.iter().filter(|one| place(one).status == Status::Active).collect();
    active.sort_by_key(|one| place(one).order);
    let end = active.iter().position(|one| of_everybody(place(one).conditions));
    active.truncate(end.map_or(active.len(), |end| end + 1));
    active
}

/// True if everybody meets these conditions.
pub(crate) fn of_everybody(conditions: Option<&PolicyConditions>) -> bool {
    let Some(people) = conditions.and_then(|conditions| conditions.people.as_ref()) else {
        return true;
    };
    [&people.groups, &people.users]
        .into_iter()
        .flatten()
        .all(|ids| ids.include.is_empty() && ids.exclude.is_empty())
}

fn first<'a, R, S>(policies: &'a [Policy<R, S>], who: &Who) -> Option<&'a S> {
    let mut policies: Vec<_> =
        policies.iter().filter(|policy| policy.status == Status::Active).collect();
    policies.sort_by_key(|policy| (policy.system, policy.priority));
    policies
        .into_iter()
        .find(|policy| fits(policy.conditions.as_ref(), who))
        .and_then(|policy| policy.settings.as_ref())
}

fn fits(conditions: Option<&PolicyConditions>, who: &Who) -> bool {
    let Some(people) = conditions.and_then(|conditions| conditions.people.as_ref()) else {
        return true;
    };
    let in_group = |group: &String| group == EVERYONE || who.groups.contains(group);
    let is_user = |user: &String| who.user.as_ref() == Some(user);
    let groups = people.groups.as_ref().is_none_or(|groups| {
        (groups.include.is_empty() || groups.include.iter().any(in_group))
            && !groups.exclude.iter().any(in_group)
    });
    let users = people.users.as_ref().is_none_or(|users| {
        (users.include.is_empty() || users.include.iter().any(is_user))
            && !users.exclude.iter().any(is_user)
    });
    groups && users
}

fn holds(constraint: &Constraint, class: FactorClass, proven: &Keys) -> bool {
    let named = |names: &[String], key: &AuthenticatorKey| {
        names.is_empty() || names.iter().any(|name| name.eq_ignore_ascii_case(key.method()))
    };
    let listed = |methods: &[AuthenticationMethod], key: &AuthenticatorKey| {
        methods.is_empty() || methods.iter().any(|method| method.is(*key))
    };
    let will_do = |key: &AuthenticatorKey| {
        named(&constraint.types, key)
            && named(&constraint.methods, key)
            && listed(&constraint.authentication_methods, key)
    };
    !constraint.is_required() || proven.iter().any(|key| key.class() == class && will_do(key))
}

fn subsets(keys: &[AuthenticatorKey]) -> Vec<Keys> {
    keys.iter().fold(alloc::vec![Keys::new()], |mut sets, key| {
        let with: Vec<Keys> =
            sets.iter().map(|set| set.iter().copied().chain([*key]).collect()).collect();
        sets.extend(with);
        sets
    })
}
