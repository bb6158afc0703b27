use super::*;

#[test]
fn a_known_person_joins_once() {
    let organisation = demo();
    let done = sign_in(&organisation, bob());
    let [Effect::SaveUser { user, version: 7, .. }] = done.effects.as_slice() else {
        panic!("{done:?}")
    };
    assert!(user.groups.contains("customers"));
    let again = sign_in(&organisation, user.clone());
    assert_eq!(again.effects, [Effect::CheckUser { id: "bob".into(), version: 7 }]);
}

#[test]
fn whoever_was_taken_out_stays_out() {
    let organisation = demo();
    let mut user = person("ada");
    user.groups.clear();
    let done = sign_in(&organisation, user);
    assert_eq!(done.effects, [Effect::CheckUser { id: "ada".into(), version: 7 }]);
}

#[test]
fn another_group_of_the_policy_is_joined_too() {
    let mut organisation = demo();
    enrollment(&mut organisation).target_group_ids = Some(vec!["subscribers".into()]);
    let done = sign_in(&organisation, person("ada"));
    let [Effect::SaveUser { user, .. }] = done.effects.as_slice() else { panic!("{done:?}") };
    assert!(
        user.groups.contains("customers") && user.groups.contains("subscribers"),
        "none is ever taken away"
    );
}

#[test]
fn nobody_joins_before_everything_is_met() {
    let mut organisation = demo();
    ask(&mut organisation, "shoeSize", true);
    let form = sign_in(&organisation, bob());
    assert!(form.effects.is_empty());
}
