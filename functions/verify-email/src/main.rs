//! Lambda function `verify-email`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    runtime::serve(verify_email::FUNCTION, async |environment| {
        verify_email::engine(&environment).await
    })
    .await
}
