//! Lambda function `identify`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    runtime::serve(identify::FUNCTION, async |environment| identify::engine(&environment).await)
        .await
}
