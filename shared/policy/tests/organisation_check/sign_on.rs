//! The policies that decide how people prove who they are.

use policy::organisation::check::warnings;
use policy::organisation::{
    AppSignOn, AuthenticatorKey, Constraint, Lockout, MfaRule, Organisation, PolicyConditions,
};
use serde_json::{Value, json};

use crate::organisation_check::support::{
    AP, COMPLEXITY, GSP, fine, one_problem, organisation, put, right, wrong, wrong_at,
};

#[test]
fn every_type_of_policy_has_one_default_for_everybody() {
    for (kind, default) in [
        ("PROFILE_ENROLLMENT", 0),
        ("OKTA_SIGN_ON", 1),
        ("ACCESS_POLICY", 0),
        ("MFA_ENROLL", 0),
        ("PASSWORD", 0),
    ] {
        let section = &format!("/policies/{kind}");
        let at = &format!("{section}/{default}");
        wrong_at(at, "/system", json!(false), section, "system: true");
        if kind != "PROFILE_ENROLLMENT" {
            wrong(
                at,
                "/conditions",
                json!({ "people": { "groups": { "include": ["staff"] } } }),
                "everybody",
            );
        }
        wrong(at, "/type", json!("IDP_DISCOVERY"), &format!("write \"{kind}\""));
        fine(&[(at, "/type", json!(kind))]);
        let mut second = right().pointer(at).unwrap().clone();
        put(&mut second, "/id", json!("second"));
        let length = right().pointer(section).unwrap().as_array().unwrap().len();
        wrong_at(
            section,
            "/-",
            second,
            &format!("{section}/{length}/system"),
            "two default policies",
        );
    }
    // The one that everything falls back to.
    wrong("/policies/PASSWORD/0", "/status", json!("INACTIVE"), "must be ACTIVE");
    wrong("/policies/PROFILE_ENROLLMENT/0", "/name", json!("Standard"), "Default Policy");
    one_problem(
        &[("/policies/PROFILE_ENROLLMENT", "/1/status", json!("INACTIVE"))],
        "/apps/0/profileEnrollment",
        "is INACTIVE",
    );
    wrong(
        "/policies/ACCESS_POLICY/1",
        "/conditions",
        json!({ "people": { "groups": { "include": ["staff"] } } }),
        "never by conditions",
    );
}

#[test]
fn global_session_policies() {
    wrong_at(
        GSP,
        "/requireFactor",
        json!(true),
        &format!("{GSP}/factorPromptMode"),
        "write ALWAYS",
    );
    fine(&[(GSP, "/requireFactor", json!(true)), (GSP, "/factorPromptMode", json!("ALWAYS"))]);
    for mode in ["DEVICE", "SESSION"] {
        wrong(GSP, "/factorPromptMode", json!(mode), "not built yet");
    }
    wrong(GSP, "/rememberDeviceByDefault", json!(true), "not built yet");
    for session in [
        json!({}),
        json!({ "maxSessionIdleMinutes": 120, "maxSessionLifetimeMinutes": 0, "usePersistentCookie": false }),
    ] {
        wrong(GSP, "/session", session, "not built yet");
    }
    wrong(GSP, "/factorLifetime", json!(15), "not built yet");
    fine(&[(GSP, "/factorLifetime", json!(0))]);
    let rules = "/policies/OKTA_SIGN_ON/1/rules";
    wrong("/policies/OKTA_SIGN_ON/1", "/rules", json!([]), "ACTIVE rule without conditions");
    wrong_at(rules, "/0/status", json!("INACTIVE"), rules, "ACTIVE rule without conditions");
    wrong_at(
        rules,
        "/0/conditions",
        json!({ "people": { "users": { "exclude": ["x"] } } }),
        rules,
        "without conditions",
    );
    // Another policy may have no such rule, or no rule at all: people fall through to the default
    // policy.
    fine(&[("/policies/OKTA_SIGN_ON/0", "/rules", json!([]))]);
}

#[test]
fn authentication_policies() {
    let rules = "/policies/ACCESS_POLICY/1/rules";
    wrong("/policies/ACCESS_POLICY/1", "/rules", json!([]), "catch-all");
    wrong_at(
        rules,
        "/0/conditions",
        json!({ "people": { "groups": { "include": ["staff"] } } }),
        rules,
        "catch-all",
    );
    wrong_at(rules, "/0/status", json!("INACTIVE"), rules, "catch-all");
    wrong(AP, "/type", json!("AUTH_METHOD_CHAIN"), "ASSURANCE");
    for key in ["/reauthenticateIn", "/inactivityPeriod"] {
        for text in ["2 hours", "PT", ""] {
            wrong(AP, key, json!(text), "PT2H");
        }
        for longer in ["PT2H", "P1D", "PT0H1S", "PT43800H"] {
            wrong(AP, key, json!(longer), "not built yet");
        }
        for none in ["PT0S", "P0D", "PT0H0M"] {
            fine(&[(AP, key, json!(none))]);
        }
    }
    let knowledge = json!([{ "knowledge": { "reauthenticateIn": "PT2H" } }]);
    wrong_at(
        AP,
        "/constraints",
        knowledge,
        &format!("{AP}/constraints/0/knowledge/reauthenticateIn"),
        "not built yet",
    );
    wrong_at(
        AP,
        "/constraints",
        json!([{ "knowledge": {}, "possession": {} }]),
        &format!("{AP}/constraints/0"),
        "2FA",
    );
    let possession = json!([{ "possession": { "types": ["security_key"] } }]);
    wrong_at(
        AP,
        "/constraints",
        possession,
        &format!("{AP}/constraints/0/possession/types/0"),
        "there is \"email\"",
    );
    let knowledge = json!([{ "knowledge": { "methods": ["email"] } }]);
    wrong_at(
        AP,
        "/constraints",
        knowledge,
        &format!("{AP}/constraints/0/knowledge/methods/0"),
        "there is \"password\"",
    );
    fine(&[(
        AP,
        "/constraints",
        json!([{ "knowledge": { "types": ["PASSWORD"], "reauthenticateIn": "PT0S" } }]),
    )]);
}

/// The rules that Okta makes have more conditions than there are here, in the value that excludes
/// nobody (policies.md §6.1, §7.1).
#[test]
fn a_condition_that_excludes_nobody_is_accepted_and_every_other_is_refused_by_name() {
    let neutral = json!({ "people": { "users": { "exclude": [] } }, "network": { "connection": "ANYWHERE" }, "authContext": { "authType": "ANY" },
        "risk": { "behaviors": [] }, "riskScore": { "level": "ANY" }, "identityProvider": { "provider": "ANY" } });
    let kept = json!({ "postAuth": "NOT_ALLOWED" });
    let changes = [
        ("/policies/OKTA_SIGN_ON/1/rules/0", "/conditions", neutral.clone()),
        ("/policies/ACCESS_POLICY/1/rules/0", "/conditions", neutral.clone()),
        ("/policies/ACCESS_POLICY/1/rules/0/actions/appSignOn", "/keepMeSignedIn", kept),
    ];
    fine(&changes);
    reads_back(&changes);
    for (condition, value) in [
        ("network", json!({ "connection": "ZONE" })),
        ("authContext", json!({ "authType": "RADIUS" })),
        ("risk", json!({ "behaviors": ["New City"] })),
        ("riskScore", json!({ "level": "HIGH" })),
        ("identityProvider", json!({ "provider": "SPECIFIC_IDP" })),
    ] {
        let mut conditions = neutral.clone();
        put(&mut conditions, &format!("/{condition}"), value.clone());
        assert!(
            serde_json::from_value::<PolicyConditions>(conditions).is_err(),
            "{condition} {value}"
        );
    }
    assert!(
        serde_json::from_value::<AppSignOn>(json!({ "keepMeSignedIn": { "postAuth": "ALLOWED" } }))
            .is_err()
    );
}

fn reads_back(changes: &[(&str, &str, Value)]) {
    let organisation = organisation(changes);
    let stored = serde_json::to_string(&organisation).unwrap();
    assert_eq!(serde_json::from_str::<Organisation>(&stored).unwrap(), organisation, "{changes:?}");
}

/// policies.md §7.2: what asks for nothing, and which authenticators will do.
#[test]
fn constraints_name_what_there_is() {
    let (email, password) = (
        json!({ "key": "okta_email", "method": "email" }),
        json!({ "key": "okta_password", "method": "PASSWORD" }),
    );
    let possession = json!([{ "possession": { "authenticationMethods": [email], "userPresence": "REQUIRED", "userVerification": "OPTIONAL",
        "deviceBound": "OPTIONAL", "hardwareProtection": "OPTIONAL", "phishingResistant": "OPTIONAL" } }]);
    let knowledge = json!([{ "knowledge": { "excludedAuthenticationMethods": [password], "required": false } }]);
    for constraints in [possession, knowledge] {
        let changes = [(AP, "/constraints", constraints)];
        fine(&changes);
        reads_back(&changes);
    }
    for key in ["authenticationMethods", "excludedAuthenticationMethods"] {
        let at = format!("{AP}/constraints/0/possession/{key}/0");
        for wrong in [&password, &json!({ "key": "okta_email", "method": "sms" })] {
            wrong_at(
                AP,
                "/constraints",
                json!([{ "possession": { key: [wrong] } }]),
                &at,
                "{ key: okta_email, method: email }",
            );
        }
    }
    let contradiction =
        json!([{ "possession": { "excludedAuthenticationMethods": [email], "required": true } }]);
    wrong_at(
        AP,
        "/constraints",
        contradiction,
        &format!("{AP}/constraints/0/possession/required"),
        "cannot be true",
    );
    for refused in [
        json!({ "phishingResistant": "REQUIRED" }),
        json!({ "userVerification": "REQUIRED" }),
        json!({ "deviceBound": "REQUIRED" }),
    ] {
        assert!(serde_json::from_value::<Constraint>(refused.clone()).is_err(), "{refused}");
    }
}

#[test]
fn authenticator_enrollment_policies() {
    let at = "/policies/MFA_ENROLL/0/settings";
    wrong(at, "/type", json!("FACTORS"), "AUTHENTICATORS");
    wrong("/policies/MFA_ENROLL/0", "/settings", Value::Null, "which authenticators");
    wrong_at(
        at,
        "/authenticators/0/enroll/self",
        json!("OPTIONAL"),
        &format!("{at}/authenticators"),
        "at least one authenticator REQUIRED",
    );
    // One that is not built is there for nobody, and may say so.
    let other = |own: &str| json!({ "key": "webauthn", "enroll": { "self": own } });
    let not_built = [(&*format!("{at}/authenticators"), "/-", other("NOT_ALLOWED"))];
    fine(&not_built);
    reads_back(&not_built);
    for own in ["REQUIRED", "OPTIONAL"] {
        wrong_at(
            &format!("{at}/authenticators"),
            "/-",
            other(own),
            &format!("{at}/authenticators/2/key"),
            "\"webauthn\" is not built yet",
        );
    }
}

#[test]
fn an_authenticator_that_is_not_built_is_refused_by_name() {
    for key in AuthenticatorKey::NOT_BUILT {
        let error = serde_json::from_value::<AuthenticatorKey>(json!(key)).unwrap_err().to_string();
        assert!(error.contains(&format!("\"{key}\" is not built yet")), "{error}");
    }
    let error =
        serde_json::from_value::<AuthenticatorKey>(json!("okta_emial")).unwrap_err().to_string();
    assert!(error.contains("okta_email"), "{error}");
    for key in AuthenticatorKey::ALL {
        assert_eq!(serde_json::from_value::<AuthenticatorKey>(json!(key)).unwrap(), key);
    }
}

/// policies.md §8.3. Nobody looks at them, so what would make a difference at Okta is pointed at.
#[test]
fn rules_of_authenticator_enrollment_policies() {
    let rule = |status: &str, conditions: Value, own: &str| {
        let actions = json!({ "enroll": { "self": own } });
        json!([{ "name": "Default Rule", "priority": 1, "status": status, "system": true, "conditions": conditions, "actions": actions }])
    };
    let everybody = json!({ "people": { "users": { "exclude": [] } }, "network": { "connection": "ANYWHERE" } });
    let some = json!({ "people": { "users": { "exclude": ["00u1"] } } });
    let at = "/policies/MFA_ENROLL/0";
    for (status, conditions, own, expected) in [
        ("ACTIVE", everybody.clone(), "CHALLENGE", vec![]),
        ("ACTIVE", Value::Null, "LOGIN", vec![]),
        ("INACTIVE", everybody.clone(), "LOGIN", vec!["status"]),
        ("ACTIVE", some, "LOGIN", vec!["conditions"]),
    ] {
        let changes = [(at, "/rules", rule(status, conditions, own))];
        fine(&changes);
        reads_back(&changes);
        let found: Vec<_> = warnings(&organisation(&changes))
            .into_iter()
            .map(|problem| problem.path.join("/"))
            .collect();
        assert_eq!(
            found,
            expected
                .iter()
                .map(|key| format!("policies/MFA_ENROLL/0/rules/0/{key}"))
                .collect::<Vec<_>>()
        );
    }
    for never in ["NEVER", "NEVER_INCLUDING_RECOVERY"] {
        assert!(
            serde_json::from_value::<Vec<MfaRule>>(rule("ACTIVE", everybody.clone(), never))
                .is_err(),
            "{never}"
        );
    }
}

#[test]
fn r_p1_password_policies() {
    for length in [0, 7, 65] {
        wrong(COMPLEXITY, "/minLength", json!(length), "8 to 64");
    }
    fine(&[
        (COMPLEXITY, "/minLength", json!(15)),
        (COMPLEXITY, "/minSymbol", json!(1)),
        (COMPLEXITY, "/excludeAttributes", json!(["firstName"])),
    ]);
    for key in ["/minLowerCase", "/minUpperCase", "/minNumber", "/minSymbol"] {
        wrong(COMPLEXITY, key, json!(2), "0 or 1");
    }
    wrong_at(
        COMPLEXITY,
        "/excludeAttributes",
        json!(["lastName", "email"]),
        &format!("{COMPLEXITY}/excludeAttributes/1"),
        "\"firstName\"",
    );
    wrong("/policies/PASSWORD/0", "/rules", json!([{ "name": "Reset" }]), "not built yet");
    let password = "/policies/PASSWORD/0/settings/password";
    let lockout = json!({ "maxAttempts": 10, "autoUnlockMinutes": 0, "showLockoutFailures": false, "userLockoutNotificationChannels": [] });
    let age =
        json!({ "maxAgeDays": 0, "expireWarnDays": 0, "minAgeMinutes": 0, "historyCount": 0 });
    let off = [(password, "/lockout", lockout.clone()), (password, "/age", age.clone())];
    fine(&off);
    reads_back(&off);
    let on = |at: &str, off: &Value, key: &str, value: Value, says: &str| {
        let mut on = off.clone();
        put(&mut on, &format!("/{key}"), value);
        wrong_at(password, at, on, &format!("{password}{at}/{key}"), says);
    };
    on("/lockout", &lockout, "autoUnlockMinutes", json!(30), "write 0");
    on("/lockout", &lockout, "showLockoutFailures", json!(true), "write false");
    for key in ["maxAgeDays", "expireWarnDays", "minAgeMinutes", "historyCount"] {
        on("/age", &age, key, json!(1), "write 0");
    }
    assert!(
        serde_json::from_value::<Lockout>(json!({ "userLockoutNotificationChannels": ["EMAIL"] }))
            .is_err()
    );
}
