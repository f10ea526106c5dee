//! Asking a key distribution centre, over TCP (RFC 4120, section 7.2.2).

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// Where a KDC is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kdc {
    pub(super) host: String,
    pub(super) port: u16,
}

/// Longest time for one question.
const PATIENCE: Duration = Duration::from_secs(10);
/// Tickets with the groups of a user are large; ten times what Windows makes.
const LONGEST: u32 = 512 << 10;

impl Kdc {
    pub(super) async fn ask(&self, request: &[u8]) -> io::Result<Vec<u8>> {
        timeout(PATIENCE, self.exchange(request)).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    async fn exchange(&self, request: &[u8]) -> io::Result<Vec<u8>> {
        let length = u32::try_from(request.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        let mut stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.write_all(&[&length.to_be_bytes(), request].concat()).await?;
        let length = stream.read_u32().await?;
        if length > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut answer = vec![0; length as usize];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    }
}
