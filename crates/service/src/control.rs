//! The door for `busylamp apply`, `check` and `export` while the service runs: a socket beside the store, open to its owner only. One
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
    io::{AsyncReadExt, AsyncWriteExt, Interest},
    net::{UnixListener, UnixStream},
    task::{JoinHandle, JoinSet},
};

use crate::{
    Service, ServiceError,
    check::Told,
    config::{Secrets, WrittenInstance},
};

/// No request or answer is longer, in bytes.
const LONGEST: u64 = 8 << 20;
/// Neither side waits longer for the other.
const PATIENCE: Duration = Duration::from_secs(30);
/// But for a check, which asks every server.
const CHECK: Duration = Duration::from_secs(600);
/// So many requests are served at a time.
const AT_ONCE: usize = 4;

/// What is asked at the socket. Instances come with their secrets in the clear: this never leaves the machine nor its
/// owner's hands.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Question {
    Apply(Vec<(WrittenInstance, Vec<(String, String)>)>),
    Check,
    Export,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Done,
    Checked(Vec<Told>),
    Exported(Vec<WrittenInstance>),
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
        // Whoever is served when the door is closed is left.
        let mut served = JoinSet::new();
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    while served.len() >= AT_ONCE {
                        let _one_less = served.join_next().await;
                    }
                    while served.try_join_next().is_some() {}
                    let service = Arc::clone(&service);
                    served.spawn(async move {
                        if let Err(error) = serve(stream, &service).await {
                            tracing::warn!(%error, "a request at the socket could not be served");
                        }
                    });
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
    let read = async { (&mut stream).take(LONGEST).read_to_end(&mut request).await };
    tokio::time::timeout(PATIENCE, read).await??;
    if request.is_empty() {
        // Somebody has looked whether anybody is here.
        return Ok(());
    }
    let answer = match serde_json::from_slice::<Question>(&request) {
        Err(_) => Answer::Refused("the request can't be read: both sides must be of the same version".to_owned()),
        // Whoever has gone is not worked for.
        Ok(question) => tokio::select! {
            answer = answer(question, service) => answer.unwrap_or_else(|error| Answer::Refused(error.to_string())),
            () = gone(&stream) => return Ok(()),
        },
    };
    let answer = serde_json::to_vec(&answer)?;
    let write = async {
        stream.write_all(&answer).await?;
        stream.shutdown().await
    };
    tokio::time::timeout(PATIENCE, write).await?
}

/// Waits until the other side has closed the connection altogether.
async fn gone(stream: &UnixStream) {
    // Its half was closed after the request; only an error can come.
    let _error = stream.ready(Interest::ERROR).await;
}

async fn answer(question: Question, service: &Service) -> Result<Answer, ServiceError> {
    match question {
        Question::Apply(instances) => {
            let instances: Vec<_> = instances
                .into_iter()
                .map(|(written, secrets)| {
                    let secrets = secrets.into_iter().map(|(place, secret)| (place, Secret::new(secret)));
                    (written, secrets.collect::<Secrets>())
                })
                .collect();
            service.apply(&instances).await.map(|()| Answer::Done)
        }
        Question::Check => match tokio::time::timeout(CHECK, service.check()).await {
            Ok(checked) => checked.map(Answer::Checked),
            Err(_) => Ok(Answer::Refused(format!("the check took more than {} s", CHECK.as_secs()))),
        },
        Question::Export => {
            let instances = service.instances().await?;
            Ok(Answer::Exported(instances.into_iter().map(|described| described.written).collect()))
        }
    }
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
    let plain = |secrets: &Secrets| -> Vec<(String, String)> {
        secrets.iter().map(|(place, secret)| (place.clone(), secret.expose().to_owned())).collect()
    };
    let instances = instances.iter().map(|(written, secrets)| (written.clone(), plain(secrets))).collect();
    match ask(store, &Question::Apply(instances), PATIENCE).await? {
        Answer::Done => Ok(Ok(())),
        Answer::Refused(problem) => Ok(Err(problem)),
        Answer::Checked(_) | Answer::Exported(_) => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Lets the running service walk through its instances.
///
/// # Errors
/// As of [`apply`].
pub async fn check(store: &Path) -> io::Result<Result<Vec<Told>, String>> {
    match ask(store, &Question::Check, CHECK + PATIENCE).await? {
        Answer::Checked(told) => Ok(Ok(told)),
        Answer::Refused(problem) => Ok(Err(problem)),
        Answer::Done | Answer::Exported(_) => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// The instances of the running service, without their secrets.
///
/// # Errors
/// As of [`apply`].
pub async fn export(store: &Path) -> io::Result<Result<Vec<WrittenInstance>, String>> {
    match ask(store, &Question::Export, PATIENCE).await? {
        Answer::Exported(instances) => Ok(Ok(instances)),
        Answer::Refused(problem) => Ok(Err(problem)),
        Answer::Done | Answer::Checked(_) => Err(io::ErrorKind::InvalidData.into()),
    }
}

async fn ask(store: &Path, question: &Question, patience: Duration) -> io::Result<Answer> {
    let exchange = async {
        let mut stream = UnixStream::connect(socket(store)).await?;
        stream.write_all(&serde_json::to_vec(question)?).await?;
        stream.shutdown().await?;
        let mut answer = Vec::new();
        (&mut stream).take(LONGEST).read_to_end(&mut answer).await?;
        Ok(serde_json::from_slice(&answer)?)
    };
    tokio::time::timeout(patience, exchange).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
