//! The contract between service and bridge (docs/bridge.md), line by line, for every bridge that there is: the simulator's,
//! and the packed module's byte code in a pretended PBX of three generations.
#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

mod house;
mod life;
mod stories;

use house::{G10, G70, G73, House};

/// One test for every story and every bridge.
macro_rules! conformance {
    ($($story:ident),+ $(,)?) => {
        conformance!(@bridge simulator, Some(House::simulator().await), $($story),+);
        conformance!(@bridge starface_7_0, House::host(G70), $($story),+);
        conformance!(@bridge starface_7_3, House::host(G73), $($story),+);
        conformance!(@bridge starface_10, House::host(G10), $($story),+);
    };
    (@bridge $bridge:ident, $house:expr, $($story:ident),+) => {
        mod $bridge {
            #[allow(unused_imports, reason = "the simulator is of no generation")]
            use super::{G10, G70, G73, House, stories};

            $(
                #[tokio::test]
                async fn $story() {
                    if let Some(house) = $house {
                        stories::$story(&house).await;
                    }
                }
            )+
        }
    };
}

conformance!(
    it_is_a_method_of_the_instance_for_those_who_are_signed_in,
    its_answer_is_a_string_whatever_it_is_asked,
    without_the_right_key_nothing_is_told_and_nothing_done,
    only_version_1_is_spoken_and_unknown_keys_are_ignored,
    what_it_does_not_know_is_unsupported,
    info_tells_versions_and_capabilities,
    describe_is_free_text,
    states_are_those_of_all_users_or_of_those_asked_for,
    records_are_applied_in_order_and_do_not_depend_on_each_other,
    a_record_that_can_not_be_is_refused_and_nothing_of_it_is_done,
    a_batch_that_can_not_be_is_refused_as_a_whole,
    a_batch_has_at_most_500_records,
    texts_travel_verbatim,
    every_presence_can_be_set_and_read,
    what_is_applied_again_changes_nothing_and_is_no_event,
    a_record_is_done_whole_or_not_at_all,
    events_tell_what_changed_and_who_did_it,
    behind_a_refused_record_a_person_who_does_the_same_is_heard,
    each_change_of_a_batch_is_told_even_if_the_next_one_takes_it_back,
    events_wait_for_the_first_change,
    events_that_nobody_can_ask_for_are_refused,
    cursors_order_readings_events_and_writings,
    a_cursor_from_before_a_restart_is_lost,
    a_cursor_that_is_none_is_lost,
    the_queue_remembers_10000_events,
    the_driver_reads_writes_and_hears,
    the_driver_names_what_is_refused,
);
