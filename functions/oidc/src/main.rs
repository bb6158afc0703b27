//! Lambda function `oidc`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    runtime::serve(oidc::FUNCTION, async |environment| oidc::engine(&environment).await).await
}
