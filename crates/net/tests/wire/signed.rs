//! Connections that are signed in: what is sent over which, and what happens when they break.

use std::{
    io::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use ::http::{Request, Response, StatusCode};
use busylamp_net::{
    connection::{BindingUse, ChannelBinding, Conversation, SignIn, SignInError, SignedClient, Token},
    http::{Delivery, HttpError, HttpErrorKind, HttpSettings, USER_AGENT},
    trust::Trust,
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use futures_util::future::BoxFuture;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use url::Url;

/// A sign-in of two tokens, or of tokens without end.
#[derive(Debug)]
struct Greeting {
    ends: bool,
}

struct Greeted(u32, bool);

impl SignIn for Greeting {
    fn schemes(&self) -> &'static [&'static str] {
        &["TEST", "SPARE"]
    }

    fn begin(&self, _host: &str, binding: Option<&ChannelBinding>) -> Result<Box<dyn Conversation>, SignInError> {
        assert_eq!(binding, None, "there is no TLS here");
        Ok(Box::new(Greeted(0, self.ends)))
    }
}

impl Conversation for Greeted {
    fn step<'a>(&'a mut self, challenge: Option<&'a [u8]>) -> BoxFuture<'a, Result<Token, SignInError>> {
        assert_eq!(challenge.is_some(), self.0 > 0);
        self.0 += 1;
        let last = self.1 && self.0 == 2;
        let token = Token { bytes: if last { b"secret" } else { b"hello!" }.to_vec(), last };
        Box::pin(async { Ok(token) })
    }
}

/// `hello!` and `secret`, as they are sent.
const HELLO: &str = "TEST aGVsbG8h";
const SECRET: &str = "TEST c2VjcmV0";

const CHALLENGE: &[u8] =
    b"HTTP/1.1 401 Go on\r\nWWW-Authenticate: Spare, test d2hvPw==\r\nContent-Length: 5\r\n\r\nwho? ";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const REFUSED: &[u8] = b"HTTP/1.1 401 No\r\nWWW-Authenticate: TEST\r\nContent-Length: 0\r\n\r\n";

/// What a pretended server does on one connection.
#[derive(Clone)]
enum Act {
    /// Reads a request and answers these bytes.
    Answer(Vec<u8>),
    /// Reads a request and closes the connection.
    HangUp,
    /// Closes the connection, unasked.
    Close,
}

fn answers(answers: &[&[u8]]) -> Vec<Act> {
    answers.iter().map(|answer| Act::Answer(answer.to_vec())).collect()
}

/// A request as it arrived.
#[derive(Clone, Debug)]
struct Arrived {
    connection: usize,
    head: String,
    body: Vec<u8>,
}

impl Arrived {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// A server that does on its first connection what the first script says, and so on. After its script a connection
/// stays open until the client closes it.
struct Server {
    url: Url,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    /// How many connections have ended, from either side.
    ended: watch::Receiver<usize>,
}

impl Server {
    async fn start(scripts: Vec<Vec<Act>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/ews?key=1", listener.local_addr().unwrap()).parse().unwrap();
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let (ending, ended) = watch::channel(0);
        let list = Arc::clone(&arrived);
        tokio::spawn(async move {
            for (connection, script) in scripts.into_iter().enumerate() {
                let (stream, _) = listener.accept().await.unwrap();
                let (list, ending) = (Arc::clone(&list), ending.clone());
                tokio::spawn(async move {
                    play(stream, connection, script, &list).await;
                    ending.send_modify(|ended| *ended += 1);
                });
            }
        });
        Self { url, arrived, ended }
    }

    fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    /// The connection and the Authorization of each request.
    fn told(&self) -> Vec<(usize, Option<String>)> {
        let told = |arrived: &Arrived| (arrived.connection, arrived.header("authorization").map(str::to_owned));
        self.arrived().iter().map(told).collect()
    }

    async fn ended(&mut self, connections: usize) {
        self.ended.wait_for(|ended| *ended >= connections).await.unwrap();
    }

    fn client(&self, change: impl FnOnce(&mut HttpSettings)) -> SignedClient {
        self.client_of(Greeting { ends: true }, 1, change)
    }

    fn client_of(&self, sign_in: Greeting, most: usize, change: impl FnOnce(&mut HttpSettings)) -> SignedClient {
        let pin = format!("sha256:{}", "00".repeat(32)).parse().unwrap();
        let mut settings = HttpSettings::new(Trust::Pin(pin));
        change(&mut settings);
        SignedClient::new(&self.url, settings, Arc::new(sign_in), BindingUse::Auto, most).unwrap()
    }

    async fn ask(&self, client: &SignedClient) -> Result<Response<Bytes>, HttpError> {
        let request = Request::post(self.url.as_str()).header("authorization", "Basic bm90IG91cnM=");
        client.send(request.body(Bytes::from_static(b"<what/>")).unwrap()).await
    }
}

async fn play(stream: TcpStream, connection: usize, script: Vec<Act>, list: &Mutex<Vec<Arrived>>) {
    let mut stream = BufReader::new(stream);
    for act in script {
        if matches!(act, Act::Close) {
            return;
        }
        let Some(request) = read(&mut stream, connection).await else { return };
        list.lock().unwrap().push(request);
        match act {
            Act::Answer(bytes) => stream.write_all(&bytes).await.unwrap(),
            Act::HangUp | Act::Close => return,
        }
    }
    while read(&mut stream, connection).await.is_some() {}
}

async fn read(stream: &mut BufReader<TcpStream>, connection: usize) -> Option<Arrived> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let mut arrived = Arrived { connection, head, body: Vec::new() };
    let length = arrived.header("content-length").map_or(0, |length| length.parse().unwrap());
    arrived.body.resize(length, 0);
    stream.read_exact(&mut arrived.body).await.ok()?;
    Some(arrived)
}

fn told(list: &[(usize, &str)]) -> Vec<(usize, Option<String>)> {
    let authorization = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    list.iter().map(|(connection, text)| (*connection, authorization(text))).collect()
}

#[tokio::test]
async fn the_body_goes_with_the_last_message_and_later_requests_need_none() {
    let server = Server::start(vec![answers(&[CHALLENGE, OK, OK])]).await;
    let client = server.client(|_| {});
    assert_eq!(server.ask(&client).await.unwrap().body(), "ok");
    assert_eq!(server.ask(&client).await.unwrap().body(), "ok");

    assert_eq!(server.told(), told(&[(0, HELLO), (0, SECRET), (0, "")]));
    let arrived = server.arrived();
    let bodies: Vec<_> = arrived.iter().map(|arrived| arrived.body.as_slice()).collect();
    assert_eq!(bodies, [&b""[..], b"<what/>", b"<what/>"]);
    for request in &arrived {
        assert!(request.head.starts_with("POST /ews?key=1 HTTP/1.1\r\n"), "{}", request.head);
        assert_eq!(request.header("user-agent"), Some(USER_AGENT));
        assert_eq!(request.header("host"), server.url.as_str().split('/').nth(2));
        assert_eq!(request.header("content-length"), Some(request.body.len().to_string().as_str()));
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_while_nobody_used_it_is_replaced() {
    let closed = [answers(&[CHALLENGE, OK]), vec![Act::Close]].concat();
    let mut server = Server::start(vec![closed, answers(&[CHALLENGE, OK])]).await;
    let client = server.client(|_| {});
    assert!(server.ask(&client).await.is_ok());
    server.ended(1).await;
    assert!(server.ask(&client).await.is_ok());
    assert_eq!(server.told(), told(&[(0, HELLO), (0, SECRET), (1, HELLO), (1, SECRET)]));
}

#[tokio::test]
async fn what_may_have_been_delivered_is_not_sent_again() {
    let broken = [answers(&[CHALLENGE, OK]), vec![Act::HangUp]].concat();
    let server = Server::start(vec![broken, answers(&[CHALLENGE, OK])]).await;
    let client = server.client(|_| {});
    assert!(server.ask(&client).await.is_ok());
    let error = server.ask(&client).await.unwrap_err();
    assert_eq!((error.kind.clone(), error.delivery()), (HttpErrorKind::Reset, Delivery::MaybeSent));
    assert_eq!(server.told().len(), 3);
    assert!(server.ask(&client).await.is_ok(), "the next one signs in anew");
}

#[tokio::test]
async fn a_server_that_closes_in_the_middle_of_the_sign_in_is_named() {
    let closing = [&CHALLENGE[..CHALLENGE.len() - 7], b"Connection: close\r\n\r\nwho? "].concat();
    let server = Server::start(vec![answers(&[&closing])]).await;
    let error = server.ask(&server.client(|_| {})).await.unwrap_err();
    let expected = HttpErrorKind::SignIn(SignInError::NotKeptAlive);
    assert_eq!((error.kind.clone(), error.delivery()), (expected, Delivery::NotSent));
    assert!(error.advice().to_string().contains("load balancer"), "{}", error.advice());
}

#[tokio::test]
async fn an_overloaded_server_is_no_refusal() {
    let busy = b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n";
    let server = Server::start(vec![answers(&[busy]), answers(&[CHALLENGE, OK])]).await;
    let client = server.client(|_| {});
    let answer = server.ask(&client).await.unwrap();
    assert_eq!(
        (answer.status(), answer.headers()["retry-after"].as_bytes()),
        (StatusCode::SERVICE_UNAVAILABLE, &b"7"[..])
    );
    assert_eq!(server.ask(&client).await.unwrap().body(), "ok");
    assert_eq!(server.told(), told(&[(0, HELLO), (1, HELLO), (1, SECRET)]));
}

#[tokio::test]
async fn what_is_overloaded_at_the_last_message_has_signed_nobody_in() {
    let busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
    let server = Server::start(vec![answers(&[CHALLENGE, busy, OK]), answers(&[CHALLENGE, OK])]).await;
    let client = server.client(|_| {});
    assert_eq!(server.ask(&client).await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(server.ask(&client).await.unwrap().body(), "ok");
    assert_eq!(server.told().last(), told(&[(1, SECRET)]).last());
}

#[tokio::test]
async fn who_waits_for_a_sign_in_that_hangs_waits_no_longer_than_for_an_answer() {
    let server = Server::start(vec![answers(&[CHALLENGE]), answers(&[CHALLENGE])]).await;
    let client = server.client_of(Greeting { ends: true }, 3, |settings| {
        settings.total_timeout = Duration::from_millis(100);
    });
    let all = futures_util::future::join_all((0..3).map(|_| server.ask(&client))).await;
    let delivered: Vec<_> = all.into_iter().map(|answer| answer.unwrap_err().delivery()).collect();
    assert_eq!(delivered, [Delivery::MaybeSent, Delivery::NotSent, Delivery::NotSent]);
}

#[tokio::test]
async fn a_server_may_be_named_by_its_address() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else { return };
    let url: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let answering = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        play(stream, 0, answers(&[CHALLENGE, OK]), &Mutex::default()).await;
    });
    let server = Server { url, arrived: Arc::default(), ended: watch::channel(0).1 };
    let client = server.client(|_| {});
    assert_eq!(server.ask(&client).await.unwrap().body(), "ok");
    drop(client);
    answering.await.unwrap();
}

#[tokio::test]
async fn a_server_that_wants_no_sign_in_gets_the_request_as_it_is() {
    let server = Server::start(vec![answers(&[OK, OK])]).await;
    assert_eq!(server.ask(&server.client(|_| {})).await.unwrap().body(), "ok");
    assert_eq!(server.told(), told(&[(0, HELLO), (0, "")]));
    assert_eq!(server.arrived()[1].body, b"<what/>");
}

#[tokio::test]
async fn a_refusal_without_a_binding_is_final_at_once() {
    let server = Server::start(vec![answers(&[CHALLENGE, REFUSED])]).await;
    let answer = server.ask(&server.client(|_| {})).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(server.told(), told(&[(0, HELLO), (0, SECRET)]));
}

#[tokio::test]
async fn after_a_401_in_the_middle_of_a_session_the_next_request_signs_in_anew() {
    let mut server = Server::start(vec![
        answers(&[CHALLENGE, OK, REFUSED]),
        answers(&[CHALLENGE, OK, REFUSED]),
        answers(&[CHALLENGE, OK]),
    ])
    .await;
    let client = server.client_of(Greeting { ends: true }, 2, |_| {});
    let (one, other) = tokio::join!(server.ask(&client), server.ask(&client));
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(server.ask(&client).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    server.ended(2).await;
    assert_eq!(server.ask(&client).await.unwrap().status(), StatusCode::OK);
    assert_eq!(server.told().last(), told(&[(2, SECRET)]).last());
}

#[tokio::test]
async fn a_server_that_offers_none_of_the_schemes_learns_no_secret() {
    let basic = b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
    let server = Server::start(vec![answers(&[basic])]).await;
    let answer = server.ask(&server.client(|_| {})).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(server.told(), told(&[(0, HELLO)]));
}

#[tokio::test]
async fn another_scheme_is_taken_where_only_that_is_offered_and_remembered() {
    let spare = b"HTTP/1.1 401 No\r\nWWW-Authenticate: SPARE\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let challenge = b"HTTP/1.1 401 Go on\r\nWWW-Authenticate: SPARE d2hvPw==\r\nContent-Length: 0\r\n\r\n";
    let last = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    let scripts = vec![answers(&[spare]), answers(&[challenge, last]), answers(&[challenge, OK])];
    let server = Server::start(scripts).await;
    let client = server.client(|_| {});
    assert!(server.ask(&client).await.is_ok());
    assert!(server.ask(&client).await.is_ok());
    let (hello, secret) = ("SPARE aGVsbG8h", "SPARE c2VjcmV0");
    assert_eq!(server.told(), told(&[(0, HELLO), (1, hello), (1, secret), (2, hello), (2, secret)]));
}

#[tokio::test]
async fn a_challenge_that_is_no_base64_ends_the_sign_in() {
    let garbage = b"HTTP/1.1 401 Go on\r\nWWW-Authenticate: TEST @@@\r\nContent-Length: 0\r\n\r\n";
    let server = Server::start(vec![answers(&[garbage])]).await;
    let error = server.ask(&server.client(|_| {})).await.unwrap_err();
    assert!(matches!(error.kind, HttpErrorKind::SignIn(SignInError::BadChallenge(_))), "{error}");
    assert_eq!(error.delivery(), Delivery::NotSent);
}

#[tokio::test]
async fn a_sign_in_without_end_is_ended() {
    let server = Server::start(vec![answers(&[CHALLENGE; 20])]).await;
    let client = server.client_of(Greeting { ends: false }, 1, |_| {});
    let error = server.ask(&client).await.unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::SignIn(SignInError::Endless));
    assert!(server.told().len() < 10);
}

fn gzipped(plain: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(plain).unwrap();
    let body = gzip.finish().unwrap();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.into_bytes(), body].concat()
}

#[tokio::test]
async fn a_packed_answer_is_unpacked_within_its_bound() {
    let server = Server::start(vec![answers(&[CHALLENGE, &gzipped(b"packed"), &gzipped(&[0; 1_000_000])])]).await;
    let client = server.client(|settings| settings.max_body = 100_000);
    let answer = server.ask(&client).await.unwrap();
    assert_eq!((answer.body().as_ref(), answer.headers().get("content-encoding")), (&b"packed"[..], None));
    let error = server.ask(&client).await.unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::TooLarge { limit: 100_000 });
    assert_eq!(server.arrived()[1].header("accept-encoding"), Some("gzip"));
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_read_to_its_end() {
    let told_before = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n";
    let endless =
        [&b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"[..], &b"A\r\n0123456789\r\n".repeat(20)].concat();
    for answer in [&told_before[..], &endless] {
        let server = Server::start(vec![answers(&[CHALLENGE, answer])]).await;
        let error = server.ask(&server.client(|settings| settings.max_body = 100)).await.unwrap_err();
        assert_eq!(
            (error.kind.clone(), error.delivery()),
            (HttpErrorKind::TooLarge { limit: 100 }, Delivery::MaybeSent)
        );
    }
}

#[tokio::test]
async fn what_is_not_http_is_a_bad_answer() {
    let server = Server::start(vec![answers(&[b"220 mail.example.com ESMTP\r\n"])]).await;
    let error = server.ask(&server.client(|_| {})).await.unwrap_err();
    assert_eq!((error.kind.clone(), error.delivery()), (HttpErrorKind::BadAnswer, Delivery::NotSent));
}

#[tokio::test]
async fn a_silent_server_has_seen_the_request_only_after_the_sign_in() {
    for (script, delivery) in [(vec![], Delivery::NotSent), (answers(&[CHALLENGE]), Delivery::MaybeSent)] {
        let server = Server::start(vec![script]).await;
        let client = server.client(|settings| settings.read_timeout = Duration::from_millis(50));
        let error = server.ask(&client).await.unwrap_err();
        assert!(matches!(error.kind, HttpErrorKind::TimeOut { .. }), "{error}");
        assert_eq!(error.delivery(), delivery);
    }
}

#[tokio::test]
async fn nobody_there_means_that_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let server = Server { url, arrived: Arc::default(), ended: watch::channel(0).1 };
    let error = server.ask(&server.client(|_| {})).await.unwrap_err();
    assert_eq!((error.kind.clone(), error.delivery()), (HttpErrorKind::ConnectRefused, Delivery::NotSent));
}

#[tokio::test]
async fn who_gives_up_takes_the_connection_along() {
    let mut server = Server::start(vec![answers(&[CHALLENGE, OK]), answers(&[CHALLENGE, OK])]).await;
    let client = server.client(|_| {});
    assert!(server.ask(&client).await.is_ok());
    // The server never answers the third request; a late answer to it must not become that of the fourth.
    assert!(tokio::time::timeout(Duration::from_millis(50), server.ask(&client)).await.is_err());
    server.ended(1).await;
    assert!(server.ask(&client).await.is_ok());
    assert_eq!(server.told().last(), told(&[(1, SECRET)]).last());
}

#[tokio::test]
async fn a_connection_that_nobody_needs_is_closed_after_a_while() {
    let mut server = Server::start(vec![answers(&[CHALLENGE, OK])]).await;
    let client = server.client(|_| {});
    assert!(server.ask(&client).await.is_ok());
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(101)).await;
    server.ended(1).await;
}

#[tokio::test]
async fn a_client_that_goes_away_closes_its_connections() {
    let mut server = Server::start(vec![answers(&[CHALLENGE, OK])]).await;
    let client = server.client(|_| {});
    assert!(server.ask(&client).await.is_ok());
    drop(client);
    server.ended(1).await;
}

#[tokio::test]
async fn who_waited_for_the_first_sign_in_shares_its_refusal() {
    let server = Server::start(vec![answers(&[CHALLENGE, REFUSED]), answers(&[CHALLENGE, REFUSED])]).await;
    let client = server.client_of(Greeting { ends: true }, 5, |_| {});
    let all = futures_util::future::join_all((0..5).map(|_| server.ask(&client))).await;
    assert!(all.iter().all(|answer| answer.as_ref().unwrap().status() == StatusCode::UNAUTHORIZED));
    assert_eq!(server.told().len(), 2, "one try for five requests");
    assert_eq!(server.ask(&client).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(server.told().len(), 4, "who asks later has decided to try again");
}
