//! Deactivated, activated, deleted, put into other groups: also while somebody signs in.

use std::sync::Mutex;

use async_trait::async_trait;
use engine::people::{self, Error, Groups, Person};
use engine::ports::{Clock as _, Item, Key, Store, StoreError, Write};
use engine::testing::block_on;
use policy::organisation::Organisation;
use policy::provision::Fault;
use serde_json::json;

use super::{ADA, GIVEN, PASSWORD, create, made, owners, person, signed_in, userinfo, wanted};
use crate::stage::{Browser, Stage, demo};

fn deactivate(stage: &Stage) -> Person {
    block_on(people::deactivate(&*stage.store, &person(stage, ADA).user.id, stage.clock.now()))
        .unwrap()
}

fn activate(stage: &Stage) -> Person {
    block_on(people::activate(&*stage.store, &person(stage, ADA).user.id, stage.clock.now()))
        .unwrap()
}

fn delete(stage: &Stage) -> Result<Person, Error> {
    block_on(people::delete(&*stage.store, &person(stage, ADA).user.id, stage.clock.now()))
}

fn set(stage: &Stage, groups: &Groups) -> Result<Person, Error> {
    block_on(people::set_groups(
        &*stage.store,
        &demo(),
        &person(stage, ADA).user.id,
        groups,
        stage.clock.now(),
    ))
}

/// Ada, who has proven everything, and a token of hers.
fn ada(stage: &Stage) -> String {
    let mut browser = stage.browser("demo-spa");
    browser.sign_up(ADA, PASSWORD);
    let code = browser.answer_code(&stage.code(ADA)).interaction_code().unwrap();
    browser.token(&code).body["access_token"].as_str().unwrap().to_owned()
}

/// Signed in, but for the form that the app asks for.
fn waiting(stage: &Stage) -> Browser<'_> {
    let mut browser = stage.browser("workforce-spa");
    browser.begin();
    let asked = browser.password(ADA, PASSWORD);
    assert_eq!(asked.forms()[0], "enroll-profile", "{}", asked.text);
    browser
}

fn send_form(browser: &mut Browser<'_>) -> Option<String> {
    browser
        .step("/idp/idx/enroll/update", json!({"userProfile": {"department": "Engines"}}))
        .interaction_code()
}

/// M6: a sign-in that waits for a form must not bring the account back.
#[test]
fn a_073_a_deactivation_is_not_undone_by_a_sign_in_under_way() {
    let stage = Stage::new();
    let token = ada(&stage);
    let mut form = waiting(&stage);
    let deactivated = deactivate(&stage);
    assert_eq!(deactivated.user.standing(), "DEPROVISIONED");
    assert_eq!(send_form(&mut form), None);
    assert_eq!(person(&stage, ADA), deactivated);
    assert_eq!(userinfo(&stage, &token), 401);
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    assert_eq!(browser.password(ADA, PASSWORD).interaction_code(), None);
    // Nor does the activation bring back what was void, within the hour.
    activate(&stage);
    assert_eq!(userinfo(&stage, &token), 401);
    assert_eq!(send_form(&mut form), None, "what was proven before proves nothing");
    assert_eq!(person(&stage, ADA).user.text("department"), None);
    // The password is the one of before.
    signed_in(&mut stage.browser("demo-spa"), PASSWORD);
}

/// The same where the form is sent only after the activation.
#[test]
fn i3_flows_codes_and_grants_of_before_are_void_after_an_activation() {
    let mut organisation = demo();
    for rule in organisation.policies.global_session.iter_mut().flat_map(|policy| &mut policy.rules)
    {
        rule.actions.signon.primary_factor =
            policy::organisation::PrimaryFactor::PasswordIdpAnyFactor;
    }
    let stage = Stage::with(&organisation);
    ada(&stage);
    stage.apply(&demo());
    let mut form = waiting(&stage);
    let mut granted = stage.browser("demo-spa");
    granted.begin();
    let code = granted.password(ADA, PASSWORD).interaction_code().unwrap();
    stage.apply(&organisation);
    let mut mailed = stage.browser("demo-spa");
    mailed.begin();
    mailed.step("/idp/idx/identify", json!({"identifier": ADA}));
    mailed.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    let passcode = stage.code(ADA);
    let mut done = stage.browser("demo-spa");
    done.begin();
    done.step("/idp/idx/identify", json!({"identifier": ADA}));
    done.step("/idp/idx/challenge", json!({"authenticator": {"id": "aut-email"}}));
    let link = stage.link(ADA);
    let (path, token) = link.split_once("?token=").unwrap();
    done.send(path, "application/x-www-form-urlencoded", format!("token={token}").as_bytes());

    deactivate(&stage);
    activate(&stage);
    assert_eq!(granted.token(&code).status, 400, "a code that was not redeemed");
    assert_eq!(mailed.answer_code(&passcode).interaction_code(), None, "a code that was mailed");
    assert_eq!(
        done.step("/idp/idx/email/poll", json!({})).interaction_code(),
        None,
        "a link that was followed"
    );
    stage.apply(&demo());
    assert_eq!(send_form(&mut form), None, "a form that was open");
    assert_eq!(person(&stage, ADA).user.text("department"), None);
}

/// A hash that is void already must not become good again in a later generation.
#[test]
fn i3_a_void_password_stays_void() {
    let stage = Stage::new();
    ada(&stage);
    let mut void = stage.items("PASSWORD").pop().unwrap();
    void.body["generation"] = json!(7);
    stage.put(void.clone());
    deactivate(&stage);
    activate(&stage);
    assert_eq!(stage.items("PASSWORD"), [void]);
    let mut browser = stage.browser("demo-spa");
    browser.begin();
    assert_eq!(browser.password(ADA, PASSWORD).status, 401);
}

#[test]
fn what_is_so_already_writes_nothing() {
    let stage = Stage::new();
    ada(&stage);
    let active = person(&stage, ADA);
    assert_eq!(activate(&stage), active);
    assert_eq!(deactivate(&stage), deactivate(&stage));
    assert_eq!(person(&stage, ADA).user.generation, active.user.generation + 1, "once");
}

/// R-D6, I5: all of it or nothing, and every name is free.
#[test]
fn r_d6_a_deleted_account_leaves_nothing_behind() {
    let stage = Stage::new();
    let token = ada(&stage);
    let mut form = waiting(&stage);
    let bob = create(&stage, &demo(), &wanted("bob@example.com"), Some(GIVEN)).unwrap();
    let gone = delete(&stage).unwrap();
    assert_eq!(owners(&stage), vec![json!(bob.user.id); 3], "the others' marks are theirs");
    assert_eq!((stage.items("USER").len(), stage.items("PASSWORD").len()), (1, 1));
    assert_eq!(userinfo(&stage, &token), 401);
    assert_eq!(send_form(&mut form), None);
    assert_eq!(stage.items("USER").len(), 1, "a form that was open brings nothing back");
    assert!(matches!(block_on(people::find(&*stage.store, ADA)), Err(Error::NotFound)));
    assert!(matches!(
        block_on(people::deactivate(&*stage.store, &gone.user.id, stage.clock.now())),
        Err(Error::NotFound)
    ));
    // The names are free, and whoever has them next is somebody else.
    ada(&stage);
    assert_ne!(person(&stage, ADA).user.id, gone.user.id);
    assert_eq!(userinfo(&stage, &token), 401);
}

/// An attribute that was unique once, and may become so again: the mark of somebody who is gone
/// would keep the value for nobody.
#[test]
fn r_d6_marks_of_an_earlier_schema_go_too_and_another_persons_stay() {
    let with_nick = |unique: bool| -> Organisation {
        let mut organisation = demo();
        let property = json!({"type": "string", "unique": unique});
        organisation
            .user_schema
            .definitions
            .custom
            .properties
            .insert("nick".into(), serde_json::from_value(property).unwrap());
        organisation
    };
    let named = |email: &str| {
        let mut wanted = wanted(email);
        wanted.profile.remove("customerNumber");
        wanted.profile.insert("nick".into(), json!("Countess"));
        wanted
    };
    let stage = Stage::with(&with_nick(true));
    create(&stage, &with_nick(true), &named(ADA), None).unwrap();
    stage.apply(&with_nick(false));
    stage.advance(1);
    let bob = create(&stage, &with_nick(false), &named("bob@example.com"), None).unwrap();
    // Ada has the mark; Bob, who has the same value, must not take it along.
    block_on(people::delete(&*stage.store, &bob.user.id, stage.clock.now())).unwrap();
    assert_eq!(owners(&stage).len(), 3, "her username, her address, her nickname");
    delete(&stage).unwrap();
    assert_eq!(stage.items("UNIQUE"), []);
    stage.apply(&with_nick(true));
    create(&stage, &with_nick(true), &named("eve@example.com"), None).unwrap();
}

#[test]
fn groups_are_set_and_nothing_is_void() {
    let stage = Stage::new();
    let token = ada(&stage);
    let before = person(&stage, ADA);
    let groups =
        |person: Result<Person, Error>| person.unwrap().user.groups.into_iter().collect::<Vec<_>>();
    let by = |add: &[&str], remove: &[&str]| Groups::By {
        add: add.iter().map(ToString::to_string).collect(),
        remove: remove.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(
        groups(set(&stage, &by(&["Subscribers"], &[]))),
        ["customers", "subscribers"],
        "by name"
    );
    assert_eq!(groups(set(&stage, &by(&[], &["customers"]))), ["subscribers"], "by id");
    assert_eq!(groups(set(&stage, &Groups::Exactly(vec![]))), [""; 0]);
    let wrong = |groups: &Groups| match set(&stage, groups) {
        Err(Error::Wrong(faults)) => faults,
        other => panic!("{other:?}"),
    };
    assert_eq!(wrong(&by(&["staff"], &[])), [Fault::NoGroup("staff".into())]);
    assert_eq!(wrong(&by(&[], &["staff"])), [Fault::NoGroup("staff".into())]);
    assert_eq!(wrong(&Groups::Exactly(vec!["everyone".into()])), [Fault::Everyone]);
    let after = person(&stage, ADA);
    assert_eq!(
        (after.user.generation, after.version),
        (before.user.generation, before.version + 3)
    );
    assert_eq!(userinfo(&stage, &token), 200, "what was handed out stays good");
    // Whoever was taken out of the policy's group stays out.
    signed_in(&mut stage.browser("demo-spa"), PASSWORD);
    assert_eq!(person(&stage, ADA).user.groups.len(), 0);
    // A group that the organisation has no more can still be left.
    let mut item = stage.items("USER").pop().unwrap();
    item.body["groups"] = json!(["bygone"]);
    stage.put(item);
    assert_eq!(groups(set(&stage, &by(&["customers"], &["bygone"]))), ["customers"]);
}

/// Whoever signs in goes on with the groups of now.
#[test]
fn a_sign_in_under_way_goes_by_the_new_groups() {
    let stage = Stage::new();
    ada(&stage);
    let mut form = waiting(&stage);
    set(&stage, &Groups::Exactly(vec!["subscribers".into()])).unwrap();
    assert!(send_form(&mut form).is_some());
    let user = person(&stage, ADA).user;
    assert_eq!(
        (user.groups.into_iter().collect::<Vec<_>>(), user.profile["department"].as_str()),
        (vec!["subscribers".to_owned()], Some("Engines"))
    );
}

/// What another request does.
type Change<'a> = Box<dyn Fn(&Stage) + Send + 'a>;

/// A store in which another request is faster, once.
struct Overtaken<'a>(&'a Stage, Mutex<Option<Change<'a>>>);

#[async_trait]
impl Store for Overtaken<'_> {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        self.0.store.read(keys).await
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        if let Some(faster) = self.1.lock().unwrap().take() {
            faster(self.0);
        }
        self.0.store.write(writes).await
    }
}

/// I10, I13: what others do between the read and the write is not lost.
#[test]
fn i10_whoever_is_overtaken_reads_again() {
    let stage = Stage::new();
    ada(&stage);
    let id = person(&stage, ADA).user.id;
    let form = Mutex::new(waiting(&stage));
    let faster = Overtaken(
        &stage,
        Mutex::new(Some(Box::new(|_| assert!(send_form(&mut form.lock().unwrap()).is_some())))),
    );
    let deactivated = block_on(people::deactivate(&faster, &id, stage.clock.now())).unwrap().user;
    assert_eq!(
        (deactivated.standing(), deactivated.text("department")),
        ("DEPROVISIONED", Some("Engines"))
    );
    let faster = Overtaken(&stage, Mutex::new(Some(Box::new(|stage| drop(activate(stage))))));
    block_on(people::delete(&faster, &id, stage.clock.now())).unwrap();
    assert_eq!(
        (stage.items("USER"), stage.items("PASSWORD"), stage.items("UNIQUE")),
        (vec![], vec![], vec![])
    );
}

/// F-08: the store reports what took effect as done; a failure leaves all as it was.
#[test]
fn i5_a_deletion_that_fails_changes_nothing() {
    struct Down<'a>(&'a Stage);

    #[async_trait]
    impl Store for Down<'_> {
        async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
            self.0.store.read(keys).await
        }

        async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
            assert_eq!(writes.len(), 5, "record, password, three marks, in one write");
            Err(StoreError::Unavailable("down".into()))
        }
    }

    let stage = Stage::new();
    let person = made(&stage, Some(GIVEN));
    let before = stage.state();
    let failed = block_on(people::delete(&Down(&stage), &person.user.id, stage.clock.now()));
    assert!(matches!(failed, Err(Error::Store(_))), "{failed:?}");
    assert_eq!(stage.state(), before);
}
