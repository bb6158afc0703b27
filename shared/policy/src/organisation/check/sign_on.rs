//! The global session policies and the authentication policies (policies.md §6, §7).

use alloc::format;
use alloc::vec::Vec;

use super::index::Index;
use super::policy::conditions;
use super::report::{At, Report, listed};
use crate::assurance::of_everybody;
use crate::organisation::{
    AppSignOn, AppSignOnRule, AuthenticatorKey, Constraint, FactorClass, FactorPromptMode, Policy,
    SignOn, SignOnRule, Status,
};

/// One `OKTA_SIGN_ON` policy.
pub(super) fn global_session(
    organisation: &Index<'_>,
    policy: &Policy<SignOnRule>,
    at: &At,
    report: &mut Report,
) {
    let rules = at.to("rules");
    for (at, rule) in rules.each(&policy.rules) {
        conditions(organisation, rule.conditions.as_ref(), &at, report);
        signon(&rule.actions.signon, &at.down("actions.signon"), report);
    }
    // Who meets no rule of another policy falls through to the default policy (policies.md §6.1);
    // from there, nowhere.
    let for_all = policy
        .rules
        .iter()
        .any(|rule| rule.status == Status::Active && of_everybody(rule.conditions.as_ref()));
    report.ensure(for_all || !policy.system, rules, || {
        "somebody might meet no rule; end the default policy with an ACTIVE rule without conditions".into()
    });
}

/// One `ACCESS_POLICY` policy.
pub(super) fn access(
    organisation: &Index<'_>,
    policy: &Policy<AppSignOnRule>,
    at: &At,
    report: &mut Report,
) {
    let rules = at.to("rules");
    for (at, rule) in rules.each(&policy.rules) {
        conditions(organisation, rule.conditions.as_ref(), &at, report);
        app_sign_on(&rule.actions.app_sign_on, &at.down("actions.appSignOn"), report);
    }
    let for_all = policy
        .rules
        .iter()
        .any(|rule| rule.status == Status::Active && of_everybody(rule.conditions.as_ref()));
    report.ensure(for_all, rules, || "somebody might meet no rule; end the policy with an ACTIVE catch-all rule without conditions".into());
}

/// What is said where sessions would make a difference.
const NO_SESSIONS: &str = "sessions are not built yet, everybody proves themselves at each sign-in";

fn signon(signon: &SignOn, at: &At, report: &mut Report) {
    let mode = at.to("factorPromptMode");
    match signon.factor_prompt_mode {
        None => report.ensure(!signon.require_factor, mode, || {
            "goes with requireFactor: true; write ALWAYS".into()
        }),
        Some(FactorPromptMode::Always) => {}
        Some(FactorPromptMode::Device | FactorPromptMode::Session) => {
            report.add(mode, "DEVICE and SESSION are not built yet; write ALWAYS");
        }
    }
    report.ensure(!signon.remember_device_by_default, at.to("rememberDeviceByDefault"), || {
        "remembering devices is not built yet; write false, or leave the key out".into()
    });
    report.ensure(signon.factor_lifetime.unwrap_or(0) == 0, at.to("factorLifetime"), || {
        format!("{NO_SESSIONS}; leave the key out")
    });
    report.ensure(signon.session.is_none(), at.to("session"), || {
        format!("{NO_SESSIONS}; leave the key out")
    });
}

fn app_sign_on(app_sign_on: &AppSignOn, at: &At, report: &mut Report) {
    let (at, method) = (at.to("verificationMethod"), &app_sign_on.verification_method);
    report.ensure(method.kind == "ASSURANCE", at.to("type"), || {
        format!("\"{}\" is not built yet; write \"ASSURANCE\"", method.kind)
    });
    duration(method.reauthenticate_in.as_deref(), at.to("reauthenticateIn"), report);
    duration(method.inactivity_period.as_deref(), at.to("inactivityPeriod"), report);
    for (at, pair) in at.to("constraints").each(&method.constraints) {
        let classes =
            usize::from(pair.knowledge.is_some()) + usize::from(pair.possession.is_some());
        report.ensure(classes <= method.factor_mode.classes(), at.clone(), || {
            "asks for knowledge and possession, which are two factors; write factorMode: 2FA, or keep one of them".into()
        });
        constraint(pair.knowledge.as_ref(), FactorClass::Knowledge, &at.to("knowledge"), report);
        constraint(pair.possession.as_ref(), FactorClass::Possession, &at.to("possession"), report);
    }
}

fn constraint(constraint: Option<&Constraint>, class: FactorClass, at: &At, report: &mut Report) {
    let Some(constraint) = constraint else { return };
    let known = || {
        AuthenticatorKey::ALL
            .into_iter()
            .filter(move |key| key.class() == class)
            .map(AuthenticatorKey::method)
    };
    for (key, names) in [("types", &constraint.types), ("methods", &constraint.methods)] {
        for (at, name) in at
            .to(key)
            .each(names)
            .filter(|(_, name)| !known().any(|known| known.eq_ignore_ascii_case(name)))
        {
            report.add(at, format!("\"{name}\" is not built yet; there is {}", listed(known())));
        }
    }
    for (key, methods) in [
        ("authenticationMethods", &constraint.authentication_methods),
        ("excludedAuthenticationMethods", &constraint.excluded_authentication_methods),
    ] {
        for (at, method) in at.to(key).each(methods) {
            let fits =
                AuthenticatorKey::ALL.into_iter().any(|key| key.class() == class && method.is(key));
            report.ensure(fits, at, || {
                let known = AuthenticatorKey::ALL.into_iter().filter(|key| key.class() == class);
                let known: Vec<_> = known
                    .map(|key| format!("{{ key: {}, method: {} }}", key.as_str(), key.method()))
                    .collect();
                format!("is no method of this class; there is {}", known.join(", "))
            });
        }
    }
    let contradicts =
        constraint.required == Some(true) && !constraint.excluded_authentication_methods.is_empty();
    report.ensure(!contradicts, at.to("required"), || {
        "cannot be true beside excludedAuthenticationMethods; leave one of them out".into()
    });
    duration(constraint.reauthenticate_in.as_deref(), at.to("reauthenticateIn"), report);
}

/// How long a proof is good: for this sign-in and no other, that is for no time.
fn duration(text: Option<&str>, at: At, report: &mut Report) {
    let Some(text) = text else { return };
    if !is_duration(text) {
        report.add(at, format!("\"{text}\" is not a duration; write it as ISO 8601 has it, PT0S for none, PT2H for two hours"));
    } else if text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) {
        report.add(at, format!("{NO_SESSIONS}; write PT0S, or leave the key out"));
    }
}

/// `P[nD][T[nH][nM][nS]]`, with at least one part.
fn is_duration(text: &str) -> bool {
    let Some(body) = text.strip_prefix('P') else { return false };
    let (days, time) = body.split_once('T').map_or((body, None), |(days, time)| (days, Some(time)));
    let parts = |text: &str, units: &str| {
        let mut units = units.chars();
        let mut digits = 0;
        text.chars().all(|c| {
            if c.is_ascii_digit() {
                digits += 1;
                return true;
            }
            core::mem::take(&mut digits) > 0 && units.any(|unit| unit == c)
        }) && digits == 0
    };
    let some = |text: &str| !text.is_empty();
    parts(days, "D")
        && time.is_none_or(|time| some(time) && parts(time, "HMS"))
        && (some(days) || time.is_some_and(some))
}

#[cfg(test)]
mod tests {
    use super::is_duration;

    #[test]
    fn durations() {
        for right in ["PT0S", "PT2H", "PT43800H", "P30D", "P1DT12H30M5S", "PT1M"] {
            assert!(is_duration(right), "{right}");
        }
        for wrong in [
            "", "P", "PT", "2H", "PT2", "PTH", "P2H", "PT1M2H", "PT2h", "P1DT", "PT1H1H", "PT-1H",
            "PT1.5H",
        ] {
            assert!(!is_duration(wrong), "{wrong}");
        }
    }
}
