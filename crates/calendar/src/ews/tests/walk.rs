//! The check.

use busylamp_core::{check::Step, language::Language};

use super::{
    Stage,
    fake::{Refused, page},
    is_unchanged,
};
use crate::{Calendar, ews::Access};

async fn check(stage: &Stage) -> Vec<Step> {
    stage.calendar.check(stage.exchange.mails().first(), stage.now).await
}

fn text<'a>(steps: &'a [Step], name: &str) -> &'a str {
    let step = steps.iter().find(|step| step.name.speak(Language::English) == name);
    step.unwrap_or_else(|| panic!("{name} in {steps:?}")).verdict.text().speak(Language::English)
}

#[tokio::test(start_paused = true)]
async fn a_good_account_walks_to_the_end_and_hears_what_its_rights_leave_out() {
    for (access, left_out) in [
        (Access::Folder, "private events come without their subjects"),
        (Access::FreeBusy, "no keywords and no titles"),
        (Access::Impersonation, "all subjects are read"),
    ] {
        let stage = Stage::read(access, 2).await;
        let steps = check(&stage).await;
        assert!(steps.iter().all(Step::is_ok), "{steps:?}");
        assert!(text(&steps, "server").contains("15.2.2562.17"), "{steps:?}");
        assert!(text(&steps, "keywords").contains(left_out), "{steps:?}");
        if access != Access::FreeBusy {
            assert_eq!(text(&steps, "calendar"), "1 events in the next 24 hours");
        }
        assert!(stage.poll().await.iter().all(is_unchanged), "it changes nothing");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_sign_in_is_the_only_step() {
    let stage = Stage::new(Access::Folder, 1);
    stage.exchange.on_request(|_| Some(page(401, &[("www-authenticate", "NTLM")], "")));
    let steps = check(&stage).await;
    assert_eq!(steps.len(), 1);
    assert!(text(&steps, "sign-in").contains("it offers NTLM"));
    assert_eq!(stage.exchange.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn missing_rights_are_told_with_what_to_do() {
    let stage = Stage::new(Access::Folder, 1);
    stage.exchange.on_mailbox(|asked, _| {
        let code = if asked.operation == "FindItem" { "ErrorAccessDenied" } else { "ErrorNoFreeBusyAccess" };
        Some(Refused { code, ..Refused::default() })
    });
    let steps = check(&stage).await;
    let step = steps.last().unwrap();
    assert_eq!((step.name, step.is_ok()), (crate::steps::CALENDAR, false));
    assert!(text(&steps, "calendar").contains("Add-MailboxFolderPermission"), "{steps:?}");
}

#[tokio::test(start_paused = true)]
async fn without_a_mailbox_the_sign_in_alone_is_tried() {
    let stage = Stage::new(Access::FreeBusy, 1);
    let steps = stage.calendar.check(None, stage.now).await;
    assert!(steps.iter().all(Step::is_ok), "{steps:?}");
    assert_eq!(text(&steps, "sign-in"), "the server accepts it");
    assert!(text(&steps, "server").contains("15.2.2562.17"), "{steps:?}");
    assert!(stage.exchange.seen().iter().all(|asked| asked.operation == "GetUserAvailabilityRequest"));

    for status in [401, 403, 404, 500] {
        let stage = Stage::new(Access::Folder, 1);
        stage.exchange.on_request(move |_| Some(page(status, &[("www-authenticate", "NTLM")], "")));
        let steps = stage.calendar.check(None, stage.now).await;
        assert!(!steps[0].is_ok(), "{status}: {steps:?}");
    }
}
