//! Who reads and writes what. `README.md` shows the same tables; `tests/readme.rs` compares them,
//! and the kinds with the engine's keys.

/// A kind of item: what comes before the first `#` of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The whole key, with the variable parts in angle brackets.
    pub key: &'static str,
    /// The meaning of the item.
    pub what: &'static str,
    /// The time it expires.
    pub expires: &'static str,
}

/// One way in which the table is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessPattern {
    /// The function, and the moment.
    pub who: &'static str,
    /// DynamoDB's operation.
    pub operation: &'static str,
    /// Keys, each of a [`Kind`].
    pub keys: &'static [&'static str],
    /// The condition.
    pub condition: &'static str,
    /// Units, each of 4 KB read or 1 KB written.
    pub cost: &'static str,
}

const HEAD: &str = "ORG#head";
const BODY: &str = "ORG#body#<revision>#<piece>";
const TX: &str = "TX#<id>";
const USER: &str = "USER#<id>";
const PASSWORD: &str = "PASSWORD#<user>";
const UNIQUE: &str = "UNIQUE#<attribute>#<sha256 of value>";
const CODE: &str = "CODE#<sha256 of interaction code>";
const VERIFY: &str = "VERIFY#<transaction>";
const BROWSER: &str = "BROWSER#<pseudonym>";
const NETWORK: &str = "NETWORK#<pseudonym>";
const LIMIT: &str = "LIMIT#<name>#<pseudonym>#<window>";

/// Every kind of item.
pub const KINDS: &[Kind] = &[
    Kind {
        key: HEAD,
        what: "which revision of the organisation's configuration is current",
        expires: "never",
    },
    Kind {
        key: BODY,
        what: "a piece of a revision, which is the hash of its content: never changed",
        expires: "never",
    },
    Kind {
        key: TX,
        what: "a transaction: what one client has proven and entered so far",
        expires: "with the transaction",
    },
    Kind { key: USER, what: "a user's profile and status", expires: "never" },
    Kind {
        key: PASSWORD,
        what: "a user's password hash, apart from the profile: read only to be compared",
        expires: "never",
    },
    Kind { key: UNIQUE, what: "the owner of a unique value (R-D1)", expires: "never" },
    Kind {
        key: CODE,
        what: "a grant, redeemed once; kept while its tokens live, to revoke them",
        expires: "with its tokens",
    },
    Kind {
        key: VERIFY,
        what: "the link of a welcome mail, which marks an address as verified",
        expires: "24 hours",
    },
    Kind {
        key: BROWSER,
        what: "a person has signed in from this browser before (R-R8)",
        expires: "400 days",
    },
    Kind {
        key: NETWORK,
        what: "a person has signed in from this network before (R-R8)",
        expires: "90 days",
    },
    Kind {
        key: LIMIT,
        what: "a counter in one window",
        expires: "one window after its last count",
    },
];

/// Every way in which the table is used; nothing else reads or writes it. A batch of one key is a
/// `GetItem`, a transaction of one count an `UpdateItem`.
pub const ACCESS_PATTERNS: &[AccessPattern] = &[
    AccessPattern {
        who: "every function: start",
        operation: "GetItem",
        keys: &[HEAD],
        condition: "-",
        cost: "1 read",
    },
    AccessPattern {
        who: "every function: a revision it has not met",
        operation: "BatchGetItem",
        keys: &[BODY],
        condition: "-",
        cost: "1 read per 4 KB",
    },
    AccessPattern {
        who: "apply: write a revision",
        operation: "PutItem",
        keys: &[BODY],
        condition: "-",
        cost: "1 write per KB",
    },
    AccessPattern {
        who: "apply: make it current",
        operation: "PutItem",
        keys: &[HEAD],
        condition: "-",
        cost: "1 write",
    },
    AccessPattern {
        who: "interact: configuration",
        operation: "GetItem",
        keys: &[HEAD],
        condition: "-",
        cost: "1 read",
    },
    AccessPattern {
        who: "interact: begin a transaction",
        operation: "PutItem",
        keys: &[TX],
        condition: "absent",
        cost: "1 write per KB",
    },
    AccessPattern {
        who: "step, 1st trip: transaction, and the owners of the named values",
        operation: "BatchGetItem",
        keys: &[HEAD, TX, NETWORK, BROWSER, UNIQUE, LIMIT],
        condition: "-",
        cost: "1 read per item and 4 KB",
    },
    AccessPattern {
        who: "step, beside the 1st trip: count the request (R-R5)",
        operation: "UpdateItem",
        keys: &[LIMIT],
        condition: "within the cap",
        cost: "1 write",
    },
    AccessPattern {
        who: "step: the owners of values that the request does not name",
        operation: "BatchGetItem",
        keys: &[UNIQUE],
        condition: "-",
        cost: "1 read each",
    },
    AccessPattern {
        who: "step, 2nd trip: the people concerned, and what the windows before counted",
        operation: "BatchGetItem",
        keys: &[USER, PASSWORD, LIMIT],
        condition: "-",
        cost: "1 read per item and 4 KB",
    },
    AccessPattern {
        who: "step: an account makes room, or a name was taken: who has the names, and whether they are there",
        operation: "BatchGetItem",
        keys: &[UNIQUE, USER],
        condition: "-",
        cost: "1 read per item and 4 KB",
    },
    AccessPattern {
        who: "step, 2nd trip: count before anything is compared (R-O4)",
        operation: "TransactWriteItems",
        keys: &[LIMIT],
        condition: "within the cap",
        cost: "2 writes each; 1 if alone",
    },
    AccessPattern {
        who: "step that mails: what the windows before counted",
        operation: "BatchGetItem",
        keys: &[LIMIT],
        condition: "-",
        cost: "1 read each",
    },
    AccessPattern {
        who: "step, 3rd trip: commit",
        operation: "TransactWriteItems",
        keys: &[TX, USER, PASSWORD, UNIQUE, CODE, BROWSER, NETWORK, VERIFY, LIMIT],
        condition: "TX and USER at the version read; CODE and new users absent; UNIQUE absent, or as found where an account makes room; LIMIT within the cap",
        cost: "2 writes per item and KB",
    },
    AccessPattern {
        who: "step: commit of the transaction alone",
        operation: "PutItem",
        keys: &[TX],
        condition: "the version read",
        cost: "1 write per KB",
    },
    AccessPattern {
        who: "step: the mail was sent",
        operation: "PutItem",
        keys: &[TX],
        condition: "the version written",
        cost: "1 write per KB",
    },
    AccessPattern {
        who: "step: the user has changed since",
        operation: "GetItem",
        keys: &[USER],
        condition: "-",
        cost: "1 read per 4 KB",
    },
    AccessPattern {
        who: "step: a repeated request, a poll",
        operation: "GetItem",
        keys: &[CODE],
        condition: "-",
        cost: "1 read",
    },
    AccessPattern {
        who: "step: hash the password anew (R-P10)",
        operation: "PutItem",
        keys: &[PASSWORD],
        condition: "the version read",
        cost: "1 write",
    },
    AccessPattern {
        who: "link: open",
        operation: "BatchGetItem",
        keys: &[HEAD, TX, VERIFY],
        condition: "-",
        cost: "1 read per item and 4 KB",
    },
    AccessPattern {
        who: "welcome link: the user",
        operation: "GetItem",
        keys: &[USER],
        condition: "-",
        cost: "1 read per 4 KB",
    },
    AccessPattern {
        who: "welcome link: mark the address as verified",
        operation: "PutItem",
        keys: &[USER],
        condition: "the version read",
        cost: "1 write per KB",
    },
    AccessPattern {
        who: "token: the grant",
        operation: "BatchGetItem",
        keys: &[HEAD, CODE],
        condition: "-",
        cost: "2 reads",
    },
    AccessPattern {
        who: "token: redeem it (R-O3)",
        operation: "PutItem",
        keys: &[CODE],
        condition: "the version read: one of two callers wins",
        cost: "1 write",
    },
    AccessPattern {
        who: "token: the user, at the same time",
        operation: "GetItem",
        keys: &[USER],
        condition: "-",
        cost: "1 read per 4 KB",
    },
    AccessPattern {
        who: "userinfo: whether the grant is revoked, and the user",
        operation: "BatchGetItem",
        keys: &[CODE, USER],
        condition: "-",
        cost: "1 read per item and 4 KB",
    },
    AccessPattern {
        who: "commands for people: by name or id, and who has a taken value",
        operation: "BatchGetItem",
        keys: &[UNIQUE, USER],
        condition: "-",
        cost: "1 read per item and 4 KB",
    },
    AccessPattern {
        who: "commands for people: before a change",
        operation: "BatchGetItem",
        keys: &[USER, PASSWORD, UNIQUE],
        condition: "-",
        cost: "1 read per item and 4 KB",
    },
    AccessPattern {
        who: "commands for people: make, change, delete",
        operation: "TransactWriteItems",
        keys: &[USER, PASSWORD, UNIQUE],
        condition: "what is new absent; USER and what is deleted of UNIQUE at the version read",
        cost: "2 writes per item and KB",
    },
    AccessPattern {
        who: "commands and local pages: all users",
        operation: "Scan",
        keys: &[USER],
        condition: "-",
        cost: "the whole table",
    },
];
