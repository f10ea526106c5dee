//! What the server says of itself, and what we add to it: the list of `AV_PAIR` (section 2.2.2.1).

use busylamp_core::said::Phrase;
use busylamp_net::connection::SignInError;

const END: u16 = 0;
const FLAGS: u16 = 6;
const TIMESTAMP: u16 = 7;
const TARGET_NAME: u16 = 9;
const CHANNEL_BINDINGS: u16 = 10;

/// In the pair of flags: there is a seal (MIC) in the third message.
const SEALED: u32 = 0x2;

/// The pairs that the server sent, without the end of the list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TargetInfo(Vec<(u16, Vec<u8>)>);

impl TargetInfo {
    /// Reads a list. What follows its end is passed over.
    pub(super) fn read(mut bytes: &[u8]) -> Result<Self, SignInError> {
        const CUT: SignInError = SignInError::BadChallenge(Phrase::new(
            "was der Server über sich sagt, ist abgeschnitten",
            "what the server says of itself is cut off",
        ));
        let mut pairs = Vec::new();
        loop {
            let (id, rest) = bytes.split_first_chunk().ok_or(CUT)?;
            let (length, rest) = rest.split_first_chunk().ok_or(CUT)?;
            let (value, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into()).ok_or(CUT)?;
            match u16::from_le_bytes(*id) {
                END => return Ok(Self(pairs)),
                id => pairs.push((id, value.to_vec())),
            }
            bytes = rest;
        }
    }

    /// The server's clock, a FILETIME.
    pub(super) fn timestamp(&self) -> Option<u64> {
        let (_, value) = self.0.iter().find(|(id, _)| *id == TIMESTAMP)?;
        value.as_slice().try_into().ok().map(u64::from_le_bytes)
    }

    /// The list as it stands in our answer: the server's pairs, that there is a seal, and the binding. Without a
    /// binding its pair is absent, not zero: servers read zeros as a wrong binding. The name of the service
    /// (MsvAvTargetName) is never sent; servers look at it only where they don't look at the binding.
    pub(super) fn answered(&self, binding: Option<[u8; 16]>) -> Vec<u8> {
        let mut flags = SEALED;
        let mut bytes = Vec::new();
        for (id, value) in &self.0 {
            match *id {
                FLAGS => flags |= value.as_slice().try_into().map_or(0, u32::from_le_bytes),
                TARGET_NAME | CHANNEL_BINDINGS => {}
                id => push(&mut bytes, id, value),
            }
        }
        push(&mut bytes, FLAGS, &flags.to_le_bytes());
        if let Some(binding) = binding {
            push(&mut bytes, CHANNEL_BINDINGS, &binding);
        }
        push(&mut bytes, END, &[]);
        bytes
    }
}

fn push(bytes: &mut Vec<u8>, id: u16, value: &[u8]) {
    // Every value was read with a length of 16 bits, or is ours and short.
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    bytes.extend_from_slice(&id.to_le_bytes());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NetBIOS domain, timestamp, flags, a binding of the server's own, end.
    const LIST: &[u8] =
        b"\x02\x00\x02\x00D\x00\x07\x00\x08\x00\x01\x00\x00\x00\x00\x00\x00\x00\x06\x00\x04\x00\x01\x00\x00\x00\
          \x0a\x00\x02\x00??\x00\x00\x00\x00junk";

    #[test]
    fn the_servers_pairs_are_kept_and_ours_are_added() {
        let info = TargetInfo::read(LIST).unwrap();
        assert_eq!(info.timestamp(), Some(1));
        let answered = TargetInfo::read(&info.answered(Some([7; 16]))).unwrap();
        let domain = (2, b"D\0".to_vec());
        let time = (TIMESTAMP, 1_u64.to_le_bytes().to_vec());
        let flags = (FLAGS, 3_u32.to_le_bytes().to_vec());
        assert_eq!(answered.0, [domain, time, flags, (CHANNEL_BINDINGS, vec![7; 16])]);
    }

    #[test]
    fn without_a_binding_its_pair_is_absent() {
        let answered = TargetInfo::read(&TargetInfo::read(LIST).unwrap().answered(None)).unwrap();
        assert!(answered.0.iter().all(|(id, _)| *id != CHANNEL_BINDINGS), "{answered:?}");
    }

    #[test]
    fn a_list_without_an_end_is_refused() {
        for length in 0..LIST.len() - 4 {
            assert!(TargetInfo::read(&LIST[..length]).is_err(), "cut to {length} bytes");
        }
    }

    #[test]
    fn a_clock_of_another_size_is_none() {
        assert_eq!(TargetInfo::read(b"\x07\x00\x01\x00\x01\x00\x00\x00\x00").unwrap().timestamp(), None);
    }
}
