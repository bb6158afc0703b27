//! Organisation files that are large in one way each.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A way to be large, and the file that has `n` of it.
pub type Shape = (&'static str, fn(usize) -> String);

/// All of them. What is wrong in some is wrong on every line.
pub const SHAPES: [Shape; 16] = [
    ("options of an attribute", |n| {
        file(&Parts { custom: options(n, |i| format!("\"size {i}\"")), ..Parts::default() })
    }),
    ("options with titles", |n| file(&Parts { custom: titled(n), ..Parts::default() })),
    ("options without quotes", |n| {
        file(&Parts { custom: options(n, |i| format!("0{i}")), ..Parts::default() })
    }),
    ("options that are all the same", |n| {
        file(&Parts { custom: options(n, |_| "\"same\"".into()), ..Parts::default() })
    }),
    ("attributes", |n| file(&Parts { custom: attributes(n, ""), ..Parts::default() })),
    ("attributes that are required", |n| {
        let forms = each(n / 3 + 1, |i| policy(&format!("form-{i}"), &format!("misspelt{i}")));
        file(&Parts { custom: attributes(n, ", required: true"), forms, ..Parts::default() })
    }),
    ("attributes and forms that ask for others", |n| {
        let forms = each(n, |i| policy(&format!("form-{i}"), &format!("invitation{i}")));
        file(&Parts { custom: attributes(n, ""), forms, ..Parts::default() })
    }),
    ("fields of a form", |n| {
        let fields = each(n, |i| format!("                - {{ name: field{i}, label: Field }}\n"));
        file(&Parts {
            forms: policy("long", "first") + &fields,
            custom: attributes(n, ", required: true"),
            ..Parts::default()
        })
    }),
    ("groups and apps", |n| {
        file(&Parts {
            groups: groups(n),
            apps: each(n, |i| app(i, &format!("group-{i}"), "one")),
            ..Parts::default()
        })
    }),
    ("apps whose group is misspelt", |n| {
        file(&Parts {
            groups: groups(n),
            apps: each(n, |i| app(i, &format!("grop-{i}"), "one")),
            ..Parts::default()
        })
    }),
    ("groups of one app", |n| {
        let all = (0..n).map(|i| format!("group-{i}")).collect::<Vec<_>>().join(", ");
        file(&Parts { groups: groups(n), apps: app(0, &all, "one"), ..Parts::default() })
    }),
    ("apps with a policy each", |n| {
        let access = each(n, |i| access(&format!("access-{i}"), "everyone"));
        file(&Parts {
            access,
            apps: each(n, |i| app(i, "everyone", &format!("access-{i}"))),
            ..Parts::default()
        })
    }),
    ("rules of a policy", |n| {
        file(&Parts { groups: groups(n), access: rules(n), ..Parts::default() })
    }),
    ("controls of a drawing", |n| {
        let controls = each(n, |i| {
            format!("        - {{ type: Control, scope: \"#/properties/nothing{i}\" }}\n")
        });
        let drawing = format!(
            "uiSchemas:\n  - id: ui\n    uiSchema:\n      type: Group\n      elements:\n{controls}"
        );
        file(&Parts { drawing, custom: attributes(n, ""), ..Parts::default() })
    }),
    ("addresses of an app", |n| {
        let uris = each(n, |i| format!("          - https://app.example.com/callback/{i}\n"));
        file(&Parts { apps: app(0, "everyone", "one") + &uris, ..Parts::default() })
    }),
    ("the same key", |n| {
        format!("{}\nwrong:\n{}", file(&Parts::default()), each(n, |i| format!("  key{i}: 1\n")))
    }),
];

/// The largest file of this shape that has at most so many bytes.
pub fn of_size(shape: fn(usize) -> String, bytes: usize) -> String {
    let (mut fits, mut too_many) = (0, bytes / 8);
    while too_many - fits > 1 {
        let n = usize::midpoint(fits, too_many);
        *(if shape(n).len() <= bytes { &mut fits } else { &mut too_many }) = n;
    }
    shape(fits)
}

/// What this thread has computed so far: what else runs on the machine hardly adds to it.
pub fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.try_into().unwrap_or_default(),
        time.tv_nsec.try_into().unwrap_or_default(),
    )
}

/// The least time of three in which a file is read and checked.
pub fn work(text: &str) -> Duration {
    let once = || {
        let before = cpu();
        let _ = black_box(organisation::parse("organisation.yaml", text));
        let _ = black_box(organisation::warnings("organisation.yaml", text));
        cpu().saturating_sub(before)
    };
    (0..3).map(|_| once()).min().unwrap_or_default()
}

#[derive(Default)]
struct Parts {
    custom: String,
    drawing: String,
    groups: String,
    forms: String,
    access: String,
    apps: String,
}

fn file(parts: &Parts) -> String {
    let Parts { custom, drawing, groups, forms, access, apps } = parts;
    let base = policy("base", "first").replace("name: base", "name: Default\n      system: true");
    format!(
        "userSchema:\n  definitions:\n    custom:\n      properties:\n        first: {{ type: string, permissions: [{{ principal: SELF, action: READ_WRITE }}] }}\n{custom}{drawing}groups:\n  - {{ id: group, profile: {{ name: Group }} }}\n{groups}\
         policies:\n  PROFILE_ENROLLMENT:\n{base}{forms}\
         \x20 OKTA_SIGN_ON:\n    - {{ id: session, name: Default, system: true, rules: [{{ name: All, actions: {{ signon: {{}} }} }}] }}\n\
         \x20 ACCESS_POLICY:\n    - {{ id: one, name: One, system: true, rules: [{CATCH_ALL}] }}\n{access}\
         \x20 MFA_ENROLL:\n    - {{ id: mfa, name: Default, system: true, settings: {{ authenticators: [{{ key: okta_password, enroll: {{ self: REQUIRED }} }}] }} }}\n\
         \x20 PASSWORD:\n    - {{ id: password, name: Default, system: true }}\n\
         apps:\n{}{apps}",
        app(1_000_000, "everyone", "one")
    )
}

const CATCH_ALL: &str =
    "{ name: All, actions: { appSignOn: { verificationMethod: { factorMode: 1FA } } } }";

fn each(n: usize, one: impl Fn(usize) -> String) -> String {
    (0..n).fold(String::new(), |mut all, i| {
        let _ = write!(all, "{}", one(i));
        all
    })
}

fn options(n: usize, one: impl Fn(usize) -> String) -> String {
    let members = each(n, |i| format!("            - {}\n", one(i)));
    format!("        size:\n          type: string\n          enum:\n            - none\n{members}")
}

fn titled(n: usize) -> String {
    let titles = each(n, |i| format!("            - {{ const: \"size {i}\", title: Size }}\n"));
    format!(
        "{}          oneOf:\n            - {{ const: none, title: None }}\n{titles}",
        options(n, |i| format!("\"size {i}\""))
    )
}

fn attributes(n: usize, more: &str) -> String {
    each(n, |i| format!("        attribute{i}: {{ type: string{more} }}\n"))
}

fn groups(n: usize) -> String {
    each(n, |i| format!("  - {{ id: group-{i}, profile: {{ name: Group }} }}\n"))
}

fn policy(id: &str, field: &str) -> String {
    format!(
        "    - id: {id}\n      name: {id}\n      rules:\n        - actions:\n            profileEnrollment:\n              unknownUserAction: REGISTER\n\
         \x20             profileAttributes:\n                - {{ name: email, label: Email, required: true }}\n\
         \x20               - {{ name: firstName, label: First, required: true }}\n\
         \x20               - {{ name: lastName, label: Last, required: true }}\n\
         \x20               - {{ name: {field}, label: Other }}\n"
    )
}

fn access(id: &str, group: &str) -> String {
    format!("    - {{ id: {id}, name: {id}, rules: [{}, {CATCH_ALL}] }}\n", rule(group))
}

fn rule(group: &str) -> String {
    let people = format!("conditions: {{ people: {{ groups: {{ include: [{group}] }} }} }}");
    format!(
        "{{ name: Some, {people}, actions: {{ appSignOn: {{ verificationMethod: {{ factorMode: 1FA }} }} }} }}"
    )
}

fn rules(n: usize) -> String {
    let rules = each(n, |i| format!("        - {}\n", rule(&format!("group-{i}"))));
    format!("    - id: many\n      name: Many\n      rules:\n{rules}        - {CATCH_ALL}\n")
}

fn app(i: usize, group: &str, access: &str) -> String {
    format!(
        "  - id: app-{i}\n    label: App\n    credentials: {{ oauthClient: {{ client_id: app-{i} }} }}\n    groups: [{group}]\n\
         \x20   accessPolicy: {access}\n    settings:\n      oauthClient:\n        redirect_uris:\n          - https://app.example.com/callback\n"
    )
}
