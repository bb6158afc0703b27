//! One connection per request, from whichever address of loopback. Not a client that tidies paths
//! and headers up: what is sent is what was asked.

use std::net::{Ipv4Addr, SocketAddrV4};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use local::Running;
use tokio::net::TcpSocket;

pub struct Transport(SocketAddrV4);

impl Transport {
    pub fn new(running: &Running) -> Self {
        let (_, port) = running.base_url.rsplit_once(':').unwrap();
        Self(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port.parse().unwrap()))
    }

    /// Status, headers, body.
    pub async fn exchange(
        &self,
        source: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> (u16, Vec<(String, String)>, String) {
        let socket = TcpSocket::new_v4().unwrap();
        // All of 127.0.0.0/8 is this machine: each source of a scenario has its address there.
        let [_, rest @ ..] = source.parse::<Ipv4Addr>().unwrap().octets();
        socket
            .bind(SocketAddrV4::new(Ipv4Addr::new(127, rest[0], rest[1], rest[2]), 0).into())
            .unwrap();
        let stream = socket.connect(self.0.into()).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request =
            hyper::Request::builder().method(method).uri(if path.is_empty() { "/" } else { path });
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", self.0.to_string());
        }
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = sender
            .send_request(request.body(Full::new(Bytes::copy_from_slice(body))).unwrap())
            .await
            .unwrap();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, headers, String::from_utf8(body.to_vec()).unwrap())
    }
}
