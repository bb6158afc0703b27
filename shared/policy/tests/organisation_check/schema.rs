//! The user schema and the UI schemas.

use policy::organisation::check::check;
use policy::organisation::{Organisation, Property};
use serde_json::{Value, json};

use crate::organisation_check::support::{
    BASE, CUSTOM, PE, fine, one_problem, organisation, writable, wrong, wrong_at,
};

#[test]
fn the_user_schema_base_half() {
    wrong(BASE, "/departmnt", json!({}), "did you mean \"department\"?");
    wrong(BASE, "/shoeSize", json!({}), "definitions.custom.properties");
    wrong(&format!("{BASE}/department"), "/type", json!("integer"), "cannot be changed");
    wrong(&format!("{BASE}/department"), "/format", json!("uri"), "cannot be changed");
    wrong(&format!("{BASE}/department"), "/unique", json!(true), "cannot be changed");
    wrong(&format!("{BASE}/department"), "/default", json!("Sales"), "cannot be changed");
    wrong_at(
        &format!("{BASE}/department"),
        "/pattern",
        json!(".+"),
        &format!("{BASE}/department/pattern"),
        "only login",
    );
    wrong_at(
        BASE,
        "/login",
        json!({ "pattern": "[a-z]*" }),
        &format!("{BASE}/login/pattern"),
        "[...]+",
    );
    wrong_at(
        BASE,
        "/login",
        json!({ "required": false }),
        &format!("{BASE}/login/required"),
        "only firstName and lastName",
    );
    wrong_at(
        BASE,
        "/firstName",
        json!({ "minLength": 51 }),
        &format!("{BASE}/firstName/minLength"),
        "above maxLength",
    );
    wrong(&format!("{BASE}/department/permissions/0"), "/principal", json!("ADMIN"), "write SELF");
    fine(&[(BASE, "/login", json!({ "pattern": ".+" }))]);
    fine(&[(BASE, "/login", json!({ "pattern": "[-a-z0-9]+" }))]);
    // Repeating what is so anyway is no change: a schema may be copied from Okta's API.
    fine(&[(
        BASE,
        "/email",
        json!({ "type": "string", "format": "email", "unique": true, "mutability": "READ_WRITE" }),
    )]);
    fine(&[
        (BASE, "/lastName", json!({ "required": false })),
        (PE, "/profileAttributes/2/required", json!(false)),
    ]);
}

/// policies.md §2.2: as it comes from Okta's API.
#[test]
fn a_schema_can_be_copied() {
    let own = json!([{ "principal": "SELF", "action": "READ_WRITE" }]);
    let base = json!({ "id": "#base", "type": "object", "required": ["login", "firstName", "lastName", "email"], "properties": {
        "login": { "title": "Username", "type": "string", "required": true, "mutability": "READ_WRITE", "scope": "NONE", "minLength": 5,
            "maxLength": 100, "permissions": own, "master": { "type": "PROFILE_MASTER" }, "unique": "UNIQUE_VALIDATED" },
        "nickName": { "title": "Nickname", "type": "string", "mutability": "READ_WRITE", "scope": "NONE", "unique": "NOT_UNIQUE", "sensitive": false,
            "permissions": [{ "principal": "SELF", "action": "READ_ONLY" }], "master": { "type": "PROFILE_MASTER" } }
    } });
    let badge = json!({ "title": "Badge", "type": "string", "scope": "SELF", "master": { "type": "OKTA" }, "unique": "UNIQUE_VALIDATED", "permissions": own });
    let definitions = "/userSchema/definitions";
    let changes = [
        (definitions, "/base", base),
        (CUSTOM, "/badge", badge),
        (definitions, "/custom/type", json!("object")),
    ];
    fine(&changes);
    let organisation = organisation(&changes);
    assert!(organisation.user_schema.property("badge").unwrap().is_unique());
    assert!(!organisation.user_schema.property("nickName").unwrap().is_unique());
    let stored = serde_json::to_string(&organisation).unwrap();
    assert_eq!(serde_json::from_str::<Organisation>(&stored).unwrap(), organisation);

    wrong_at(
        definitions,
        "/custom/required",
        json!(["size"]),
        &format!("{definitions}/custom/required/0"),
        "say required: true there",
    );
    wrong_at(
        definitions,
        "/base/required",
        json!(["email", "department"]),
        &format!("{definitions}/base/required/1"),
        "not required",
    );
    let read = |property: Value| {
        serde_json::from_value::<Property>(property).map_err(|error| error.to_string())
    };
    for (unique, expected) in
        [(json!(true), Some(true)), (json!(false), Some(false)), (Value::Null, None)]
    {
        assert_eq!(read(json!({ "unique": unique })).unwrap().unique, expected);
    }
    for refused in [
        json!({ "unique": "PENDING_UNIQUENESS" }),
        json!({ "unique": 1 }),
        json!({ "scope": "ALL" }),
        json!({ "master": { "type": "OVERRIDE" } }),
    ] {
        assert!(read(refused.clone()).is_err(), "{refused}");
    }
}

#[test]
fn the_user_schema_custom_half() {
    let size = &format!("{CUSTOM}/size");
    let (count, tags) = (&format!("{CUSTOM}/count"), &format!("{CUSTOM}/tags"));
    for (name, says) in [
        ("firstname", "base attribute \"firstName\""),
        ("OrgId", "reserved"),
        ("status", "reserved"),
        ("shoe-size", "letter"),
    ] {
        wrong(CUSTOM, &format!("/{name}"), json!({ "type": "string" }), says);
    }
    wrong_at(CUSTOM, "/extra", json!({}), &format!("{CUSTOM}/extra/type"), "say the type");
    wrong(count, "/minLength", json!(1), "only for the type string");
    wrong(count, "/maxLength", json!(1), "only for the type string");
    wrong(count, "/format", json!("uri"), "only for the type string");
    wrong(size, "/minimum", json!(1.0), "only for the type number or integer");
    wrong(size, "/maximum", json!(1.0), "only for the type number or integer");
    wrong(size, "/items", json!({ "type": "string" }), "only for the type array");
    wrong(size, "/pattern", json!(".+"), "only login");
    wrong(tags, "/unique", json!(true), "only for the type string, number or integer");
    wrong(tags, "/enum", json!(["a"]), "only for the type string, number or integer");
    wrong(
        tags,
        "/oneOf",
        json!([{ "const": "a", "title": "A" }]),
        "only for the type string, number or integer",
    );
    wrong(
        &format!("{CUSTOM}/agreed"),
        "/oneOf",
        json!([{ "const": true, "title": "Yes" }]),
        "only for the type string, number or integer",
    );
    wrong(tags, "/items", Value::Null, "{ type: string }");
    wrong_at(
        tags,
        "/items",
        json!({ "type": "boolean" }),
        &format!("{tags}/items/type"),
        "string, number or integer",
    );
    one_problem(
        &[(size, "/minLength", json!(3)), (size, "/maxLength", json!(2))],
        &format!("{size}/minLength"),
        "above maxLength",
    );
    one_problem(
        &[(count, "/minimum", json!(3)), (count, "/maximum", json!(2))],
        &format!("{count}/minimum"),
        "above maximum",
    );
    one_problem(
        &[(size, "/minLength", json!(1025))],
        &format!("{size}/minLength"),
        "write maxLength too",
    );
    fine(&[(size, "/minLength", json!(1024))]);
    fine(&[(size, "/minLength", json!(1025)), (size, "/maxLength", json!(1025))]);
    wrong(size, "/maxLength", json!(0), "no text");
    wrong(count, "/permissions", json!([]), "one entry");
    wrong(size, "/oneOf", json!([{ "const": "a", "title": "A" }]), "goes with enum");
    wrong(size, "/enum", json!([]), "at least one");
    wrong_at(
        size,
        "/enum",
        json!(["a", 42]),
        &format!("{size}/enum/1"),
        "42 is not text; put it in quotes",
    );
    one_problem(
        &[(size, "/enum", json!(["a", "long"])), (size, "/maxLength", json!(3))],
        &format!("{size}/enum/1"),
        "within its lengths and limits",
    );
    let other = json!([{ "const": "b", "title": "B" }, { "const": "c", "title": "C" }]);
    one_problem(
        &[(size, "/enum", json!(["a", 42])), (size, "/oneOf", other)],
        &format!("{size}/enum/1"),
        "put it in quotes",
    );
    wrong_at(size, "/enum", json!(["a", "e\u{301}"]), &format!("{size}/enum/1"), "right type");
    wrong_at(size, "/enum", json!(["a", "b", "a"]), &format!("{size}/enum/2"), "twice");
    wrong_at(count, "/enum", json!([1, "2"]), &format!("{count}/enum/1"), "right type");
    one_problem(
        &[(count, "/enum", json!([1, 20])), (count, "/maximum", json!(10))],
        &format!("{count}/enum/1"),
        "within its lengths and limits",
    );
    let one_of = json!([{ "const": "b", "title": "B" }, { "const": "a", "title": "A" }]);
    one_problem(
        &[(size, "/enum", json!(["a", "b"])), (size, "/oneOf", one_of)],
        &format!("{size}/oneOf"),
        "\"a\", \"b\"",
    );
    let untitled = json!([{ "const": "a", "title": "" }]);
    one_problem(
        &[(size, "/enum", json!(["a"])), (size, "/oneOf", untitled)],
        &format!("{size}/oneOf/0/title"),
        "what people read",
    );
    wrong(count, "/default", json!("1"), "right type");
    one_problem(
        &[(size, "/enum", json!(["a"])), (size, "/default", json!("b"))],
        &format!("{size}/default"),
        "enum",
    );
    wrong(&format!("{CUSTOM}/badge"), "/default", json!("b"), "two people");
    let mut many: Vec<_> = (1..=4)
        .map(|i| {
            (CUSTOM, format!("/badge{i}"), writable(json!({ "type": "string", "unique": true })))
        })
        .collect();
    let five: Vec<_> =
        many.iter().map(|(at, rest, value)| (*at, rest.as_str(), value.clone())).collect();
    fine(&five);
    many.push((CUSTOM, "/badge5".into(), json!({ "type": "string", "unique": true })));
    let six: Vec<_> =
        many.iter().map(|(at, rest, value)| (*at, rest.as_str(), value.clone())).collect();
    one_problem(&six, &format!("{CUSTOM}/badge5/unique"), "more than 5");
}

#[test]
fn limits_leave_a_number() {
    let limits = |kind: &str, least: Value, most: Value| {
        [(CUSTOM, "/extra", json!({ "type": kind, "minimum": least, "maximum": most }))]
    };
    let extra = format!("{CUSTOM}/extra");
    for (kind, least, most) in [
        ("integer", json!(-1.5), json!(-1)),
        ("integer", json!(0.5), json!(1.5)),
        ("integer", json!(9_007_199_254_740_991_i64), Value::Null),
        ("integer", Value::Null, json!(-9_007_199_254_740_991_i64)),
        ("number", json!(0.1), json!(0.9)),
        ("number", json!(5), json!(5)),
        ("number", json!(-1e300), json!(1e300)),
    ] {
        fine(&limits(kind, least, most));
    }
    for (kind, least, most, key) in [
        ("integer", json!(0.1), json!(0.9), "minimum"),
        ("integer", json!(-0.9), json!(-0.1), "minimum"),
        ("integer", json!(9_007_199_254_740_992_i64), Value::Null, "minimum"),
        ("integer", Value::Null, json!(-9_007_199_254_740_992_i64), "maximum"),
        ("number", json!(1e16), json!(1e17), "minimum"),
    ] {
        one_problem(&limits(kind, least, most), &format!("{extra}/{key}"), "leaves no number");
    }
}

/// JSON Schema has one number 1, however it is written.
#[test]
fn numbers_are_compared_by_their_value() {
    let list = |members: Value, titled: Value| json!({ "type": "number", "enum": members, "oneOf": titled, "default": 1.0 });
    let titled = json!([{ "const": 1, "title": "One" }, { "const": 2.5, "title": "More" }]);
    fine(&[(CUSTOM, "/extra", list(json!([1.0, 2.5]), titled.clone()))]);
    fine(&[(CUSTOM, "/extra", list(json!([1, 2.50]), titled))]);
    let at = format!("{CUSTOM}/extra");
    wrong_at(
        CUSTOM,
        "/extra",
        json!({ "type": "number", "enum": [1, 1.0] }),
        &format!("{at}/enum/1"),
        "twice",
    );
    let titled = json!([{ "const": 1, "title": "One" }]);
    wrong_at(
        CUSTOM,
        "/extra",
        list(json!([1.0, 2.5]), titled),
        &format!("{at}/oneOf"),
        "out of step",
    );
    // The text of a number is no number.
    wrong_at(
        CUSTOM,
        "/extra",
        json!({ "type": "number", "enum": ["1.0"] }),
        &format!("{at}/enum/0"),
        "right type",
    );
}

#[test]
fn the_default_of_a_list_has_items_of_its_type() {
    let list = |kind: &str, default: Value| json!({ "type": "array", "items": { "type": kind }, "default": default });
    for (kind, default) in [
        ("string", json!(["a", "b"])),
        ("string", json!([])),
        ("integer", json!([1])),
        ("number", json!([1.0, 2.5])),
    ] {
        fine(&[(CUSTOM, "/extra", list(kind, default))]);
    }
    for (kind, default) in
        [("string", json!("a")), ("integer", json!([1.5])), ("number", json!(["1"]))]
    {
        wrong_at(
            CUSTOM,
            "/extra",
            list(kind, default),
            &format!("{CUSTOM}/extra/default"),
            "right type",
        );
    }
    wrong_at(
        CUSTOM,
        "/extra",
        list("string", json!(["a", 1])),
        &format!("{CUSTOM}/extra/default/1"),
        "1 is not text; put it in quotes",
    );
}

/// Whatever stands where text belongs for want of quotes is marked as that: the file's reader says
/// what to put in them.
#[test]
fn what_lacks_quotes_is_told_apart_from_what_is_wrong() {
    let size = &format!("{CUSTOM}/size");
    let unquoted = |value: Value| {
        let one_of = json!([{ "const": value, "title": "A" }]);
        let found = [
            check(&organisation(&[(size, "/enum", json!([value]))])),
            check(&organisation(&[(size, "/enum", json!(["a"])), (size, "/oneOf", one_of)])),
            check(&organisation(&[(size, "/default", value.clone())])),
        ];
        found.map(|problems| problems.iter().map(|problem| problem.unquoted).collect::<Vec<_>>())
    };
    for value in [json!(1), json!(1.5), json!(true)] {
        assert_eq!(unquoted(value.clone()), [vec![true], vec![true], vec![true]], "{value}");
    }
    assert_eq!(unquoted(json!(["a"])), [vec![false], vec![false], vec![false]]);
    assert_eq!(
        check(&organisation(&[(size, "/enum", json!([null]))]))
            .iter()
            .map(|problem| problem.unquoted)
            .collect::<Vec<_>>(),
        [true]
    );
}

#[test]
fn a_check_tells_a_hundred_problems_and_that_there_are_more() {
    let size = &format!("{CUSTOM}/size");
    let with = |count: usize| check(&organisation(&[(size, "/enum", vec![1; count].into())]));
    // Each member but the first is wrong twice.
    assert_eq!(with(50).len(), 99);
    let many = with(60);
    let first = many.first().unwrap();
    assert_eq!((many.len(), first.path.len()), (101, 0));
    assert!(first.message.starts_with("there are more than 100 problems"), "{many:?}");
    let names = (0..30)
        .map(|i| json!({ "id": format!("customers-{i}"), "profile": { "name": "C" } }))
        .collect::<Vec<_>>();
    let listed = check(&organisation(&[
        ("", "/groups", names.into()),
        ("/apps/0", "/groups", json!(["elsewhere"])),
    ]));
    assert!(
        listed.iter().any(|problem| problem.message.ends_with("\"customers-8\", … and 21 more")),
        "{listed:?}"
    );
}

#[test]
fn display_formats_fit_the_type() {
    let attributes = [
        ("size", json!({ "type": "string" }), "text"),
        ("size", json!({ "type": "string", "enum": ["a"] }), "text select radio"),
        ("size", json!({ "type": "string", "format": "country-code" }), "text select"),
        ("size", json!({ "type": "string", "format": "timezone" }), "text select"),
        ("count", json!({ "type": "integer" }), "text"),
        ("count", json!({ "type": "number" }), "text"),
        ("count", json!({ "type": "integer", "enum": [1, 2] }), "text select radio"),
        ("count", json!({ "type": "number", "enum": [1.5] }), "text select radio"),
        ("agreed", json!({ "type": "boolean" }), "checkbox radio_yes_no radio_true_false"),
        ("tags", json!({ "type": "array", "items": { "type": "string" } }), ""),
    ];
    for (name, property, fits) in attributes {
        for format in ["text", "select", "radio", "checkbox", "radio_yes_no", "radio_true_false"] {
            let control =
                json!({ "scope": format!("#/properties/{name}"), "options": { "format": format } });
            let changes = [
                (CUSTOM, &*format!("/{name}"), writable(property.clone())),
                ("/uiSchemas/0/uiSchema/elements", "/-", control),
            ];
            if fits.split(' ').any(|fit| fit == format) {
                fine(&changes);
            } else {
                one_problem(
                    &changes,
                    "/uiSchemas/0/uiSchema/elements/2/options/format",
                    "what fits: ",
                );
            }
        }
    }
    wrong_at(
        "/uiSchemas/0/uiSchema/elements/1",
        "/options",
        json!({ "format": "select" }),
        "/uiSchemas/0/uiSchema/elements/1/options/format",
        "\"text\"",
    );
    wrong("/uiSchemas/0/uiSchema", "/type", json!("VerticalLayout"), "Group");
    wrong("/uiSchemas/0/uiSchema/elements/0", "/type", json!("Label"), "Control");
}
