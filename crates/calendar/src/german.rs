//! What is wrong with settings that both sources have, in German.

pub(crate) const TENANT: &str = "Erwartet wird die ID des Mandanten (eine GUID) oder eine seiner Domänen.";
pub(crate) const CLIENT_ID: &str = "Erwartet wird die Anwendungs-ID (Client-ID).";
pub(crate) const CLIENT_SECRET: &str = "Der geheime Clientschlüssel ist leer.";
pub(crate) const ADDRESS: &str = "Erwartet wird eine https-Adresse ohne Abfrage und Benutzer.";
