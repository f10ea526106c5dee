//! What a client does with answers that are large, redirected, broken or late.

use std::{io::Write, time::Duration};

use crate::server::{Authority, Server};
use ::http::{Request, Response, StatusCode};
use busylamp_net::{
    http::{Delivery, HttpClient, HttpError, HttpErrorKind, HttpSettings, USER_AGENT},
    trust::{Fingerprint, Pin, Trust},
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http_body_util::Full;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

fn answers(path: &str) -> Response<Full<Bytes>> {
    match path {
        "/moved" => Response::builder().status(302).header("location", "/ok").body(Full::default()).unwrap(),
        "/large" => Response::new(Full::new(Bytes::from(vec![b'x'; 200_000]))),
        "/bomb" => {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
            gzip.write_all(&vec![0; 10_000_000]).unwrap();
            let body = Bytes::from(gzip.finish().unwrap());
            assert!(body.len() < 20_000, "it is small while it is packed");
            Response::builder().header("content-encoding", "gzip").body(Full::new(body)).unwrap()
        }
        _ => Response::new(Full::new(Bytes::from_static(b"ok"))),
    }
}

async fn get(path: &str) -> Result<Response<Bytes>, HttpError> {
    let identity = Authority::new().issue("localhost", 2090);
    let server = Server::start(&identity, answers).await;
    let trust = Trust::Pin(Pin::from(Fingerprint::of(&identity.certificate)));
    let client = HttpClient::new(HttpSettings { max_body: 100_000, ..HttpSettings::new(trust) }).unwrap();
    client.send(Request::get(server.url("localhost", path)).body(Bytes::new()).unwrap()).await
}

/// A client for plain HTTP, where trust plays no part.
fn plain(settings: impl FnOnce(&mut HttpSettings)) -> HttpClient {
    let pin = format!("sha256:{}", "00".repeat(32)).parse().unwrap();
    let mut all = HttpSettings::new(Trust::Pin(pin));
    settings(&mut all);
    HttpClient::new(all).unwrap()
}

/// A server that reads one request, answers these bytes and hangs up, or stays silent.
async fn scripted(answer: Option<&'static [u8]>) -> (String, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/a/path?secret=1", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let read = stream.read(&mut request).await.unwrap();
        request.truncate(read);
        match answer {
            Some(answer) => stream.write_all(answer).await.unwrap(),
            None => std::future::pending().await,
        }
        request
    });
    (url, task)
}

async fn post(client: &HttpClient, url: &str) -> Result<Response<Bytes>, HttpError> {
    client.send(Request::post(url).body(Bytes::from_static(b"body")).unwrap()).await
}

#[tokio::test]
async fn a_redirect_is_handed_out_and_not_followed() {
    let answer = get("/moved").await.unwrap();
    assert_eq!(answer.status(), StatusCode::FOUND);
    assert_eq!(answer.headers()["location"], "/ok");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused() {
    let error = get("/large").await.unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::TooLarge { limit: 100_000 });
    assert_eq!(error.delivery(), Delivery::MaybeSent);
}

#[tokio::test]
async fn a_body_is_measured_after_it_was_unpacked() {
    assert_eq!(get("/bomb").await.unwrap_err().kind, HttpErrorKind::TooLarge { limit: 100_000 });
}

#[tokio::test]
async fn every_request_bears_the_one_name() {
    let (url, task) = scripted(Some(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")).await;
    let answer = post(&plain(|_| ()), &url).await.unwrap();
    assert_eq!(answer.body(), "ok");
    let request = String::from_utf8(task.await.unwrap()).unwrap().to_lowercase();
    assert!(request.contains(&format!("user-agent: {}\r\n", USER_AGENT.to_lowercase())), "{request}");
    assert!(USER_AGENT.starts_with("Busylamp/"));
}

#[tokio::test]
async fn a_refused_connection_means_that_nothing_was_done() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let error = post(&plain(|_| ()), &format!("http://127.0.0.1:{port}/")).await.unwrap_err();
    assert_eq!((error.kind.clone(), error.delivery()), (HttpErrorKind::ConnectRefused, Delivery::NotSent));
    assert_eq!(error.to_string(), format!("127.0.0.1:{port}: the connection is refused"));
}

#[tokio::test]
async fn a_name_without_address_means_that_nothing_was_done() {
    let error = post(&plain(|_| ()), "http://no-such-host.invalid/").await.unwrap_err();
    assert_eq!((error.kind.clone(), error.delivery()), (HttpErrorKind::NameResolution, Delivery::NotSent));
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_the_outcome_unknown() {
    let (url, _task) = scripted(Some(b"")).await;
    let error = post(&plain(|_| ()), &url).await.unwrap_err();
    assert_eq!((error.kind.clone(), error.delivery()), (HttpErrorKind::Reset, Delivery::MaybeSent), "{error:?}");
    assert!(!error.to_string().contains("secret"));
}

#[tokio::test]
async fn half_a_body_is_no_answer() {
    let (url, _task) = scripted(Some(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")).await;
    let error = post(&plain(|_| ()), &url).await.unwrap_err();
    assert_eq!((error.kind.clone(), error.delivery()), (HttpErrorKind::Reset, Delivery::MaybeSent));
}

#[tokio::test]
async fn what_is_not_http_is_a_bad_answer() {
    let (url, _task) = scripted(Some(b"220 mail.example.com ESMTP\r\n")).await;
    assert_eq!(post(&plain(|_| ()), &url).await.unwrap_err().kind, HttpErrorKind::BadAnswer);
}

#[tokio::test]
async fn an_answer_that_never_comes_ends_in_a_time_out_of_unknown_outcome() {
    let (url, task) = scripted(None).await;
    let client = plain(|settings| settings.total_timeout = Duration::from_millis(50));
    let error = post(&client, &url).await.unwrap_err();
    assert!(matches!(error.kind, HttpErrorKind::TimeOut { .. }), "{error}");
    assert_eq!(error.delivery(), Delivery::MaybeSent);
    task.abort();
}
