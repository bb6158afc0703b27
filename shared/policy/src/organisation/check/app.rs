use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::index::{Index, Names};
use super::report::{At, Report, listed};
use super::{text, uri};
use crate::assurance::{Rules, Who, enrolment};
use crate::organisation::{
    AccessTokens, AllowedFor, App, AuthenticatorKey, EVERYONE, OAuthClientSettings, Organisation,
    Policy, SelfEnroll, Status,
};

/// Longest name of an API.
const MOST_AUDIENCE: usize = 256;

pub(super) fn check(organisation: &Index<'_>, report: &mut Report) {
    let at = At::root("apps");
    let apps = || at.each(&organisation.apps);
    report.distinct("app id", apps().map(|(at, app)| (at.to("id"), app.id.as_str())));
    report.distinct(
        "client_id",
        apps().map(|(at, app)| {
            (
                at.down("credentials.oauthClient.client_id"),
                app.credentials.oauth_client.client_id.as_str(),
            )
        }),
    );
    let (enrollment, access) = (
        Mapped::of("PROFILE_ENROLLMENT policy", &organisation.policies.profile_enrollment),
        Mapped::of("ACCESS_POLICY policy", &organisation.policies.access),
    );
    report.distinct(
        "secret",
        apps().flat_map(|(at, app)| secrets(&at, app)).filter(|(_, hash)| !hash.is_empty()),
    );
    for (at, app) in apps() {
        text::name(&app.label, at.to("label"), "say what people call the app", report);
        credentials(app, &at, report);
        for (at, hash) in secrets(&at, app) {
            let well_formed = hash.len() == 64
                && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            report.ensure(well_formed, at, || {
                "a secret is named by its SHA-256: 64 hexadecimal digits, lower case".into()
            });
        }
        report.ensure(
            app.credentials.server.secret_sha256.len() <= 2,
            at.down("credentials.server.secretSha256"),
            || "an app has at most two secrets, while one takes the place of the other".into(),
        );
        settings(&app.settings.oauth_client, &at.down("settings.oauthClient"), report);
        let groups = at.to("groups");
        report.distinct("group", groups.each(&app.groups).map(|(at, group)| (at, group.as_str())));
        for (at, group) in groups.each(&app.groups) {
            report.refer(at, &organisation.group_names, group);
        }
        enrollment.check(app.profile_enrollment.as_deref(), at.to("profileEnrollment"), report);
        access.check(app.access_policy.as_deref(), at.to("accessPolicy"), report);
        for (at, origin) in at.to("allowedOrigins").each(&app.allowed_origins) {
            if let Some(fault) = uri::fault_of_origin(origin) {
                report.add(at, format!("\"{origin}\" {fault}"));
            }
        }
        if let Some(tokens) = &app.access_tokens {
            access_tokens(organisation, tokens, &at.to("accessTokens"), report);
        }
        if let Some(page) = &app.email_verify_callback_uri {
            self::page(report, at.to("emailVerifyCallbackUri"), page);
        }
    }
}

/// What the app's server shows itself with, and where it stands.
fn secrets<'a>(at: &At, app: &'a App) -> Vec<(At, &'a str)> {
    let at = at.down("credentials.server.secretSha256");
    at.each(&app.credentials.server.secret_sha256).map(|(at, hash)| (at, hash.as_str())).collect()
}

pub(super) fn warnings(organisation: &Organisation, report: &mut Report) {
    for (at, app) in At::root("apps").each(&organisation.apps) {
        report.ensure(!app.groups.is_empty(), at.to("groups"), || {
            format!(
                "nobody can sign in to an app without a group; \"{EVERYONE}\" opens it to everyone"
            )
        });
        let Some(policy) = organisation.enrollment_policy(app) else { continue };
        let Some(enrollment) = policy.enrollment() else { continue };
        let joining =
            Who { user: None, groups: enrollment.target_groups().iter().cloned().collect() };
        for who in
            [Some(Who::default()), policy.registers().then_some(joining)].into_iter().flatten()
        {
            if locked_out(organisation, app, &who) {
                let whom = if who.groups.is_empty() {
                    "people without a group".into()
                } else {
                    format!("the group {}", listed(who.groups.iter()))
                };
                report.add(
                    at.to("accessPolicy"),
                    format!("{whom} cannot sign in: no authenticators that they may set up satisfy both sign-on policies"),
                );
                break;
            }
        }
        // policies.md §3.1: somebody who signs up must be able to use the app.
        let open = app
            .groups
            .iter()
            .any(|group| group == EVERYONE || enrollment.target_groups().contains(group));
        report.ensure(!policy.registers() || app.groups.is_empty() || open, at.to("groups"), || {
            format!(
                "nobody can sign up at this app: neither \"{EVERYONE}\" nor the target group ({}) of its enrollment policy is assigned to it",
                listed(enrollment.target_groups().iter())
            )
        });
    }
}

/// True if the rules let `who` in on some condition that `who` can never meet. A rule that says
/// DENY is meant.
fn locked_out(organisation: &Organisation, app: &App, who: &Who) -> bool {
    let usable = |key: &AuthenticatorKey| {
        enrolment(organisation, who, *key) != SelfEnroll::NotAllowed
            && matches!(
                organisation.authenticator(*key).allowed_for,
                AllowedFor::Any | AllowedFor::Sso
            )
    };
    let all = AuthenticatorKey::ALL.into_iter().filter(usable).collect();
    Rules::of(organisation, app, who).is_some_and(|rules| !rules.deny() && !rules.satisfied(&all))
}

fn credentials(app: &App, at: &At, report: &mut Report) {
    let client = &app.credentials.oauth_client;
    let at = at.down("credentials.oauthClient");
    report.ensure(client.client_id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)), at.to("client_id"), || {
        format!("\"{}\" has characters that would need escaping; use letters, digits, -, ., _ and ~", client.client_id)
    });
    // security.md R-T1.
    report.ensure(client.pkce_required, at.to("pkce_required"), || {
        "PKCE cannot be turned off; write true, or leave the key out".into()
    });
}

/// What access tokens say of the server that they are for.
pub(super) fn access_tokens(
    organisation: &Organisation,
    tokens: &AccessTokens,
    at: &At,
    report: &mut Report,
) {
    let Some(audience) = tokens.audience.as_deref() else { return };
    let at = at.to("audience");
    let plain = (1..=MOST_AUDIENCE).contains(&audience.len())
        && audience.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    report.ensure(plain, at.clone(), || {
        format!("write the name of your API in up to {MOST_AUDIENCE} characters without spaces, as api://default or https://api.example.com")
    });
    // An ID token is for a client: an API that takes tokens for the same name would take it too
    // (security.md R-T4).
    let of_client =
        organisation.apps.iter().any(|app| app.credentials.oauth_client.client_id == audience);
    report.ensure(!of_client, at, || format!("\"{audience}\" is the client_id of an app, whose ID tokens your API would take for access tokens"));
}

fn settings(settings: &OAuthClientSettings, at: &At, report: &mut Report) {
    let uris = at.to("redirect_uris");
    report.ensure(!settings.redirect_uris.is_empty(), uris.clone(), || {
        "name at least one address that codes may be sent to".into()
    });
    report.distinct(
        "redirect URI",
        uris.each(&settings.redirect_uris).map(|(at, uri)| (at, uri.as_str())),
    );
    for (at, uri) in uris.each(&settings.redirect_uris).filter(|(_, uri)| !uri.is_empty()) {
        // Okta knows wildcards; here codes go only where somebody wrote down that they go
        // (security.md R-T3).
        if uri.contains('*') {
            report.add(at, format!("\"{uri}\" has a wildcard; write each address out, they are compared character by character"));
        } else {
            page(report, at, uri);
        }
    }
    if let Some(uri) = &settings.initiate_login_uri {
        page(report, at.to("initiate_login_uri"), uri);
    }
    // Clients of these types have no secret; a web app has one at Okta.
    let kinds = ["browser", "native"];
    match settings.application_type.as_deref() {
        Some("web" | "service") => {
            report.add(
                at.to("application_type"),
                format!("clients with a secret are not built yet; write {}", listed(kinds.iter())),
            );
        }
        Some(kind) if !kinds.contains(&kind) => {
            report.add(
                at.to("application_type"),
                format!("\"{kind}\" is not an application type; write {}", listed(kinds.iter())),
            );
        }
        _ => {}
    }
    supported(report, &at.to("grant_types"), "grant", &settings.grant_types, &["interaction_code"]);
    supported(
        report,
        &at.to("response_types"),
        "response type",
        &settings.response_types,
        &["code"],
    );
}

fn supported(report: &mut Report, at: &At, what: &str, written: &[String], known: &[&str]) {
    for (at, name) in at.each(written).filter(|(_, name)| !known.contains(&name.as_str())) {
        report.add(
            at,
            format!("the {what} \"{name}\" is not built yet; there is {}", listed(known.iter())),
        );
    }
}

fn page(report: &mut Report, at: At, uri: &str) {
    if let Some(fault) = uri::fault_of_page(uri) {
        report.add(at, format!("\"{uri}\" {fault}"));
    }
}

/// The policies that an app may name, and whether they take part.
struct Mapped<'a> {
    names: Names<'a>,
    status: BTreeMap<&'a str, Status>,
}

impl<'a> Mapped<'a> {
    fn of<R, S>(what: &'a str, policies: &'a [Policy<R, S>]) -> Self {
        let names = Names::of(what, policies.iter().map(|policy| policy.id.as_str()));
        // Of two with one id the first counts; that there are two is told elsewhere.
        let status =
            policies.iter().rev().map(|policy| (policy.id.as_str(), policy.status)).collect();
        Self { names, status }
    }

    /// The policy that an app names.
    fn check(&self, id: Option<&str>, at: At, report: &mut Report) {
        let Some(id) = id else { return };
        report.ensure(self.status.get(id) != Some(&Status::Inactive), at.clone(), || {
            format!("the {} \"{id}\" is INACTIVE; name an ACTIVE one, or leave the key out for the default policy", self.names.what)
        });
        report.refer(at, &self.names, id);
    }
}
