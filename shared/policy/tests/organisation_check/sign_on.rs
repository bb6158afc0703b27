//! The policies that decide how people prove who they are.

use serde_json::{Value, json};

use crate::support::{AP, COMPLEXITY, GSP, fine, one_problem, put, right, wrong, wrong_at};

#[test]
fn every_type_of_policy_has_one_default_for_everybody() {
    for (kind, default) in [("PROFILE_ENROLLMENT", 0), ("OKTA_SIGN_ON", 1), ("ACCESS_POLICY", 0), ("MFA_ENROLL", 0), ("PASSWORD", 0)] {
        let section = &format!("/policies/{kind}");
        let at = &format!("{section}/{default}");
        wrong_at(at, "/system", json!(false), section, "system: true");
        if kind != "PROFILE_ENROLLMENT" {
            wrong(at, "/conditions", json!({ "people": { "groups": { "include": ["staff"] } } }), "everybody");
        }
        wrong(at, "/type", json!("IDP_DISCOVERY"), &format!("write \"{kind}\""));
        fine(&[(at, "/type", json!(kind))]);
        let mut second = right().pointer(at).unwrap().clone();
        put(&mut second, "/id", json!("second"));
        let length = right().pointer(section).unwrap().as_array().unwrap().len();
        wrong_at(section, "/-", second, &format!("{section}/{length}/system"), "two default policies");
    }
    // The one that everything falls back to.
    wrong("/policies/PASSWORD/0", "/status", json!("INACTIVE"), "must be ACTIVE");
    wrong("/policies/PROFILE_ENROLLMENT/0", "/name", json!("Standard"), "Default Policy");
    one_problem(&[("/policies/PROFILE_ENROLLMENT", "/1/status", json!("INACTIVE"))], "/apps/0/profileEnrollment", "is INACTIVE");
    wrong("/policies/ACCESS_POLICY/1", "/conditions", json!({ "people": { "groups": { "include": ["staff"] } } }), "never by conditions");
}

#[test]
fn global_session_policies() {
    wrong_at(GSP, "/requireFactor", json!(true), &format!("{GSP}/factorPromptMode"), "write ALWAYS");
    fine(&[(GSP, "/requireFactor", json!(true)), (GSP, "/factorPromptMode", json!("ALWAYS"))]);
    for mode in ["DEVICE", "SESSION"] {
        wrong(GSP, "/factorPromptMode", json!(mode), "not supported yet");
    }
    wrong(GSP, "/rememberDeviceByDefault", json!(true), "not supported yet");
    let rules = "/policies/OKTA_SIGN_ON/1/rules";
    wrong("/policies/OKTA_SIGN_ON/1", "/rules", json!([]), "ACTIVE rule without conditions");
    wrong_at(rules, "/0/status", json!("INACTIVE"), rules, "ACTIVE rule without conditions");
    wrong_at(rules, "/0/conditions", json!({ "people": { "users": { "exclude": ["x"] } } }), rules, "without conditions");
    // Another policy may have no such rule, or no rule at all: people fall through to the default policy.
    fine(&[("/policies/OKTA_SIGN_ON/0", "/rules", json!([]))]);
}

#[test]
fn authentication_policies() {
    let rules = "/policies/ACCESS_POLICY/1/rules";
    wrong("/policies/ACCESS_POLICY/1", "/rules", json!([]), "catch-all");
    wrong_at(rules, "/0/conditions", json!({ "people": { "groups": { "include": ["staff"] } } }), rules, "catch-all");
    wrong_at(rules, "/0/status", json!("INACTIVE"), rules, "catch-all");
    wrong(AP, "/type", json!("AUTH_METHOD_CHAIN"), "ASSURANCE");
    wrong(AP, "/reauthenticateIn", json!("2 hours"), "PT2H");
    wrong(AP, "/inactivityPeriod", json!("PT"), "PT2H");
    wrong_at(AP, "/constraints", json!([{ "knowledge": {}, "possession": {} }]), &format!("{AP}/constraints/0"), "2FA");
    let possession = json!([{ "possession": { "types": ["security_key"] } }]);
    wrong_at(AP, "/constraints", possession, &format!("{AP}/constraints/0/possession/types/0"), "there is \"email\"");
    let knowledge = json!([{ "knowledge": { "methods": ["email"] } }]);
    wrong_at(AP, "/constraints", knowledge, &format!("{AP}/constraints/0/knowledge/methods/0"), "there is \"password\"");
    fine(&[(AP, "/constraints", json!([{ "knowledge": { "types": ["PASSWORD"], "reauthenticateIn": "PT0S" } }]))]);
}

#[test]
fn authenticator_enrollment_policies() {
    let at = "/policies/MFA_ENROLL/0/settings";
    wrong(at, "/type", json!("FACTORS"), "AUTHENTICATORS");
    wrong("/policies/MFA_ENROLL/0", "/settings", Value::Null, "which authenticators");
    wrong_at(at, "/authenticators/0/enroll/self", json!("OPTIONAL"), &format!("{at}/authenticators"), "at least one authenticator REQUIRED");
}

#[test]
fn r_p1_password_policies() {
    for length in [0, 7, 65] {
        wrong(COMPLEXITY, "/minLength", json!(length), "8 to 64");
    }
    fine(&[(COMPLEXITY, "/minLength", json!(15)), (COMPLEXITY, "/minSymbol", json!(1)), (COMPLEXITY, "/excludeAttributes", json!(["firstName"]))]);
    for key in ["/minLowerCase", "/minUpperCase", "/minNumber", "/minSymbol"] {
        wrong(COMPLEXITY, key, json!(2), "0 or 1");
    }
    wrong_at(COMPLEXITY, "/excludeAttributes", json!(["lastName", "email"]), &format!("{COMPLEXITY}/excludeAttributes/1"), "\"firstName\"");
    wrong("/policies/PASSWORD/0", "/rules", json!([{ "name": "Reset" }]), "not supported yet");
}
