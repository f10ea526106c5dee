//! The door for `busylamp apply` while the service runs: a socket beside the store, open to its owner only. One
//! request and one answer a connection, JSON, each at most a few megabytes.

use std::{
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use busylamp_core::secret::Secret;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    task::JoinHandle,
};

use crate::{
    Service,
    config::{Secrets, WrittenInstance},
};

/// No request or answer is longer, in bytes.
const LONGEST: u64 = 8 << 20;
/// Neither side waits longer for the other.
const PATIENCE: Duration = Duration::from_secs(30);

/// Instances with their secrets in the clear: this never leaves the machine nor its owner's hands.
#[derive(Serialize, Deserialize)]
struct Apply {
    instances: Vec<(WrittenInstance, Vec<(String, String)>)>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Done,
    Refused(String),
}

/// The socket of the service that has this store open.
pub fn socket(store: &Path) -> PathBuf {
    store.with_extension("sock")
}

/// Opens the door. It is closed when the task is ended; the caller owns it.
///
/// # Errors
/// If the socket can't be made.
pub fn listen(store: &Path, service: Arc<Service>) -> io::Result<JoinHandle<()>> {
    let path = socket(store);
    // Whoever opened the store has it alone: a socket that is there was left behind.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(tokio::spawn(async move {
        loop {
            match listener.accept().await {
                // One at a time: an administrator applies, nobody else does.
                Ok((stream, _)) => {
                    if let Ok(Err(error)) = tokio::time::timeout(PATIENCE, serve(stream, &service)).await {
                        tracing::warn!(%error, "a request at the socket could not be served");
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the socket");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }))
}

async fn serve(mut stream: UnixStream, service: &Service) -> io::Result<()> {
    let mut request = Vec::new();
    (&mut stream).take(LONGEST).read_to_end(&mut request).await?;
    if request.is_empty() {
        // Somebody has looked whether anybody is here.
        return Ok(());
    }
    let answer = match serde_json::from_slice::<Apply>(&request) {
        Err(_) => Answer::Refused("the request can't be read: both sides must be of the same version".to_owned()),
        Ok(apply) => {
            let instances: Vec<_> = apply
                .instances
                .into_iter()
                .map(|(written, secrets)| {
                    let secrets = secrets.into_iter().map(|(place, secret)| (place, Secret::new(secret)));
                    (written, secrets.collect::<Secrets>())
                })
                .collect();
            match service.apply(&instances).await {
                Ok(()) => Answer::Done,
                Err(error) => Answer::Refused(error.to_string()),
            }
        }
    };
    stream.write_all(&serde_json::to_vec(&answer)?).await?;
    stream.shutdown().await
}

/// Whether a service that has this store open answers at its socket.
pub async fn is_running(store: &Path) -> bool {
    UnixStream::connect(socket(store)).await.is_ok()
}

/// Hands instances to the running service.
///
/// # Errors
/// If nobody answers at the socket. The inner error is what the service said: nothing has changed then.
pub async fn apply(store: &Path, instances: &[(WrittenInstance, Secrets)]) -> io::Result<Result<(), String>> {
    let exchange = async {
        let mut stream = UnixStream::connect(socket(store)).await?;
        let plain = |secrets: &Secrets| -> Vec<(String, String)> {
            secrets.iter().map(|(place, secret)| (place.clone(), secret.expose().to_owned())).collect()
        };
        let instances = instances.iter().map(|(written, secrets)| (written.clone(), plain(secrets))).collect();
        stream.write_all(&serde_json::to_vec(&Apply { instances })?).await?;
        stream.shutdown().await?;
        let mut answer = Vec::new();
        (&mut stream).take(LONGEST).read_to_end(&mut answer).await?;
        Ok(match serde_json::from_slice(&answer)? {
            Answer::Done => Ok(()),
            Answer::Refused(problem) => Err(problem),
        })
    };
    tokio::time::timeout(PATIENCE, exchange).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
