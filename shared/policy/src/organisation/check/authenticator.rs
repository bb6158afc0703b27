//! Settings of the authenticators, and the policies that say who sets them up (policies.md §8.1,
//! §8.3, §8.4).

use alloc::format;

use super::index::Names;
use super::report::{At, Report, listed};
use crate::assurance::of_everybody;
use crate::organisation::{
    AllowedFor, AuthenticatorKey, Complexity, Lockout, MfaEnrollSettings, MfaRule, Organisation,
    PasswordAge, PasswordPolicySettings, Policy, SelfEnroll, Status,
};

/// Minutes (Okta's range) and what needs an extra word (security.md R-O2).
const LIFETIME: core::ops::RangeInclusive<u32> = 1..=30;
const USUAL_LIFETIME: u32 = 10;
/// Digits (security.md §0.3 tension 6).
const PASSCODE_LENGTH: core::ops::RangeInclusive<u32> = 6..=12;
/// Code points. security.md R-P1 sets the lower end; R-P2 lets everybody have a password of 64.
const PASSWORD_LENGTH: core::ops::RangeInclusive<u32> = 8..=64;

pub(super) fn check(organisation: &Organisation, report: &mut Report) {
    let at = At::root("authenticators");
    report.distinct(
        "authenticator",
        at.each(&organisation.authenticators).map(|(at, one)| (at.to("key"), one.key.as_str())),
    );
    for (at, one) in at.each(&organisation.authenticators) {
        report.ensure(one.status == Status::Active, at.to("status"), || {
            "switching an authenticator off here is not built yet; say NOT_ALLOWED in the MFA_ENROLL policies".into()
        });
        let (at, settings) = (at.to("settings"), &one.settings);
        report.ensure(one.key != AuthenticatorKey::OktaPassword || settings.allowed_for == AllowedFor::Any, at.to("allowedFor"), || {
            "only \"any\" is supported for the password yet; the sign-on policies say whether it is asked".into()
        });
        let minutes = settings.token_lifetime_in_minutes;
        report.ensure(LIFETIME.contains(&minutes), at.to("tokenLifetimeInMinutes"), || {
            format!("{minutes} is out of range; write 1 to 30")
        });
        let long = minutes > USUAL_LIFETIME && LIFETIME.contains(&minutes);
        report.ensure(!long || settings.accept_long_passcode_lifetime, at.to("tokenLifetimeInMinutes"), || {
            format!(
                "codes that live for {minutes} minutes are easier to steal; write at most {USUAL_LIFETIME}, or also acceptLongPasscodeLifetime: true"
            )
        });
        let digits = settings.passcode_length;
        report.ensure(PASSCODE_LENGTH.contains(&digits), at.to("passcodeLength"), || {
            format!("{digits} is out of range; write 6 to 12")
        });
    }
}

/// One `MFA_ENROLL` policy.
pub(super) fn enrollment(
    policy: &Policy<MfaRule, MfaEnrollSettings>,
    at: &At,
    report: &mut Report,
) {
    let Some(settings) = &policy.settings else {
        report.add(at.to("settings"), "say which authenticators people set up");
        return;
    };
    let at = at.to("settings");
    report.ensure(settings.kind == "AUTHENTICATORS", at.to("type"), || {
        format!("\"{}\" is not supported; write \"AUTHENTICATORS\"", settings.kind)
    });
    let at = at.to("authenticators");
    report.distinct(
        "authenticator",
        at.each(&settings.authenticators).map(|(at, one)| (at.to("key"), one.key.as_str())),
    );
    let known =
        Names::of("authenticator", AuthenticatorKey::ALL.into_iter().map(AuthenticatorKey::as_str));
    // What is not built is there for nobody anyway.
    for (at, one) in at
        .each(&settings.authenticators)
        .filter(|(_, one)| one.enroll.own != SelfEnroll::NotAllowed)
    {
        if AuthenticatorKey::NOT_BUILT.contains(&one.key.as_str()) {
            report.add(
                at.to("key"),
                format!("\"{}\" is not built yet; write NOT_ALLOWED, or leave it out", one.key),
            );
        } else {
            report.refer(at.to("key"), &known, &one.key);
        }
    }
    report.ensure(
        settings.authenticators.iter().any(|one| one.enroll.own == SelfEnroll::Required),
        at,
        || "nobody would have to set up anything; make at least one authenticator REQUIRED".into(),
    );
}

pub(super) fn warnings(organisation: &Organisation, report: &mut Report) {
    for (at, policy) in
        At::root("policies").to("MFA_ENROLL").each(&organisation.policies.authenticator_enrollment)
    {
        for (at, rule) in at.to("rules").each(&policy.rules) {
            let none = "has no effect: rules here are not looked at, everybody is asked at the next sign-in for what the policy requires";
            report.ensure(rule.status == Status::Active, at.to("status"), || none.into());
            report.ensure(of_everybody(rule.conditions.as_ref()), at.to("conditions"), || {
                none.into()
            });
        }
    }
}

/// One `PASSWORD` policy.
pub(super) fn password(
    policy: &Policy<serde_json::Value, PasswordPolicySettings>,
    at: &At,
    report: &mut Report,
) {
    report.ensure(policy.rules.is_empty(), at.to("rules"), || {
        "rules of a password policy (change, reset, unlock) are not built yet; leave them out"
            .into()
    });
    let Some(settings) = &policy.settings else { return };
    let at = at.down("settings.password");
    complexity(&settings.password.complexity, &at.to("complexity"), report);
    lockout(&settings.password.lockout, &at.to("lockout"), report);
    age(settings.password.age.unwrap_or_default(), &at.to("age"), report);
}

fn lockout(lockout: &Lockout, at: &At, report: &mut Report) {
    report.ensure(lockout.auto_unlock_minutes.unwrap_or(0) == 0, at.to("autoUnlockMinutes"), || {
        "wrong passwords are counted by the hour, so there is nothing to unlock; write 0, or leave the key out".into()
    });
    report.ensure(lockout.show_lockout_failures != Some(true), at.to("showLockoutFailures"), || {
        "telling people that an account is locked is not built yet; write false, or leave the key out".into()
    });
}

fn age(age: PasswordAge, at: &At, report: &mut Report) {
    for (key, value) in [
        ("maxAgeDays", age.max_age_days),
        ("expireWarnDays", age.expire_warn_days),
        ("minAgeMinutes", age.min_age_minutes),
        ("historyCount", age.history_count),
    ] {
        report.ensure(value == 0, at.to(key), || {
            "the age of passwords is not looked at yet; write 0, or leave the key out".into()
        });
    }
}

fn complexity(complexity: &Complexity, at: &At, report: &mut Report) {
    let length = complexity.min_length;
    report.ensure(PASSWORD_LENGTH.contains(&length), at.to("minLength"), || {
        format!(
            "{length} is out of range; write 8 to 64, and 15 where the password is the only factor"
        )
    });
    for (key, flag) in [
        ("minLowerCase", complexity.min_lower_case),
        ("minUpperCase", complexity.min_upper_case),
        ("minNumber", complexity.min_number),
        ("minSymbol", complexity.min_symbol),
    ] {
        report.ensure(flag <= 1, at.to(key), || format!("{flag} is out of range; write 0 or 1"));
    }
    let known = ["firstName", "lastName"];
    for (at, name) in at
        .to("excludeAttributes")
        .each(&complexity.exclude_attributes)
        .filter(|(_, name)| !known.contains(&name.as_str()))
    {
        report.add(at, format!("\"{name}\" cannot be excluded; there is {}", listed(known.iter())));
    }
}
