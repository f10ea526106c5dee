//! How fast answers are taken apart: a page of 500 items, one mailbox's and that of 50 mailboxes.

use std::{fmt::Write as _, hint::black_box};

use busylamp_core::title::Reading;
use busylamp_ews::{ReadItems, Span, answer};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::{Timestamp, tz::TimeZone};

/// An answer in the form of Exchange's: that many mailboxes with that many items each.
fn answer_of(mailboxes: usize, items: usize) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">\
         <s:Header><h:ServerVersionInfo MajorVersion=\"15\" MinorVersion=\"2\" MajorBuildNumber=\"2562\" \
         MinorBuildNumber=\"17\" xmlns:h=\"http://schemas.microsoft.com/exchange/services/2006/types\"/></s:Header>\
         <s:Body><m:FindItemResponse xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\" \
         xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\"><m:ResponseMessages>",
    );
    for mailbox in 0..mailboxes {
        let _ = write!(
            text,
            "<m:FindItemResponseMessage ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode>\
             <m:RootFolder TotalItemsInView=\"{items}\" IncludesLastItemInRange=\"true\"><t:Items>"
        );
        for item in 0..items {
            let (day, hour, all_day) = (1 + item % 28, 7 + item % 12, item % 10 == 0);
            let (start, end) = if all_day { (22, 22) } else { (hour, hour + 1) };
            let last = day + usize::from(all_day);
            let _ = write!(
                text,
                "<t:CalendarItem><t:ItemId Id=\"AAMkAD{mailbox:04}{item:0>120}=\" ChangeKey=\"DwAAABYAAAD{item:0>24}\"/>\
                 <t:Subject>Besprechung &amp; Planung {item} (DND)</t:Subject><t:Sensitivity>Normal</t:Sensitivity>\
                 <t:Start>2026-05-{day:02}T{start:02}:00:00Z</t:Start><t:End>2026-05-{last:02}T{end:02}:00:00Z</t:End>\
                 <t:IsAllDayEvent>{all_day}</t:IsAllDayEvent><t:LegacyFreeBusyStatus>Busy</t:LegacyFreeBusyStatus>\
                 <t:IsCancelled>false</t:IsCancelled><t:CalendarItemType>Occurrence</t:CalendarItemType>\
                 <t:MyResponseType>Accept</t:MyResponseType><t:AppointmentState>3</t:AppointmentState>\
                 <t:StartTimeZone Id=\"W. Europe Standard Time\" Name=\"(UTC+01:00) Berlin\"/></t:CalendarItem>"
            );
        }
        text.push_str("</t:Items></m:RootFolder></m:FindItemResponseMessage>");
    }
    text.push_str("</m:ResponseMessages></m:FindItemResponse></s:Body></s:Envelope>");
    text
}

fn decoding(c: &mut Criterion) {
    let berlin = TimeZone::get("Europe/Berlin").expect("a zone of the bundled database");
    let named = |_: &str| Some(berlin.clone());
    let reading = Reading { keep_titles: true, mask_personal: true, ..Reading::default() };
    let how =
        ReadItems { span: Span { from: Timestamp::MIN, to: Timestamp::MAX }, reading: &reading, zone_named: &named };
    let mut group = c.benchmark_group("decode");
    for (mailboxes, items) in [(1, 500), (50, 30)] {
        let body = answer_of(mailboxes, items);
        let zones = vec![&berlin; mailboxes];
        let read = answer::items(body.as_bytes(), &zones, &how).expect("an answer");
        assert!(read.mailboxes.iter().all(|page| page.as_ref().is_ok_and(|page| page.events.len() == items)));
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(format!("{mailboxes} mailboxes with {items} items"), |b| {
            b.iter(|| answer::items(black_box(body.as_bytes()), &zones, &how));
        });
    }
    group.finish();
}

criterion_group!(benches, decoding);
criterion_main!(benches);
