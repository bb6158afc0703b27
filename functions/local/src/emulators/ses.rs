//! SES API v2, `SendEmail`: keeps what it is given. Accepts what the mailer sends (one recipient,
//! simple content) and refuses the rest, as a misplaced call should be seen here and not in the
//! cloud.

use axum::response::Response;
use engine::ports::Clock as _;
use http::StatusCode;
use serde_json::{Value, json};

use super::ok;
use crate::clock::MovableClock;
use crate::fault::error;
use crate::mailbox::{Mail, Mailbox};

/// `POST /v2/email/outbound-emails`.
pub fn send(mailbox: &Mailbox, clock: &MovableClock, input: &Value) -> Response {
    let content = |pointer: &str| input.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let recipients = ["To", "Cc", "Bcc"]
        .into_iter()
        .filter_map(|kind| input.pointer(&format!("/Destination/{kind}Addresses"))?.as_array())
        .flatten();
    let recipients: Vec<_> = recipients.filter_map(Value::as_str).collect();
    let [to] = recipients.as_slice() else {
        return refused("exactly one recipient is expected (security.md R-M1)");
    };
    let simulated = to.ends_with("@simulator.amazonses.com");
    let (Some(from), Some(subject), Some(text), Some(html)) = (
        content("/FromEmailAddress"),
        content("/Content/Simple/Subject/Data"),
        content("/Content/Simple/Body/Text/Data"),
        content("/Content/Simple/Body/Html/Data"),
    ) else {
        return refused(
            "FromEmailAddress and Content.Simple with a subject, a text and an HTML body are expected",
        );
    };
    // SES's mailbox simulator takes everything and keeps nothing.
    if simulated {
        return ok(&json!({ "MessageId": "simulated-local" }));
    }
    let stored = mailbox.put(|id| Mail {
        id,
        at: clock.now(),
        from,
        to: (*to).to_owned(),
        subject,
        text,
        html,
    });
    match stored {
        Ok(id) => ok(&json!({ "MessageId": format!("{id:016x}-local") })),
        Err(_) => error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServiceErrorException",
            "the mail could not be written to the data folder",
        ),
    }
}

fn refused(message: &str) -> Response {
    error(StatusCode::BAD_REQUEST, "BadRequestException", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Data;

    fn mail(to: &Value) -> Value {
        json!({
            "FromEmailAddress": "no-reply@example.com",
            "Destination": to,
            "Content": { "Simple": { "Subject": { "Data": "s" }, "Body": { "Text": { "Data": "t" }, "Html": { "Data": "h" } } } },
        })
    }

    #[test]
    fn r_m1_one_recipient_is_kept_and_more_are_refused() {
        let mailbox = Mailbox::open(&Data::in_memory()).unwrap();
        let clock = MovableClock::default();
        assert_eq!(
            send(&mailbox, &clock, &mail(&json!({ "ToAddresses": ["ada@example.com"] }))).status(),
            200
        );
        let two =
            json!({ "ToAddresses": ["ada@example.com"], "BccAddresses": ["bob@example.com"] });
        assert_eq!(send(&mailbox, &clock, &mail(&two)).status(), 400);
        assert_eq!(
            send(
                &mailbox,
                &clock,
                &mail(&json!({ "ToAddresses": ["success@simulator.amazonses.com"] }))
            )
            .status(),
            200
        );
        assert_eq!(mailbox.to(None).len(), 1);
    }
}
