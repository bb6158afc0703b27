//! Lambda function `progressive-enrollment`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    runtime::serve(progressive_enrollment::FUNCTION, async |environment| {
        progressive_enrollment::engine(&environment).await
    })
    .await
}
