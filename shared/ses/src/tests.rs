#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_sesv2::config::http::{HttpRequest, HttpResponse};
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::config::timeout::TimeoutConfig;
use aws_sdk_sesv2::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use engine::ports::MailContent;
use policy::secret::Secret;
use policy::time::Timestamp;
use serde_json::{Value, json};

use super::*;

/// A status and an error code; `None` hangs up. A status of [`NEVER`] does not come: the mail is
/// taken, and nothing says so.
type Answer = Option<(u16, &'static str)>;

const NEVER: u16 = 0;

/// An SES that answers as scripted and remembers what it was asked.
#[derive(Clone, Debug)]
struct Ses {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl HttpConnector for Ses {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        assert_eq!(
            request.uri(),
            "https://email.eu-north-1.amazonaws.com/v2/email/outbound-emails"
        );
        self.asked
            .lock()
            .unwrap()
            .push(serde_json::from_slice(request.body().bytes().unwrap()).unwrap());
        let answer = self.answers.lock().unwrap().pop_front().unwrap();
        if let Some((NEVER, _)) = answer {
            return HttpConnectorFuture::new(std::future::pending());
        }
        HttpConnectorFuture::ready(match answer {
            None => Err(ConnectorError::io("hung up".into())),
            Some((200, _)) => Ok(HttpResponse::new(
                200.try_into().unwrap(),
                SdkBody::from(r#"{"MessageId":"m1"}"#),
            )),
            Some((status, code)) => {
                let body = json!({ "message": "Email address is not verified: ada@example.com" })
                    .to_string();
                let mut response =
                    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
                response.headers_mut().insert("x-amzn-errortype", code);
                Ok(response)
            }
        })
    }
}

/// Sends one mail to an SES that gives these answers; with what it was asked.
async fn send(answers: impl IntoIterator<Item = Answer>) -> (Result<(), MailError>, Vec<Value>) {
    send_by(answers, async |mailer, mail| mailer.send(mail).await).await
}

async fn send_by(
    answers: impl IntoIterator<Item = Answer>,
    send: impl AsyncFnOnce(&SesMailer, &Mail) -> Result<(), MailError>,
) -> (Result<(), MailError>, Vec<Value>) {
    let ses =
        Ses { answers: Arc::new(Mutex::new(answers.into_iter().collect())), asked: Arc::default() };
    let connector = SharedHttpConnector::new(ses.clone());
    let config = aws_sdk_sesv2::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-north-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(2)
                .with_initial_backoff(Duration::from_millis(1)),
        )
        .timeout_config(
            TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(100)).build(),
        )
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .build();
    let mailer = SesMailer::new(Client::from_conf(config), Some("vestibule".into()));
    let mail = Mail {
        to: "ada@example.com".into(),
        from: "no-reply@example.org".into(),
        company_name: "Analytical".into(),
        app_label: "Portal".into(),
        asked_at: Timestamp(1_795_359_845_000),
        content: MailContent::EmailChallenge {
            passcode: Secret::new("012345"),
            link: Secret::new("https://id.example.org/l"),
            lifetime_minutes: 5,
        },
    };
    let result = send(&mailer, &mail).await;
    let asked = std::mem::take(&mut *ses.asked.lock().unwrap());
    (result, asked)
}

#[tokio::test]
async fn r_e5_r_m1_one_recipient_and_structured_content() {
    let (result, asked) = send([Some((200, ""))]).await;
    result.unwrap();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["Destination"], json!({ "ToAddresses": ["ada@example.com"] }));
    assert_eq!(asked[0]["FromEmailAddress"], "no-reply@example.org");
    assert_eq!(asked[0]["ConfigurationSetName"], "vestibule");
    let content = asked[0]["Content"].as_object().unwrap();
    assert_eq!(content.keys().collect::<Vec<_>>(), ["Simple"]);
    assert_eq!(
        content["Simple"]["Subject"],
        json!({ "Charset": "UTF-8", "Data": "Analytical: sign in" })
    );
    assert!(
        content["Simple"]["Body"]["Text"]["Data"]
            .as_str()
            .unwrap()
            .contains("enter this code: 012345")
    );
    assert!(
        content["Simple"]["Body"]["Html"]["Data"]
            .as_str()
            .unwrap()
            .contains("enter this code: <b>012345</b>")
    );
}

#[tokio::test]
async fn r_r2_a_mail_to_nobody_is_a_mail_like_any_other_save_for_where_it_goes() {
    let answers = || [Some((200, ""))];
    let (person, decoy) = (
        send(answers()).await,
        send_by(answers(), async |mailer, mail| mailer.send_to_nobody(mail).await).await,
    );
    decoy.0.unwrap();
    let mut asked = decoy.1[0].clone();
    assert_eq!(asked["Destination"], json!({ "ToAddresses": ["success@simulator.amazonses.com"] }));
    asked["Destination"] = person.1[0]["Destination"].clone();
    assert_eq!(asked, person.1[0]);
}

#[tokio::test]
async fn f_22_throttling_is_retried_once() {
    let (result, asked) = send([Some((429, "TooManyRequestsException")), Some((200, ""))]).await;
    result.unwrap();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0], asked[1], "the same code, whichever of the two arrives");

    let (result, asked) =
        send([Some((429, "TooManyRequestsException")), Some((429, "TooManyRequestsException"))])
            .await;
    assert!(matches!(result, Err(MailError::NotTaken(code)) if code == "TooManyRequestsException"));
    assert_eq!(asked.len(), 2);
}

#[tokio::test]
async fn f_23_a_mail_system_that_is_off_takes_nothing() {
    for code in [
        "AccountSuspendedException",
        "SendingPausedException",
        "MailFromDomainNotVerifiedException",
        "NotFoundException",
        "BadRequestException",
    ] {
        let (result, asked) = send([Some((400, code))]).await;
        assert!(matches!(result, Err(MailError::NotTaken(found)) if found == code));
        assert_eq!(asked.len(), 1);
    }
    assert!(matches!(
        send([Some((500, "InternalFailure")), Some((503, "InternalFailure"))]).await.0,
        Err(MailError::NotTaken(_))
    ));
    // Hung up after the request was read: it is unknown whether it was taken.
    assert!(matches!(send([None, None]).await.0, Err(MailError::Unavailable(_))));
}

#[tokio::test]
async fn f_24_a_refused_message_is_rejected_and_not_repeated() {
    let (result, asked) = send([Some((400, "MessageRejected"))]).await;
    assert!(matches!(result, Err(MailError::Rejected)));
    assert_eq!(asked.len(), 1);
}

#[tokio::test]
async fn f_25_a_mail_that_was_taken_without_an_answer_is_sent_once_more_at_most_and_with_the_same_code()
 {
    let lost: Answer = Some((NEVER, ""));
    for (second, sent) in [
        (Some((200, "")), true),
        (lost, false),
        (None, false),
        (Some((429, "TooManyRequestsException")), false),
    ] {
        // A third attempt would find no answer left, and fail the test.
        let (result, asked) = send([lost, second]).await;
        assert_eq!((result.is_ok(), asked.len()), (sent, 2), "{second:?}: {result:?}");
        assert_eq!(asked[0], asked[1], "one duplicate, the same to the letter");
        assert!(
            asked[0]["Content"]["Simple"]["Body"]["Text"]["Data"]
                .as_str()
                .unwrap()
                .contains("012345")
        );
    }
    // Whether it was taken is not known: never said to be rejected, which would count as sent.
    let unsure = send([lost, lost]).await.0;
    assert!(matches!(&unsure, Err(MailError::Unavailable(why)) if why == "timeout"), "{unsure:?}");
    let (rejected, asked) = send([lost, Some((400, "MessageRejected"))]).await;
    assert!(matches!(rejected, Err(MailError::Rejected)) && asked.len() == 2, "{rejected:?}");
}

#[tokio::test]
async fn r_l1_errors_name_no_address() {
    for code in ["MessageRejected", "BadRequestException", "SomethingNew"] {
        let error = send([Some((400, code)), Some((400, code))]).await.0.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("ada@"), "{error:?}");
    }
}
