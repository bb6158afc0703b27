//! The Mailer port on Amazon SES (v2), with the templates of every mail.
