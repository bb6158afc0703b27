//! What clients hold: handles, interaction codes. Derived, never stored.

use idx::operation::Operation;
use policy::secret::Secret;
use policy::transaction::Transaction;

use crate::Engine;

impl Engine {
    /// What the client sends with each step: `id.secret`. Derived, never stored.
    pub(crate) fn state_handle(&self, id: &str) -> Secret {
        self.handle("state-handle", id)
    }

    /// What interact hands out; good for introspect only.
    pub(crate) fn interaction_handle(&self, id: &str) -> Secret {
        self.handle("interaction-handle", id)
    }

    fn handle(&self, purpose: &str, id: &str) -> Secret {
        Secret::new(format!("{id}.{}", self.interaction_key.token(&[purpose, id]).expose()))
    }

    pub(crate) fn interaction_code(&self, transaction: &Transaction) -> Secret {
        self.interaction_key.token(&["interaction-code", &transaction.id])
    }

    /// A request as a MAC, to know it again.
    pub(crate) fn request_mac(&self, operation: Operation, body: &[u8]) -> String {
        self.interaction_key.pseudonym(&["request", &format!("{operation:?}"), &String::from_utf8_lossy(body)])
    }
}

/// Whether this may be an id of ours: 128 bits as base64url.
pub(crate) fn well_formed(id: &str) -> bool {
    id.len() == 22 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
