//! Who reads and writes what. `README.md` shows the same tables, and a test compares them.

/// A kind of item: what comes before the first `#` of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The whole key, with the variable parts in angle brackets.
    pub key: &'static str,
    /// What the item is.
    pub what: &'static str,
    /// When it expires.
    pub expires: &'static str,
}

/// One way in which the table is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessPattern {
    /// Which function, when.
    pub who: &'static str,
    /// DynamoDB's operation.
    pub operation: &'static str,
    /// Keys of one [`Kind`] each, separated by commas.
    pub keys: &'static str,
    /// What must hold.
    pub condition: &'static str,
    /// Units, each of 4 KB read or 1 KB written.
    pub cost: &'static str,
}

/// Every kind of item.
pub const KINDS: &[Kind] = &[
    Kind { key: "ORG#head", what: "which revision of the organisation's configuration is in force", expires: "never" },
    Kind { key: "ORG#body#<revision>#<n>", what: "the n-th piece of a revision; never changed", expires: "never" },
    Kind { key: "TX#<sha256 of state handle>", what: "a transaction: what one client has proven and entered so far", expires: "60 minutes" },
    Kind { key: "HANDLE#<sha256 of interaction handle>", what: "leads to the transaction", expires: "with the transaction" },
    Kind { key: "USER#<id>", what: "a user", expires: "never" },
    Kind { key: "UNIQUE#<attribute>#<canonical value>", what: "whose value of a unique attribute it is (R-D1)", expires: "never" },
    Kind { key: "CODE#<sha256 of interaction code>", what: "a grant, to be exchanged once for tokens", expires: "60 seconds" },
    Kind { key: "VERIFY#<id>", what: "a link that marks an address as verified (optional verification)", expires: "with the link" },
    Kind { key: "LIMIT#<name>#<hmac of subject>", what: "a counter with a window", expires: "with the window" },
];

/// Every way in which the table is used. Nothing else reads or writes it.
pub const ACCESS_PATTERNS: &[AccessPattern] = &[
    AccessPattern { who: "every function: revalidate the configuration", operation: "GetItem", keys: "ORG#head", condition: "-", cost: "1 read" },
    AccessPattern {
        who: "every function: load a revision, once per instance",
        operation: "BatchGetItem",
        keys: "ORG#body#<revision>#<n>",
        condition: "-",
        cost: "1 read per 4 KB",
    },
    AccessPattern {
        who: "apply: put a revision in force",
        operation: "TransactWriteItems",
        keys: "ORG#body#<revision>#<n>, ORG#head",
        condition: "pieces absent, head at the version that was read",
        cost: "2 writes per KB",
    },
    AccessPattern {
        who: "interact: start a transaction",
        operation: "TransactWriteItems",
        keys: "HANDLE#<sha256 of interaction handle>, TX#<sha256 of state handle>",
        condition: "both absent",
        cost: "4 writes",
    },
    AccessPattern {
        who: "introspect: handle to transaction",
        operation: "GetItem",
        keys: "HANDLE#<sha256 of interaction handle>",
        condition: "-",
        cost: "1 read",
    },
    AccessPattern {
        who: "every step: load",
        operation: "BatchGetItem",
        keys: "TX#<sha256 of state handle>, ORG#head, LIMIT#<name>#<hmac of subject>",
        condition: "-",
        cost: "1 read each",
    },
    AccessPattern {
        who: "identify: identifier to user",
        operation: "GetItem",
        keys: "UNIQUE#<attribute>#<canonical value>",
        condition: "-",
        cost: "1 read",
    },
    AccessPattern { who: "steps with a user: load", operation: "GetItem", keys: "USER#<id>", condition: "-", cost: "1 read" },
    AccessPattern {
        who: "before a code or password is compared, before a mail is sent",
        operation: "TransactWriteItems",
        keys: "LIMIT#<name>#<hmac of subject>, TX#<sha256 of state handle>",
        condition: "counts within their caps, transaction at the version that was read",
        cost: "2 writes each",
    },
    AccessPattern {
        who: "every step: commit",
        operation: "TransactWriteItems",
        keys: "TX#<sha256 of state handle>, USER#<id>, UNIQUE#<attribute>#<canonical value>, CODE#<sha256 of interaction code>, VERIFY#<id>",
        condition: "each at the version that was read, new ones absent",
        cost: "2 writes per item and KB",
    },
    AccessPattern {
        who: "every step that changes nothing but the transaction: commit",
        operation: "PutItem",
        keys: "TX#<sha256 of state handle>",
        condition: "the version that was read",
        cost: "1 write per KB",
    },
    AccessPattern {
        who: "limits per source and per handle",
        operation: "UpdateItem",
        keys: "LIMIT#<name>#<hmac of subject>",
        condition: "within its cap",
        cost: "1 write",
    },
    AccessPattern {
        who: "token: exchange a grant",
        operation: "TransactWriteItems",
        keys: "CODE#<sha256 of interaction code>",
        condition: "the version that was read: the first of two wins",
        cost: "2 writes",
    },
    AccessPattern {
        who: "verification link: mark the address",
        operation: "TransactWriteItems",
        keys: "VERIFY#<id>, USER#<id>",
        condition: "each at the version that was read",
        cost: "4 writes",
    },
    AccessPattern { who: "local pages and administrators: list", operation: "Scan", keys: "USER#<id>", condition: "-", cost: "the whole table" },
];
