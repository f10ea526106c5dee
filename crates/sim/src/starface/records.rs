//! The lines inside the bridge's strings: form-encoded records, the first of them the header (bridge contract).

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record(Vec<(String, String)>);

impl Record {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a name is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    #[must_use]
    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }
}

/// Reads all lines.
pub(super) fn read(text: &str) -> Vec<Record> {
    text.split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .filter(|line| !line.is_empty())
        .map(|line| Record(form_urlencoded::parse(line.as_bytes()).into_owned().collect()))
        .collect()
}

/// Writes lines.
pub(super) fn write(records: &[Record]) -> String {
    let line = |record: &Record| {
        let mut line = form_urlencoded::Serializer::new(String::new());
        line.extend_pairs(&record.0);
        line.finish()
    };
    records.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_whatever_is_in_it() {
        let records = vec![
            Record::default().with("v", "1").with("do", "apply"),
            Record::default()
                .with("account", "1001")
                .with("text", "Jour fixe (bis 10:30) & mehr =+%\nzweite Zeile äöü 🙂"),
        ];
        assert_eq!(read(&write(&records)), records);
        assert_eq!(write(&records).lines().count(), 2);
    }
}
