//! A line between Busylamp and a server: good, or bad in one of many ways.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// How a line is.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// It carries everything to the server and back.
    Good,
    /// Something on the way answers every request with this status, more headers and a page of HTML.
    Answers(u16, &'static str),
    /// The same, but only once; then it is good.
    AnswersOnce(u16, &'static str),
    /// Every connection is reset as soon as something is sent.
    Resets,
    /// The server does what it is asked, and half of its answer comes back.
    Halves,
    /// An answer without end, a byte now and then.
    Drips,
    /// Connections are closed in the middle of the TLS handshake.
    CutsHandshakes,
    /// Somebody else's certificate is shown.
    Shows(Shown),
}

/// A certificate that nobody should believe.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shown {
    /// Of an authority that nobody trusts.
    OfAStranger,
    /// For another name.
    ForAnotherName,
    /// It was valid until some years ago.
    Expired,
}

/// A byte of an answer without end comes this often.
const DRIP: Duration = Duration::from_millis(400);
/// The longest message that is looked into.
const LONGEST: usize = 4 << 20;

/// A line. It ends with the value.
pub(crate) struct Line {
    address: SocketAddr,
    /// The authority whose certificates are shown; it is trusted besides the server's.
    pub(crate) authority: String,
    way: Arc<watch::Sender<Way>>,
    struck: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Line {
    /// A good line to a server.
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (trusted, stranger) = (Authority::new(), Authority::new());
        let authority = trusted.pem.clone();
        let way = Arc::new(watch::Sender::new(Way::Good));
        let struck = Arc::new(AtomicU64::new(0));
        let end = Arc::new(End { server, trusted, stranger, way: Arc::clone(&way), struck: Arc::clone(&struck) });
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let end = Arc::clone(&end);
                tokio::spawn(async move {
                    let mut ways = end.way.subscribe();
                    let way = ways.borrow_and_update().clone();
                    // A line that changes cuts every connection.
                    tokio::select! {
                        () = end.converse(stream, way) => {}
                        _ = ways.changed() => {}
                    }
                });
            }
        });
        Self { address, authority, way, struck, task }
    }

    /// The line's own end.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it is like this.
    pub(crate) fn is(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// How many requests or connections were not served as they should have been.
    pub(crate) fn struck(&self) -> u64 {
        self.struck.load(Ordering::Relaxed)
    }
}

/// The far end of a line.
struct End {
    server: SocketAddr,
    trusted: Authority,
    stranger: Authority,
    way: Arc<watch::Sender<Way>>,
    struck: Arc<AtomicU64>,
}

impl End {
    /// Serves one connection. Whatever breaks it ends it.
    async fn converse(&self, mut stream: TcpStream, way: Way) {
        if !matches!(way, Way::Good | Way::AnswersOnce(..)) {
            self.struck.fetch_add(1, Ordering::Relaxed);
        }
        match way {
            Way::Good => {
                let Ok(mut server) = TcpStream::connect(self.server).await else { return };
                let _ended = copy_bidirectional(&mut stream, &mut server).await;
            }
            Way::Answers(status, headers) => answer(&mut stream, status, headers).await,
            Way::AnswersOnce(status, headers) => {
                if message(&mut stream).await.is_some() {
                    write_answer(&mut stream, status, headers).await;
                    self.struck.fetch_add(1, Ordering::Relaxed);
                    self.way.send_replace(Way::Good);
                }
            }
            // What is closed with something unread is reset.
            Way::Resets => drop(stream.peek(&mut [0]).await),
            Way::Halves => self.half(&mut stream).await,
            Way::Drips => drip(&mut stream).await,
            Way::CutsHandshakes => {
                let _hello = stream.read(&mut [0; 1024]).await;
            }
            Way::Shows(shown) => {
                let acceptor = TlsAcceptor::from(Arc::new(self.identity(shown)));
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    // Nobody should come this far.
                    let _read = stream.read(&mut [0]).await;
                }
            }
        }
    }

    async fn half(&self, stream: &mut TcpStream) {
        let Some(request) = message(stream).await else { return };
        let Ok(mut server) = TcpStream::connect(self.server).await else { return };
        if server.write_all(&request).await.is_err() {
            return;
        }
        let Some(whole) = message(&mut server).await else { return };
        let head = head_of(&whole).unwrap_or(0);
        let half = head + (whole.len() - head) / 2;
        let _written = stream.write_all(&whole[..half]).await;
    }

    fn identity(&self, shown: Shown) -> ServerConfig {
        match shown {
            Shown::OfAStranger => self.stranger.identity("127.0.0.1", 2090),
            Shown::ForAnotherName => self.trusted.identity("other.example", 2090),
            Shown::Expired => self.trusted.identity("127.0.0.1", 2021),
        }
    }
}

async fn answer(stream: &mut TcpStream, status: u16, headers: &str) {
    if message(stream).await.is_some() {
        write_answer(stream, status, headers).await;
    }
}

async fn write_answer(stream: &mut TcpStream, status: u16, headers: &str) {
    let page = "<html><body>Something is on the way.</body></html>";
    let length = page.len();
    let whole = format!(
        "HTTP/1.1 {status} So\r\ncontent-type: text/html\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{page}"
    );
    let _written = stream.write_all(whole.as_bytes()).await;
    let _closed = stream.shutdown().await;
}

async fn drip(stream: &mut TcpStream) {
    if message(stream).await.is_none() {
        return;
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n";
    let mut next: &[u8] = head.as_bytes();
    while stream.write_all(next).await.is_ok() {
        tokio::time::sleep(DRIP).await;
        next = b" ";
    }
}

/// A whole message of HTTP whose head tells how long it is.
async fn message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(head) = head_of(&bytes) {
            let text = std::str::from_utf8(&bytes[..head]).ok()?.to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(Some(0), |length| length.trim().parse().ok())?;
            if bytes.len() >= head + length {
                return Some(bytes);
            }
        }
        if bytes.len() > LONGEST || stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// Where the head ends.
fn head_of(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// An authority for certificates.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Authority of a line");
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn identity(&self, name: &str, last_year: i32) -> ServerConfig {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(last_year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        ServerConfig::builder_with_provider(busylamp_net::trust::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap()
    }
}
