//! Userinfo: claims for an access token (OpenID Connect Core §5.3).

use ::http::{HeaderMap, StatusCode, header};
use policy::organisation::AccessTokenType;
use serde_json::{Value, json};

use super::claims::{active, claims};
use super::{Grant, parameters};
use crate::configuration::read;
use crate::keys;
use crate::reply::Reply;
use crate::{Engine, Failure};

impl Engine {
    /// Claims for an access token that is still good (OpenID Connect Core §5.3).
    pub(crate) async fn userinfo(
        &self,
        headers: &HeaderMap,
        body: Option<&[u8]>,
    ) -> Result<Reply, Failure> {
        let Some(parameters) = parameters(body.unwrap_or_default()) else {
            return Ok(Reply::oauth("invalid_request", "A parameter is repeated."));
        };
        let token = match (bearer(headers), parameters.get("access_token")) {
            // One way of sending it, not two (RFC 6750 §2).
            (Some(_), Some(_)) => {
                return Ok(Reply::oauth(
                    "invalid_request",
                    "The access token is sent in the header and in the form.",
                ));
            }
            (Some(token), None) => token,
            (None, token) => token.map(String::as_str).unwrap_or_default(),
        };
        let refused = || {
            Ok(Reply::json(
                StatusCode::UNAUTHORIZED,
                &json!({"error": "invalid_token", "error_description": "The access token is invalid or has expired."}),
            )
            .with_header(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"".into()))
        };
        let Some(claims_of_token) = self.access_token(token).await? else { return refused() };
        let text =
            |name: &str| claims_of_token.get(name).and_then(Value::as_str).unwrap_or_default();
        // Numbers only: a text that looks like a time is no time (security.md R-T4).
        let number = |name: &str| claims_of_token.get(name).and_then(Value::as_u64);
        let now = self.clock.now();
        let (Some(_), Some(expires)) = (number("iat"), number("exp")) else { return refused() };
        if text("iss") != self.issuer() || now.seconds() >= expires {
            return refused();
        }
        let mut items =
            self.store.read(&[keys::code(text("jti")), keys::user(text("sub"))]).await?.into_iter();
        let (grant, user) = (items.next().flatten(), active(items.next().as_ref())?);
        let (Some(grant), Some(user)) = (grant, user) else { return refused() };
        let grant: Grant = read(&grant)?;
        let audience = grant.audience.clone().unwrap_or_else(|| self.issuer());
        if text("aud") != audience || text("cid") != grant.client_id {
            return refused();
        }
        if grant.revoked
            || grant.user_id != user.id
            || grant.generation != user.generation
            || !grant.has("openid")
        {
            return refused();
        }
        Ok(Reply::json(StatusCode::OK, &Value::Object(claims(&grant, &user))))
    }

    /// The claims of an access token of ours, of either `typ`: it may have been issued before the
    /// setting was changed. An ID token may have the same `typ`, but it names no scopes and no
    /// grant (security.md R-T4).
    async fn access_token(&self, token: &str) -> Result<Option<Value>, Failure> {
        for kind in [AccessTokenType::Jwt, AccessTokenType::AtJwt] {
            if let Some(claims) = self.signer()?.verify(kind.as_str(), token).await? {
                return Ok(
                    Some(claims).filter(|claims| claims.get("scp").is_some_and(Value::is_array))
                );
            }
        }
        Ok(None)
    }
}

/// The token of an `Authorization: Bearer` header. The scheme's case does not matter (RFC 9110
/// §11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token)
}
