//! R-R8, R-O6: nobody is kept out cheaply, also where no cookie reaches; and yet there is a limit,
//! however many guess.

use serde_json::json;

use super::stage::{Stage, demo};
use super::{ADA, PASSWORD, another, by_password_or_mail, with_ada, with_ada_in};

/// One try of a client without cookies at this address: another site than ours, or the server of an
/// app.
fn tries(stage: &Stage, source: &str, name: &str, password: &str) -> u16 {
    let mut browser = stage.browser("demo-spa");
    browser.source = source.into();
    browser.begin();
    let answer = browser.password(name, password);
    if answer.status == 200 && answer.interaction_code().is_none() { 404 } else { answer.status }
}

const SERVERS_SECRET: &str = "32 random bytes, of which this is not an example";

/// The demo, whose app has a server that speaks for people.
fn with_server() -> policy::organisation::Organisation {
    let mut organisation = demo();
    let hash = "4f72ca11044c2ce075fb8c1c1ff1f5ba1035d3fcbf8aaa25a090da1ddfd1e238";
    organisation.apps[0].credentials.server.secret_sha256 = vec![hash.into()];
    organisation
}

/// A request of the app's server, which is one address, for somebody at `address`.
fn served(
    stage: &Stage,
    handle: &str,
    more: &[(&str, &str)],
    path: &str,
    mut body: serde_json::Value,
) -> super::stage::Answer {
    body["stateHandle"] = json!(handle);
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(more);
    stage.request_from("192.0.2.250", "POST", path, &headers, body.to_string().as_bytes())
}

/// Wrong guesses at Ada's until there is no room, from as many networks; how many were evaluated.
/// None is a network of hers, over real HTTP either, where the first number of each address is 127.
fn hammered(stage: &Stage, networks: u8, times: usize) -> usize {
    let guesses =
        (0..networks).flat_map(|network| (0..times).map(move |_| format!("203.113.{network}.7")));
    guesses.filter(|source| tries(stage, source, ADA, "not the password") == 401).count()
}

#[test]
fn m1_r_r8_ten_guesses_of_a_stranger_do_not_keep_the_owner_out_at_a_new_address_without_a_cookie() {
    let stage = with_ada();
    for _ in 0..3 {
        assert_eq!(
            hammered(&stage, 1, 15),
            12,
            "ten, and two first tries of the stranger's network"
        );
        assert_eq!(tries(&stage, "198.51.100.7", ADA, PASSWORD), 200);
        stage.advance(3_601);
    }
}

#[test]
fn m1_r_r8_a_network_that_the_owner_has_signed_in_from_has_a_budget_of_its_own() {
    let mut stage = with_ada();
    // Within a day or two, a provider gives a home another address of the same network.
    stage.source = "192.0.2.200".into();
    let home = stage.source.clone();
    hammered(&stage, 12, 3);
    assert_eq!(
        tries(&stage, "198.51.100.7", ADA, PASSWORD),
        429,
        "strangers have used up what there is"
    );
    assert_eq!(tries(&stage, &home, ADA, PASSWORD), 200);
    // What others of that network guess at other names does not keep Ada out either.
    for index in 0..55 {
        tries(&stage, &home, &format!("user{index}@example.com"), "whatever it is");
    }
    assert_eq!(tries(&stage, &home, "user1@example.com", "whatever it is"), 429);
    assert_eq!(tries(&stage, &home, ADA, PASSWORD), 200);
}

#[test]
fn m1_a_network_is_noted_once_and_not_at_each_sign_in() {
    let stage = with_ada();
    let noted = || {
        stage
            .items("NETWORK")
            .into_iter()
            .map(|item| (item.key, item.expires_at))
            .collect::<Vec<_>>()
    };
    let before = noted();
    assert_eq!(before.len(), 1);
    stage.advance(60);
    assert_eq!(tries(&stage, &stage.source, ADA, PASSWORD), 200);
    assert_eq!(noted(), before);
    assert_eq!(tries(&stage, "198.51.100.7", ADA, PASSWORD), 200);
    assert_eq!(noted().len(), 2);
    assert!(!before[0].0.0.contains("192"), "a pseudonym, no address");
}

#[test]
fn r_o6_however_many_guess_an_account_takes_so_many_an_hour() {
    let stage = with_ada();
    // Strangers: at most twenty, five of which are kept for the first tries of codes.
    let strangers = hammered(&stage, 30, 3);
    assert!((11..=15).contains(&strangers), "{strangers}");
    // From networks that Ada has used: ten from each, twenty from all together.
    stage.advance(3_601);
    for network in 1..=4 {
        assert_eq!(tries(&stage, &format!("198.51.{network}.7"), ADA, PASSWORD), 200);
    }
    let mut at_home = 0;
    for network in 1..=4 {
        at_home += (0..12)
            .filter(|_| {
                tries(&stage, &format!("198.51.{network}.7"), ADA, "not the password") == 401
            })
            .count();
    }
    let all = at_home + hammered(&stage, 30, 3);
    assert!(
        (20..=35).contains(&at_home),
        "twenty, and first tries, which are the strangers': {at_home}"
    );
    assert!(all <= 35, "{all}");
}

#[test]
fn i7_of_codes_there_are_twenty_an_hour_in_however_many_known_browsers() {
    let mut organisation = by_password_or_mail();
    let limits = &mut organisation.settings.limits;
    (limits.mails_per_address_per_hour, limits.mails_per_address_per_day) = (50, 50);
    limits.mails_per_source_per_hour = 50;
    let stage = with_ada_in(&organisation);
    let mut evaluated = 0;
    for _ in 0..6 {
        // Whoever knows the password makes a browser known at an app where that is enough.
        let mut browser = stage.browser("newsletter-spa");
        browser.begin();
        browser.step("/idp/idx/identify", json!({"identifier": ADA}));
        browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-password"}}));
        let known = browser
            .step("/idp/idx/challenge/answer", json!({"credentials": {"passcode": PASSWORD}}));
        assert!(known.interaction_code().is_some(), "{}", known.text);
        browser.client_id = "demo-spa".into();
        browser.begin();
        browser.step("/idp/idx/identify", json!({"identifier": ADA}));
        browser.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
        let wrong = another(&stage.code(ADA));
        evaluated += (0..5).filter(|_| browser.answer_code(&wrong).status == 401).count();
    }
    assert_eq!(evaluated, 20);
}

#[test]
fn m2_what_is_refused_at_one_name_does_not_count_for_everybody() {
    let stage = with_ada();
    let of_all = || {
        stage
            .items("LIMIT")
            .iter()
            .filter(|item| item.key.0.starts_with("LIMIT#guess-all#"))
            .map(|item| item.count)
            .sum::<u64>()
    };
    let before = of_all();
    let evaluated = hammered(&stage, 20, 5);
    assert_eq!(of_all() - before, u64::try_from(evaluated).unwrap(), "a hundred were tried");
}

#[test]
fn m2_past_the_limit_of_everybody_owners_still_get_in() {
    let mut organisation = demo();
    organisation.settings.limits.guesses_in_all_per_hour = 16;
    let stage = with_ada_in(&organisation);
    for index in 0..70 {
        tries(
            &stage,
            &format!("203.0.{index}.7"),
            &format!("user{index}@example.com"),
            "whatever it is",
        );
    }
    // A newcomer's code, at its first try.
    let mut bob = stage.browser("demo-spa");
    bob.sign_up("bob@example.com", PASSWORD);
    assert!(bob.answer_code(&stage.code("bob@example.com")).interaction_code().is_some());
    // The network that Ada has signed in from.
    assert_eq!(tries(&stage, &stage.source, ADA, PASSWORD), 200);
}

#[test]
fn m1_r_r7_a_server_that_speaks_for_people_names_their_addresses_and_shows_its_secret() {
    let stage = with_ada_in(&with_server());
    let begun = |client: &str| {
        let mut browser = stage.browser(client);
        browser.begin();
        browser.handle
    };
    let from = |address: &'static str| {
        [("x-vestibule-client-address", address), ("x-vestibule-server-secret", SERVERS_SECRET)]
    };
    let identify = |headers: &[(&str, &str)], client: &str, name: &str, password: &str| {
        let body = json!({"identifier": name, "credentials": {"passcode": password}});
        served(&stage, &begun(client), headers, "/idp/idx/identify", body)
    };
    // One visitor of the app uses up what a source may guess; the others come from elsewhere.
    for index in 0..55 {
        identify(
            &from("203.0.113.9"),
            "demo-spa",
            &format!("user{index}@example.com"),
            "whatever it is",
        );
    }
    assert_eq!(identify(&from("203.0.113.9"), "demo-spa", ADA, PASSWORD).status, 429);
    let signed_in = identify(&from("198.51.100.7"), "demo-spa", ADA, PASSWORD);
    assert!(signed_in.interaction_code().is_some(), "{}", signed_in.text);
    // An address counts only with the secret, the app's own, and if it is one.
    let address = ("x-vestibule-client-address", "198.51.100.7");
    let secret = |text: &'static str| ("x-vestibule-server-secret", text);
    for (headers, client, status) in [
        (vec![address], "demo-spa", 400),
        (vec![secret(SERVERS_SECRET)], "demo-spa", 400),
        (vec![address, secret("another secret")], "demo-spa", 403),
        (
            vec![("x-vestibule-client-address", "localhost"), secret(SERVERS_SECRET)],
            "demo-spa",
            400,
        ),
        (vec![address, secret(SERVERS_SECRET)], "newsletter-spa", 403),
    ] {
        let answer = identify(&headers, client, ADA, PASSWORD);
        assert_eq!(
            (answer.status, answer.interaction_code()),
            (status, None),
            "{headers:?} at {client}: {}",
            answer.text
        );
    }
    let preflight =
        stage.request("OPTIONS", "/idp/idx/identify", &[("origin", "http://localhost:8787")], b"");
    assert!(
        !preflight.header("access-control-allow-headers").unwrap_or_default().contains("vestibule"),
        "no page may send them"
    );
}
