//! The words of each mail: a subject, a text and an HTML page, from the templates beside this
//! crate's source.
//!
//! Values are substituted once and the HTML ones are escaped (security.md R-M3); no value was typed
//! by a user (R-M2), and no subject holds a code or a link (R-O11).

use askama::Template;
use engine::ports::{Mail, MailContent};
use policy::provision::Beginning;
use policy::time::Timestamp;

/// The text of a mail.
pub struct Words {
    /// One line.
    pub subject: String,
    /// For readers without HTML.
    pub text: String,
    /// The same as a page.
    pub html: String,
}

/// Words a mail.
///
/// # Errors
/// When a template cannot be rendered, which none of ours can bring about.
pub fn words(mail: &Mail) -> Result<Words, askama::Error> {
    let facts = &Facts {
        company: &mail.company_name,
        app: &mail.app_label,
        asked_at: readable(mail.asked_at),
    };
    match &mail.content {
        MailContent::RegistrationActivation { passcode, link, lifetime_minutes } => {
            let (passcode, link, lifetime) =
                (passcode.expose(), link.expose(), &counted(*lifetime_minutes, "minute"));
            Ok(Words {
                subject: format!("{}: finish signing up", facts.company),
                text: RegistrationActivationText { facts, passcode, link, lifetime }.render()?,
                html: RegistrationActivationPage { facts, passcode, link, lifetime }.render()?,
            })
        }
        MailContent::RegistrationEmailVerification { link, lifetime_hours } => {
            let (link, lifetime) = (link.expose(), &hours(*lifetime_hours));
            Ok(Words {
                subject: format!("Welcome to {}: confirm your email address", facts.company),
                text: RegistrationEmailVerificationText { facts, link, lifetime }.render()?,
                html: RegistrationEmailVerificationPage { facts, link, lifetime }.render()?,
            })
        }
        MailContent::EmailChallenge { passcode, link, lifetime_minutes } => {
            let (passcode, link, lifetime) =
                (passcode.expose(), link.expose(), &counted(*lifetime_minutes, "minute"));
            Ok(Words {
                subject: format!("{}: sign in", facts.company),
                text: EmailChallengeText { facts, passcode, link, lifetime }.render()?,
                html: EmailChallengePage { facts, passcode, link, lifetime }.render()?,
            })
        }
        MailContent::UserActivation { start, beginning } => {
            let (start, steps) = (start.as_deref(), steps(*beginning));
            Ok(Words {
                subject: format!("{}: your account", facts.company),
                text: UserActivationText { facts, start, steps }.render()?,
                html: UserActivationPage { facts, start, steps }.render()?,
            })
        }
        MailContent::AlreadyRegistered { sign_in } => {
            let sign_in = sign_in.as_deref();
            Ok(Words {
                subject: format!("{}: you already have an account", facts.company),
                text: AlreadyRegisteredText { facts, sign_in }.render()?,
                html: AlreadyRegisteredPage { facts, sign_in }.render()?,
            })
        }
    }
}

/// The way a person takes over an account that was made for them.
fn steps(beginning: Beginning) -> &'static str {
    match beginning {
        Beginning::SignIn { asks_password: false } => {
            "Sign in with this email address. A code is sent here; once you have entered it, you choose your password."
        }
        Beginning::SignIn { asks_password: true } => {
            "Sign in with this email address. The page asks for a password too: you have none yet, so enter anything. \
             A code is sent here; once you have entered it, you choose your password."
        }
        Beginning::SignUp => {
            "Choose to sign up, and give this email address. A code is sent here; once you have entered it, the account is yours."
        }
    }
}

/// The text in every mail (security.md R-M5): who asked, and when.
struct Facts<'m> {
    company: &'m str,
    app: &'m str,
    asked_at: String,
}

/// `22 November 2026, 15:04 UTC`: a moment that everyone reads the same way, wherever the mail is
/// opened.
fn readable(moment: Timestamp) -> String {
    let moment = i64::try_from(moment.0)
        .ok()
        .and_then(|milliseconds| jiff::Timestamp::from_millisecond(milliseconds).ok());
    moment.unwrap_or(jiff::Timestamp::MAX).strftime("%-d %B %Y, %H:%M UTC").to_string()
}

/// `1 minute`, `5 minutes`.
fn counted(number: u32, unit: &str) -> String {
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

/// `7 days` where the hours make whole days.
fn hours(number: u32) -> String {
    if number > 24 && number.is_multiple_of(24) {
        counted(number / 24, "day")
    } else {
        counted(number, "hour")
    }
}

#[derive(Template)]
#[template(path = "registration-activation.txt")]
struct RegistrationActivationText<'m> {
    facts: &'m Facts<'m>,
    passcode: &'m str,
    link: &'m str,
    lifetime: &'m str,
}

#[derive(Template)]
#[template(path = "registration-activation.html")]
struct RegistrationActivationPage<'m> {
    facts: &'m Facts<'m>,
    passcode: &'m str,
    link: &'m str,
    lifetime: &'m str,
}

#[derive(Template)]
#[template(path = "registration-email-verification.txt")]
struct RegistrationEmailVerificationText<'m> {
    facts: &'m Facts<'m>,
    link: &'m str,
    lifetime: &'m str,
}

#[derive(Template)]
#[template(path = "registration-email-verification.html")]
struct RegistrationEmailVerificationPage<'m> {
    facts: &'m Facts<'m>,
    link: &'m str,
    lifetime: &'m str,
}

#[derive(Template)]
#[template(path = "email-challenge.txt")]
struct EmailChallengeText<'m> {
    facts: &'m Facts<'m>,
    passcode: &'m str,
    link: &'m str,
    lifetime: &'m str,
}

#[derive(Template)]
#[template(path = "email-challenge.html")]
struct EmailChallengePage<'m> {
    facts: &'m Facts<'m>,
    passcode: &'m str,
    link: &'m str,
    lifetime: &'m str,
}

#[derive(Template)]
#[template(path = "user-activation.txt")]
struct UserActivationText<'m> {
    facts: &'m Facts<'m>,
    start: Option<&'m str>,
    steps: &'m str,
}

#[derive(Template)]
#[template(path = "user-activation.html")]
struct UserActivationPage<'m> {
    facts: &'m Facts<'m>,
    start: Option<&'m str>,
    steps: &'m str,
}

#[derive(Template)]
#[template(path = "already-registered.txt")]
struct AlreadyRegisteredText<'m> {
    facts: &'m Facts<'m>,
    sign_in: Option<&'m str>,
}

#[derive(Template)]
#[template(path = "already-registered.html")]
struct AlreadyRegisteredPage<'m> {
    facts: &'m Facts<'m>,
    sign_in: Option<&'m str>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

    use policy::secret::Secret;

    use super::*;

    fn mail(content: MailContent) -> Mail {
        Mail {
            to: "ada@example.com".into(),
            from: "no-reply@example.org".into(),
            company_name: "Analytical & Co".into(),
            app_label: "Engine <Portal>".into(),
            asked_at: Timestamp(1_795_359_845_000),
            content,
        }
    }

    fn every_content() -> [MailContent; 8] {
        let passcode = Secret::new("012345");
        let link = Secret::new("https://id.example.org/email/verify/e1?token=t0ken");
        [
            MailContent::RegistrationActivation {
                passcode: passcode.clone(),
                link: link.clone(),
                lifetime_minutes: 5,
            },
            MailContent::RegistrationEmailVerification { link: link.clone(), lifetime_hours: 168 },
            MailContent::EmailChallenge { passcode, link, lifetime_minutes: 1 },
            MailContent::AlreadyRegistered {
                sign_in: Some("https://app.example.org/sign-in".into()),
            },
            MailContent::AlreadyRegistered { sign_in: None },
            MailContent::UserActivation {
                start: Some("https://app.example.org/sign-in".into()),
                beginning: Beginning::SignIn { asks_password: false },
            },
            MailContent::UserActivation {
                start: None,
                beginning: Beginning::SignIn { asks_password: true },
            },
            MailContent::UserActivation { start: None, beginning: Beginning::SignUp },
        ]
    }

    #[test]
    fn r_m5_the_words_of_every_mail() {
        for (content, name) in every_content().into_iter().zip([
            "registration-activation",
            "registration-email-verification",
            "email-challenge",
            "already-registered",
            "already-registered-without-link",
            "user-activation",
            "user-activation-with-password",
            "user-activation-by-sign-up",
        ]) {
            let words = words(&mail(content)).unwrap();
            insta::assert_snapshot!(
                format!("{name}.txt"),
                format!("Subject: {}\n\n{}", words.subject, words.text)
            );
            insta::assert_snapshot!(format!("{name}.html"), words.html);
        }
    }

    #[test]
    fn r_m5_every_mail_says_who_asked_when_and_that_it_can_be_ignored() {
        for content in every_content() {
            let words = words(&mail(content)).unwrap();
            for part in [&words.text, &words.html] {
                assert!(
                    part.contains("22 November 2026, 15:04 UTC")
                        && part.contains("ignore this mail"),
                    "{part}"
                );
            }
            assert!(words.text.contains("Engine <Portal> (Analytical & Co)"));
        }
    }

    #[test]
    fn r_m3_the_page_escapes_names() {
        for content in every_content() {
            let html = words(&mail(content)).unwrap().html;
            assert!(!html.contains("<Portal>") && !html.contains("Analytical & Co"), "{html}");
        }
    }

    #[test]
    fn r_o11_no_subject_holds_a_code_or_a_link() {
        for content in every_content() {
            let subject = words(&mail(content)).unwrap().subject;
            assert!(
                !subject.contains("012345")
                    && !subject.contains("http")
                    && !subject.contains("t0ken"),
                "{subject}"
            );
        }
    }

    #[test]
    fn test_clients_of_the_widget_find_code_and_link() {
        let [activation, verification, challenge, ..] =
            every_content().map(|content| words(&mail(content)).unwrap().html);
        let link = "href=\"https://id.example.org/email/verify/e1?token=t0ken\"";
        for id in ["registration-activation-link", "email-activation-button"] {
            assert!(activation.contains(&format!("<a id=\"{id}\" {link}")), "{activation}");
        }
        assert!(
            verification.contains(&format!("<a id=\"registration-activation-link\" {link}")),
            "{verification}"
        );
        assert!(
            challenge.contains(&format!("<a id=\"email-authentication-button\" {link}")),
            "{challenge}"
        );
        for html in [activation, challenge] {
            assert!(html.contains("enter this code: <b>012345</b>"), "{html}");
        }
    }

    #[test]
    fn moments_beyond_the_calendar_do_not_fail() {
        assert_eq!(readable(Timestamp(0)), "1 January 1970, 00:00 UTC");
        assert_eq!(readable(Timestamp(u64::MAX)), "30 December 9999, 22:00 UTC");
    }
}
