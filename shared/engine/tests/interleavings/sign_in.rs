//! Signing in, completing a profile, and what an administrator does meanwhile.

use engine::keys;
use engine::ports::{Expect, Store as _, Write};
use engine::testing::block_on;
use serde_json::{Value, json};

use crate::interleavings::story::Story;
use crate::interleavings::world::{Act, World};
use crate::interleavings::{ADA, PASSWORD, asking, with_ada};
use crate::stage::{Browser, demo};

fn first_page<'w>(world: &'w World, client: &str) -> Browser<'w> {
    let mut browser = world.stage.browser(client);
    browser.begin();
    browser
}

/// Signed in up to the progressive form.
fn at_the_form<'w>(world: &'w World, client: &str, email: &str) -> Browser<'w> {
    let mut browser = first_page(world, client);
    let waiting = browser.password(email, PASSWORD);
    assert_eq!(waiting.forms()[0], "enroll-profile", "{}", waiting.text);
    browser
}

#[allow(clippy::needless_pass_by_value, reason = "callers make it on the spot")]
fn update(browser: &Browser<'_>, profile: Value) -> Act {
    Act::step(browser, "/idp/idx/enroll/update", json!({"userProfile": profile}))
}

#[test]
fn a_056_two_attributes_of_one_person_in_two_apps() {
    let world = with_ada();
    world.stage.apply(&asking(&[
        ("demo-enrollment", "shoeSize"),
        ("newsletter-enrollment", "customerNumber"),
    ]));
    let (one, two) =
        (at_the_form(&world, "demo-spa", ADA), at_the_form(&world, "newsletter-spa", ADA));
    Story::new(
        &world,
        [update(&one, json!({"shoeSize": "41"})), update(&two, json!({"customerNumber": "7"}))],
    )
    .always(|world, answers| {
        let profile = &world.stage.items("USER")[0].body["profile"];
        let kept = (profile["shoeSize"] == "41", profile["customerNumber"] == 7);
        let told =
            (answers[0].interaction_code().is_some(), answers[1].interaction_code().is_some());
        if kept == told { Ok(()) } else { Err(format!("I4: told {told:?}, kept {kept:?}")) }
    })
    .prove();
}

#[test]
fn a_056_one_attribute_of_one_person_in_two_apps() {
    let world = with_ada();
    world
        .stage
        .apply(&asking(&[("demo-enrollment", "shoeSize"), ("newsletter-enrollment", "shoeSize")]));
    let (one, two) =
        (at_the_form(&world, "demo-spa", ADA), at_the_form(&world, "newsletter-spa", ADA));
    Story::new(
        &world,
        [update(&one, json!({"shoeSize": "41"})), update(&two, json!({"shoeSize": "42"}))],
    )
    .prove();
}

#[test]
fn a_056_three_apps_and_one_person() {
    let world = with_ada();
    world
        .stage
        .apply(&asking(&[("demo-enrollment", "shoeSize"), ("newsletter-enrollment", "shoeSize")]));
    let apps = ["demo-spa", "newsletter-spa", "workforce-spa"];
    let browsers = apps.map(|client| at_the_form(&world, client, ADA));
    let acts = [
        update(&browsers[0], json!({"shoeSize": "41"})),
        update(&browsers[1], json!({"shoeSize": "42"})),
        update(&browsers[2], json!({"department": "Engines"})),
    ];
    Story::new(&world, acts).prove();
}

#[test]
fn r_d1_one_number_for_two_people() {
    let world = with_ada();
    let mut grace = world.stage.browser("demo-spa");
    grace.sign_up("grace@example.com", PASSWORD);
    grace.answer_code(&world.stage.code("grace@example.com"));
    world.stage.apply(&asking(&[("demo-enrollment", "customerNumber")]));
    let (one, two) = (
        at_the_form(&world, "demo-spa", ADA),
        at_the_form(&world, "demo-spa", "grace@example.com"),
    );
    Story::new(&world, [&one, &two].map(|browser| update(browser, json!({"customerNumber": "7"}))))
        .prove();
}

#[test]
fn a_073_a_deactivation_and_the_last_form() {
    let world = with_ada();
    world.stage.apply(&asking(&[("demo-enrollment", "shoeSize")]));
    let browser = at_the_form(&world, "demo-spa", ADA);
    Story::new(&world, [update(&browser, json!({"shoeSize": "41"})), Act::Deactivate(ADA)]).prove();
}

#[test]
fn a_073_a_deactivation_and_a_sign_in() {
    let world = with_ada();
    let browser = first_page(&world, "demo-spa");
    Story::new(&world, [Act::password(&browser, ADA, PASSWORD), Act::Deactivate(ADA)]).prove();
}

#[test]
fn a_068_two_people_on_one_page() {
    let world = with_ada();
    let browser = first_page(&world, "demo-spa");
    let acts = [
        Act::password(&browser, ADA, PASSWORD),
        Act::password(&browser, "nobody@example.com", PASSWORD),
    ];
    Story::new(&world, acts).prove();
}

#[test]
fn i7_a_right_password_and_wrong_ones() {
    let world = with_ada();
    let browsers = [(); 3].map(|()| first_page(&world, "demo-spa"));
    let passwords = [PASSWORD, "wrong horse battery", "not this one either"];
    Story::new(
        &world,
        browsers
            .iter()
            .zip(passwords)
            .map(|(browser, password)| Act::password(browser, ADA, password)),
    )
    .prove();
}

#[test]
fn r_s9_the_policy_changes_while_somebody_finishes() {
    let world = World::new(&demo());
    let mut browser = world.stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let code = Act::code(&browser, &world.stage.code(ADA));
    Story::new(&world, [code, Act::Apply(Box::new(asking(&[("demo-enrollment", "shoeSize")])))])
        .prove();
}

#[test]
fn r_s9_the_policy_changes_while_somebody_signs_in() {
    let world = with_ada();
    let browser = first_page(&world, "demo-spa");
    let apply = Act::Apply(Box::new(asking(&[("demo-enrollment", "shoeSize")])));
    Story::new(&world, [Act::password(&browser, ADA, PASSWORD), apply]).prove();
}

#[test]
fn r_p10_two_sign_ins_hash_an_old_password_anew() {
    let world = with_ada();
    grow_old(&world);
    let browsers = [(); 2].map(|()| first_page(&world, "demo-spa"));
    Story::new(&world, browsers.iter().map(|browser| Act::password(browser, ADA, PASSWORD)))
        .prove();
}

/// Makes every stored hash one that should be made again.
pub fn grow_old(world: &World) {
    for mut item in world.stage.items("PASSWORD") {
        let user = item.key.0.trim_start_matches("PASSWORD#").to_owned();
        item.body["phc"] = json!(format!("old{}", item.body["phc"].as_str().unwrap()));
        assert_eq!(item.key, keys::password(&user));
        block_on(world.stage.store.write(&[Write::Put { item, expect: Expect::Anything }]))
            .unwrap();
    }
}
