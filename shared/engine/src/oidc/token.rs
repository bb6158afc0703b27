//! Token: what an interaction code is worth (idx.md §10; security.md §1.8).

use ::http::StatusCode;
use futures_util::future::join;
use policy::organisation::{AccessTokenType, AccessTokens};
use policy::time::Timestamp;
use serde_json::{Value, json};

use super::claims::{active, claims, fields};
use super::{Grant, ID_TOKEN, TOKEN_LIFETIME, parameters};
use crate::advance::of_app;
use crate::configuration::read;
use crate::derive::{half_sha256, sha256};
use crate::keys;
use crate::ports::{Expect, Item, StoreError, Write};
use crate::reply::Reply;
use crate::{Engine, Failure};

impl Engine {
    /// Interaction code to tokens. A code is spent by whoever presents it, rightly or wrongly: who
    /// guesses the verifier has one try (security.md A-092). Tokens are signed before that, so that
    /// without a signer the code stays good.
    pub(crate) async fn token(&self, body: &[u8], page: Option<&str>) -> Result<Reply, Failure> {
        let Some(parameters) = parameters(body) else {
            return Ok(Reply::oauth("invalid_request", "A parameter is repeated."));
        };
        let parameter = |name: &str| parameters.get(name).map(String::as_str);
        if parameter("grant_type") != Some("interaction_code") {
            return Ok(Reply::oauth(
                "unsupported_grant_type",
                "The grant_type must be interaction_code.",
            ));
        }
        let Some(code) = parameter("interaction_code") else {
            return Ok(Reply::oauth("invalid_request", "The interaction_code is missing."));
        };
        let (key, now) = (keys::code(&sha256(code)), self.clock.now());
        // One spends it, one revokes it; everybody else has nothing left to write.
        for _ in 0..3 {
            let mut items =
                self.store.read(&[keys::organisation_head(), key.clone()]).await?.into_iter();
            let (head, item) = (items.next().flatten(), items.next().flatten());
            let Some(item) = item.filter(|item| item.lives(now)) else { break };
            let mut grant: Grant = read(&item)?;
            if grant.revoked {
                break;
            }
            let revision = self.cache.at(self.store.as_ref(), head.as_ref()).await?;
            let app = revision.organisation.app(&grant.app);
            let tokens = match app {
                Some(app) => {
                    // A page of another app does not even spend it.
                    of_app(page, app)?;
                    let AccessTokens { audience, kind } = revision.organisation.access_tokens(app);
                    grant.audience = audience;
                    let good = grant.redeemable(now) && grant.presented_by_its_client(parameter);
                    if good {
                        self.tokens(&grant, &key.0, kind.unwrap_or_default(), now).await?
                    } else {
                        None
                    }
                }
                None => None,
            };
            if grant.used {
                tracing::warn!(
                    app = grant.app,
                    "an interaction code was presented again: what it gave is void"
                );
            }
            grant.revoked = grant.used;
            grant.used = true;
            let spent = Item { version: item.version + 1, body: json!(grant), ..item };
            match self
                .store
                .write(&[Write::Put { item: spent, expect: Expect::Version(item.version) }])
                .await
            {
                Ok(()) => {
                    let Some(tokens) = tokens else { break };
                    return Ok(Reply::json(StatusCode::OK, &tokens));
                }
                Err(StoreError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Reply::oauth("invalid_grant", "The interaction code is invalid or has expired."))
    }

    /// What the code is worth: nothing, if the person is no longer there.
    async fn tokens(
        &self,
        grant: &Grant,
        id: &str,
        kind: AccessTokenType,
        now: Timestamp,
    ) -> Result<Option<Value>, Failure> {
        let (issuer, expires) = (self.issuer(), (now + TOKEN_LIFETIME).seconds());
        let access = json!({
            "ver": 1,
            // Names the grant, so that it can be revoked; the code itself is not in it.
            "jti": id.strip_prefix("CODE#").unwrap_or(id),
            "iss": issuer,
            "aud": grant.audience.as_ref().unwrap_or(&issuer),
            "sub": grant.user_id,
            "uid": grant.user_id,
            "cid": grant.client_id,
            "client_id": grant.client_id,
            "scp": grant.scopes,
            "amr": grant.amr,
            "auth_time": grant.auth_time.seconds(),
            "iat": now.seconds(),
            "exp": expires,
        });
        let signer = self.signer()?;
        let person = [keys::user(&grant.user_id)];
        let (access_token, user) =
            join(signer.sign(kind.as_str(), &access), self.store.read(&person)).await;
        let (access_token, user) = (access_token?, active(user?.first())?);
        // Whoever signed in before the account changed hands has nothing to do with it any more
        // (I3).
        let user = user.filter(|user| user.generation == grant.generation);
        let Some(user) = user else { return Ok(None) };
        let mut body = json!({
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME.0 / 1_000,
            "access_token": access_token,
            "scope": grant.scopes.join(" "),
        });
        if grant.has("openid") {
            let mut claims = claims(grant, &user);
            claims.extend(fields(json!({
                "ver": 1,
                "iss": issuer,
                "aud": grant.client_id,
                "iat": now.seconds(),
                "exp": expires,
                "jti": self.random_id(),
                "amr": grant.amr,
                "auth_time": grant.auth_time.seconds(),
                "at_hash": half_sha256(&access_token),
            })));
            for (claim, value) in [("nonce", &grant.nonce), ("acr", &grant.acr)] {
                if let Some(value) = value {
                    claims.insert(claim.into(), value.clone().into());
                }
            }
            let id_token = signer.sign(ID_TOKEN, &Value::Object(claims)).await?;
            if let Value::Object(map) = &mut body {
                map.insert("id_token".into(), id_token.into());
            }
        }
        Ok(Some(body))
    }
}
