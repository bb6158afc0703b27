//! Lambda function `register`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    runtime::serve(register::FUNCTION, async |environment| register::engine(&environment).await)
        .await
}
