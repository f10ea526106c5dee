//! The pages of a running service: where they are served, and how.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use busylamp_log::Log;
use busylamp_net::trust::Certificate;
use busylamp_service::{Service, clock::Clock};
use busylamp_store::Store;
use busylamp_web::{Door, Listening, People, Site, TlsListener, Upkeep};
use jiff::tz::TimeZone;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::timeout};

use crate::exit::{self, Failure, print};

/// Where the pages are unless told otherwise.
const FACTORY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8480);
/// How long open pages may take to go when the service stops.
const FAREWELL: Duration = Duration::from_secs(2);

#[derive(clap::Args)]
pub(crate) struct PageArguments {
    /// Where the pages are served, 127.0.0.1:8480 if absent; port 0 is any free one. Any address but loopback needs a
    /// certificate.
    #[arg(long, env = "BUSYLAMP_LISTEN", value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The certificate chain for HTTPS, a PEM file, the server's own first.
    #[arg(long, env = "BUSYLAMP_CERTIFICATE", value_name = "FILE", requires = "certificate_key")]
    certificate: Option<PathBuf>,
    /// Its private key, a PEM file.
    #[arg(long, env = "BUSYLAMP_CERTIFICATE_KEY", value_name = "FILE", requires = "certificate")]
    certificate_key: Option<PathBuf>,
    /// The address of a proxy in front of the pages; what it says in X-Forwarded-For is believed, so that whoever guesses
    /// passwords is told from others. May be given several times.
    #[arg(long, env = "BUSYLAMP_PROXY", value_name = "ADDRESS", value_delimiter = ',')]
    proxy: Vec<IpAddr>,
}

/// Pages that are served until they are closed.
pub(crate) struct Pages {
    close: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

impl PageArguments {
    /// Opens the pages; prints the set-up address if nobody has set the program up.
    ///
    /// A factory port that is taken does not stop the service: telephones matter more than pages. A port that was asked
    /// for does.
    pub(crate) async fn open(&self, service: &Arc<Service>, store: &Store, log: Log) -> Result<Option<Pages>, Failure> {
        let address = self.listen.unwrap_or(FACTORY);
        if !address.ip().is_loopback() && self.certificate.is_none() {
            return Err(Failure::BadInput(format!(
                "--listen {address}: passwords would travel in the clear; add --certificate and --certificate-key, or \
                 listen on 127.0.0.1 behind a proxy on this machine"
            )));
        }
        let listener = match TcpListener::bind(address).await {
            Ok(listener) => listener,
            Err(error) if self.listen.is_none() => {
                tracing::warn!(%address, %error, "the pages are NOT served; choose another port with --listen");
                return Ok(None);
            }
            Err(error) => return Err(Failure::CouldNot(format!("--listen {address} can't be opened: {error}"))),
        };
        let bound = listener.local_addr().unwrap_or(address);
        let (scheme, listening, certificate_ends) = match (&self.certificate, &self.certificate_key) {
            (Some(certificate), Some(key)) => {
                let provider = busylamp_net::trust::provider();
                let tls = TlsListener::new(listener, certificate, key, provider);
                let tls = tls.map_err(|error| Failure::BadInput(error.to_string()))?;
                let ends = Certificate::read(tls.certificate()).map(|certificate| certificate.not_after);
                ("https", Listening::Tls(tls), ends)
            }
            _ => ("http", Listening::Plain(listener), None),
        };
        let people = People::new(store.clone(), Clock::Wall).await;
        let people = people.map_err(|error| Failure::CouldNot(error.to_string()))?;
        let people = people.behind(self.proxy.iter().copied());
        announce(&format!("{scheme}://{bound}"), &people)?;
        let site = Site {
            service: Arc::clone(service),
            board: service.board(),
            zone: TimeZone::system(),
            note: None,
            door: Door::Guarded(people),
            upkeep: Upkeep::new(log, certificate_ends),
        };
        let (close, closing) = oneshot::channel();
        let task = tokio::spawn(busylamp_web::serve(listening, site, async move {
            let _closed_or_dropped = closing.await;
        }));
        Ok(Some(Pages { close, task }))
    }
}

fn announce(url: &str, people: &People) -> exit::Result {
    match people.set_up_path() {
        None => tracing::info!(url, "the pages are served"),
        // It lets in whoever reads it, so it is for the administrator's eyes and not for the log.
        Some(path) => print(&format!("Set Busylamp up, once: {url}{path}"))?,
    }
    Ok(())
}

impl Pages {
    /// Lets requests under way end, for a moment.
    pub(crate) async fn close(self) {
        let _ended_already = self.close.send(());
        match timeout(FAREWELL, self.task).await {
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the pages ended with an error"),
            Ok(_) => {}
            Err(_) => tracing::debug!("some pages were still open"),
        }
    }
}
