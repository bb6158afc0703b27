//! What clients hold: handles, interaction codes. Derived, never stored.

use idx::body::Handle;
use idx::operation::Operation;
use policy::secret::Secret;
use policy::transaction::Transaction;

use crate::Engine;
use crate::derive::{Key, same};

impl Engine {
    /// What the client sends with each step: `id.secret`. Derived, never stored.
    pub(crate) fn state_handle(&self, id: &str) -> Secret {
        state_handle(&self.interaction_key, id)
    }

    /// What interact hands out; good for introspect only.
    pub(crate) fn interaction_handle(&self, id: &str) -> Secret {
        interaction_handle(&self.interaction_key, id)
    }

    /// True if this handle is one that we gave out for this transaction.
    pub(crate) fn gave(&self, id: &str, handle: &Handle) -> bool {
        self.interaction_key.accepts(|key| match handle {
            Handle::State(handle) => same(&state_handle(key, id), handle.expose()),
            Handle::Interaction(handle) => same(&interaction_handle(key, id), handle.expose()),
        })
    }

    /// What a transaction ends with.
    pub(crate) fn interaction_code(&self, transaction: &Transaction) -> Secret {
        interaction_code(&self.interaction_key, transaction)
    }

    /// The same as it may have been handed out, by this instance or by one with another key.
    pub(crate) fn interaction_codes(&self, transaction: &Transaction) -> Vec<Secret> {
        self.interaction_key.each().map(|key| interaction_code(key, transaction)).collect()
    }

    /// A request as a MAC, to know it again.
    pub(crate) fn request_mac(&self, operation: Operation, body: &[u8]) -> RequestMac {
        let (operation, body) = (format!("{operation:?}"), String::from_utf8_lossy(body));
        RequestMac(
            self.interaction_key
                .each()
                .map(|key| key.pseudonym(&["request", &operation, &body]))
                .collect(),
        )
    }
}

/// A request as a MAC by each of our keys: which of them noted it is not known.
#[derive(Clone, Debug)]
pub(crate) struct RequestMac(Vec<String>);

impl RequestMac {
    /// To note it by.
    pub(crate) fn noted(&self) -> String {
        self.0.first().cloned().unwrap_or_default()
    }

    /// True if this is what it was noted by.
    pub(crate) fn is(&self, noted: &str) -> bool {
        self.0.iter().any(|mac| mac == noted)
    }
}

fn state_handle(key: &Key, id: &str) -> Secret {
    handle(key, "state-handle", id)
}

fn interaction_handle(key: &Key, id: &str) -> Secret {
    handle(key, "interaction-handle", id)
}

fn handle(key: &Key, purpose: &str, id: &str) -> Secret {
    Secret::new(format!("{id}.{}", key.token(&[purpose, id]).expose()))
}

fn interaction_code(key: &Key, transaction: &Transaction) -> Secret {
    key.token(&["interaction-code", &transaction.id])
}

/// True if this may be an id of ours: 128 bits as base64url.
pub(crate) fn well_formed(id: &str) -> bool {
    id.len() == 22
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
