//! Profile enrollment policies.

use policy::organisation::check::warnings;
use serde_json::{Value, json};

use crate::organisation_check::support::{
    BASE, CUSTOM, PE, fine, one_problem, organisation, right, wrong, wrong_at,
};

#[test]
fn profile_enrollment_rules() {
    wrong("/policies/PROFILE_ENROLLMENT/0", "/rules", json!([]), "exactly one");
    let again = right().pointer("/policies/PROFILE_ENROLLMENT/1/rules/0").unwrap().clone();
    wrong_at(
        "/policies/PROFILE_ENROLLMENT/1/rules",
        "/-",
        again,
        "/policies/PROFILE_ENROLLMENT/1/rules",
        "exactly one",
    );
    wrong("/policies/PROFILE_ENROLLMENT/1/rules/0", "/status", json!("INACTIVE"), "must be ACTIVE");
    wrong(PE, "/access", json!("DENY"), "write ALLOW");
    wrong(PE, "/targetGroupIds", json!(["customers", "staff"]), "at most one");
    wrong(PE, "/preRegistrationInlineHooks", json!([{ "inlineHookId": "x" }]), "not built yet");
    fine(&[(PE, "/preRegistrationInlineHooks", json!([])), (PE, "/targetGroupIds", Value::Null)]);
}

/// policies.md §13: Okta takes them, and forgets them.
#[test]
fn conditions_of_a_profile_enrollment_policy_are_accepted_and_have_no_effect() {
    for policy in ["/policies/PROFILE_ENROLLMENT/0", "/policies/PROFILE_ENROLLMENT/1"] {
        // The group is one of the Okta organisation that the policy was copied from.
        let changes = [(
            policy,
            "/conditions",
            json!({ "people": { "groups": { "include": ["00g1emaKYZTWRYYRRTSK"] } } }),
        )];
        fine(&changes);
        let warned = warnings(&organisation(&changes));
        assert_eq!(
            warned.iter().map(|problem| format!("/{}", problem.path.join("/"))).collect::<Vec<_>>(),
            [format!("{policy}/conditions")]
        );
    }
}

/// policies.md §1 rule 2: as it comes from Okta's API.
#[test]
fn the_rule_of_a_new_policy_can_be_copied() {
    let rule = json!({
        "id": "rul1", "type": "PROFILE_ENROLLMENT", "name": "Catch-all Rule", "priority": 99, "status": "ACTIVE", "system": true, "conditions": null,
        "actions": { "profileEnrollment": {
            "access": "ALLOW", "unknownUserAction": "REGISTER", "activationRequirements": { "emailVerification": true },
            "progressiveProfilingAction": "ENABLED", "allowedIdentifiers": ["login"], "targetGroupIds": null, "preRegistrationInlineHooks": null,
            "enrollAuthenticators": ["password"],
            "profileAttributes": [
                { "name": "email", "label": "Email", "required": true }, { "name": "firstName", "label": "First name", "required": true },
                { "name": "lastName", "label": "Last name", "required": true }
            ]
        } }
    });
    let drawn = ("/uiSchemas/0/uiSchema/elements/1", "/scope", json!("#/properties/size"));
    let changes = [("/policies/PROFILE_ENROLLMENT/1/rules", "/0", rule), drawn];
    fine(&changes);
    let organisation = organisation(&changes);
    assert!(
        organisation
            .profile_enrollment(organisation.app("app").unwrap())
            .unwrap()
            .password_on_form()
    );
    let stored = serde_json::to_value(&organisation).unwrap();
    assert_eq!(
        serde_json::from_value::<policy::organisation::Organisation>(stored).unwrap(),
        organisation
    );
    wrong(
        "/policies/PROFILE_ENROLLMENT/1/rules/0",
        "/type",
        json!("SIGN_ON"),
        "PROFILE_ENROLLMENT",
    );
}

#[test]
fn identifiers() {
    let at = &format!("{PE}/allowedIdentifiers");
    let badge = &format!("{CUSTOM}/badge");
    wrong(PE, "/allowedIdentifiers", json!(["badge"]), "\"login\" must be one");
    wrong(PE, "/allowedIdentifiers", json!([]), "\"login\" must be one");
    wrong_at(
        at,
        "/-",
        json!("email"),
        &format!("{at}/2"),
        "there is no custom attribute \"email\"",
    );
    wrong_at(at, "/-", json!("bagde"), &format!("{at}/2"), "did you mean \"badge\"?");
    wrong_at(at, "/-", json!("size"), &format!("{at}/2"), "unique");
    for (key, value) in
        [("/unique", json!(false)), ("/sensitive", json!(true)), ("/type", json!("integer"))]
    {
        wrong_at(badge, key, value, &format!("{at}/1"), "cannot be an identifier");
    }
    wrong_at(badge, "/permissions/0/action", json!("HIDE"), &format!("{at}/1"), "not hidden");
    fine(&[(badge, "/permissions/0/action", json!("READ_ONLY"))]);
    let more = |name| (CUSTOM, name, json!({ "type": "string", "unique": true }));
    let four = json!(["badge", "card", "code", "login"]);
    one_problem(
        &[more("/card"), more("/code"), (PE, "/allowedIdentifiers", four)],
        at,
        "at most 3",
    );
}

#[test]
fn what_a_form_must_have() {
    let form = &format!("{PE}/profileAttributes");
    let without = |name: &str| {
        let all = right().pointer(form).unwrap().as_array().unwrap().clone();
        Value::Array(all.into_iter().filter(|attribute| attribute["name"] != name).collect())
    };
    for (i, name) in ["email", "firstName", "lastName"].into_iter().enumerate() {
        wrong(PE, "/profileAttributes", without(name), &format!("add {{ name: {name}"));
        wrong(form, &format!("/{i}/required"), json!(false), "write required: true");
    }
    // Not only where people sign up: with the policy, an account that an administrator made is
    // completed.
    wrong(
        "/policies/PROFILE_ENROLLMENT/0/rules/0/actions/profileEnrollment",
        "/profileAttributes",
        json!([
            { "name": "email", "label": "Email", "required": true }, { "name": "firstName", "label": "First name", "required": true }
        ]),
        "\"lastName\"",
    );
    fine(&[
        (BASE, "/lastName", json!({ "required": false })),
        (PE, "/profileAttributes", without("lastName")),
    ]);

    let required = (&*format!("{CUSTOM}/count"), "/required", json!(true));
    one_problem(
        std::slice::from_ref(&required),
        form,
        "add { name: count, label: Count, required: true }",
    );
    let asked = (&**form, "/-", json!({ "name": "count", "label": "Count" }));
    one_problem(
        &[required.clone(), asked.clone()],
        &format!("{form}/5/required"),
        "requires \"count\"",
    );
    fine(&[required, (form, "/-", json!({ "name": "count", "label": "Count", "required": true }))]);
    wrong_at(form, "/3/label", json!(""), &format!("{form}/3/label"), "called");
    wrong_at(
        form,
        "/1/name",
        json!("fristName"),
        &format!("{form}/1/name"),
        "requires \"firstName\"; did you mean that?",
    );

    let many = |n: usize| {
        let mut all = right().pointer(form).unwrap().as_array().unwrap().clone();
        all.extend(
            (all.len()..n).map(|i| json!({ "name": format!("question_{i}"), "label": "Question" })),
        );
        Value::Array(all)
    };
    fine(&[(PE, "/profileAttributes", many(30))]);
    wrong(PE, "/profileAttributes", many(31), "at most 30");
    let paths = |n| warnings(&organisation(&[(PE, "/profileAttributes", many(n))])).len();
    assert_eq!((paths(10), paths(11)), (0, 1));
}

#[test]
fn nobody_is_asked_for_what_they_cannot_write() {
    let size = &format!("{CUSTOM}/size");
    let field = &format!("{PE}/profileAttributes/3/name");
    wrong_at(size, "/permissions", Value::Null, field, "READ_ONLY");
    wrong_at(size, "/permissions/0/action", json!("READ_ONLY"), field, "READ_WRITE");
    wrong_at(size, "/permissions/0/action", json!("HIDE"), field, "READ_WRITE");
    wrong_at(size, "/sensitive", json!(true), field, "sensitive");
    for mutability in ["READ_ONLY", "IMMUTABLE", "WRITE_ONLY"] {
        wrong_at(size, "/mutability", json!(mutability), field, "mutability");
    }
    wrong(&format!("{PE}/profileAttributes/3"), "/name", json!("tags"), "list");
    wrong(&format!("{PE}/profileAttributes/3"), "/name", json!("city"), "hidden");
    wrong(&format!("{PE}/profileAttributes/3"), "/name", json!("title"), "READ_ONLY");
    wrong(&format!("{PE}/profileAttributes/3"), "/name", json!("Size"), "did you mean \"size\"?");
    wrong(&format!("{PE}/profileAttributes/3"), "/name", json!("password"), "reserved");
    wrong(&format!("{PE}/profileAttributes/3"), "/name", json!("a.b"), "letter");
    wrong(&format!("{PE}/profileAttributes/3"), "/name", json!(""), "empty");
}

#[test]
fn password_and_verification_go_together() {
    let own = "/policies/MFA_ENROLL/0/settings/authenticators/0/enroll/self";
    let email_required =
        ("/policies/MFA_ENROLL/0/settings/authenticators", "/1/enroll/self", json!("REQUIRED"));
    let verification = (PE, "/activationRequirements", json!({ "emailVerification": false }));
    let first_page = (PE, "/enrollAuthenticatorTypes", json!(["password"]));
    fine(&[verification.clone(), first_page.clone()]);
    for optional in ["OPTIONAL", "NOT_ALLOWED"] {
        let optional = (own, "", json!(optional));
        fine(&[optional.clone(), email_required.clone()]);
        let expected = format!("{PE}/activationRequirements/emailVerification");
        one_problem(
            &[optional.clone(), email_required.clone(), verification.clone()],
            &expected,
            "must be true",
        );
        let expected = format!("{PE}/enrollAuthenticatorTypes");
        one_problem(
            &[optional, email_required.clone(), first_page.clone()],
            &expected,
            "okta_password REQUIRED",
        );
    }
    // It is the policy of the target group that counts, not the default one.
    let for_customers = json!({ "id": "mfa-customers", "name": "Customers", "conditions": { "people": { "groups": { "include": ["customers"] } } },
        "settings": { "authenticators": [{ "key": "okta_email", "enroll": { "self": "REQUIRED" } }] } });
    let passwordless = ("/policies/MFA_ENROLL", "/-", for_customers);
    fine(std::slice::from_ref(&passwordless));
    one_problem(
        &[passwordless.clone(), first_page.clone()],
        &format!("{PE}/enrollAuthenticatorTypes"),
        "okta_password REQUIRED",
    );
    fine(&[passwordless, first_page, (PE, "/targetGroupIds", json!(["staff"]))]);
}
