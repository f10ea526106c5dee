//! What is due, and who sees to it.

use busylamp_core::{keeper::Answer, mirror::Ticket};

use crate::{
    calendar::Appointment,
    network::Seen,
    plan::Outside,
    shell::{Cause, Key},
    time::{SECOND, instant},
    world::{CALM, World},
};

/// What is due. A `run` names the life of the program that it belongs to.
pub(crate) enum Due {
    Outside(usize),
    /// Something that went away may be back.
    Back,
    Starts,
    Wake {
        run: u32,
        key: Key,
        token: u64,
    },
    LookAgain {
        run: u32,
    },
    Flush {
        run: u32,
    },
    CommitAgain {
        run: u32,
    },
    ReadAccount {
        run: u32,
        user: usize,
    },
    Snapshot {
        run: u32,
        user: usize,
        ticket: Ticket,
    },
    Observed {
        run: u32,
        user: usize,
        ticket: Ticket,
        seen: Option<Seen>,
    },
    Land {
        flight: u64,
    },
    Answered {
        flight: u64,
    },
    AnswerAgain {
        run: u32,
        key: Key,
        activation: u64,
        answers: Vec<Answer>,
    },
    Poll {
        run: u32,
        key: Key,
    },
    Polled {
        run: u32,
        key: Key,
        whole: Option<Vec<Appointment>>,
        lied: bool,
    },
    Directory {
        run: u32,
        instance: usize,
    },
    Directories,
    Activates {
        instance: usize,
    },
    MovesBack {
        instance: usize,
    },
    PauseEnds {
        run: u32,
    },
    StoreBack,
    Check {
        user: usize,
    },
}

impl World<'_> {
    /// Whether this is for a program that runs; while the machine sleeps it waits.
    fn is_running(&self, run: u32) -> bool {
        run == self.run && self.memory.is_some()
    }

    /// It happens now.
    pub(crate) fn happen(&mut self, due: Due) {
        let for_program = matches!(
            due,
            Due::Wake { .. }
                | Due::LookAgain { .. }
                | Due::Flush { .. }
                | Due::CommitAgain { .. }
                | Due::ReadAccount { .. }
                | Due::Observed { .. }
                | Due::Answered { .. }
                | Due::AnswerAgain { .. }
                | Due::Poll { .. }
                | Due::Polled { .. }
                | Due::Directory { .. }
                | Due::PauseEnds { .. }
        );
        if for_program && self.t < self.suspended_until {
            let until = self.suspended_until;
            self.at(until, due);
            return;
        }
        match due {
            Due::Outside(index) => {
                let plan = self.plan;
                if let Some(next) = plan.entries.get(index + 1) {
                    self.at(next.at, Due::Outside(index + 1));
                }
                let what = &plan.entries[index].what;
                if !self.closing_time {
                    self.tell(|| format!("outside: {}", brief(what)));
                    self.outside(what);
                }
            }
            Due::Back => self.back(),
            Due::Starts => self.start(),
            Due::Wake { run, key, token } => {
                if self.is_running(run) {
                    self.wakes(key, token);
                }
            }
            Due::LookAgain { run } => {
                if self.is_running(run) {
                    self.look_at_the_clock();
                }
            }
            Due::Flush { run } => {
                if self.is_running(run) {
                    self.flush();
                }
            }
            Due::CommitAgain { run } => {
                let now = instant(self.now());
                if self.is_running(run) {
                    if self.memory.as_ref().is_some_and(|memory| memory.commits.tries_again(now)) {
                        self.everybody(Cause::Any);
                    } else {
                        self.commit_again();
                    }
                }
            }
            Due::ReadAccount { run, user } => {
                if self.is_running(run) {
                    self.read_account(user);
                }
            }
            Due::Snapshot { run, user, ticket } => self.snapshot(run, user, ticket),
            Due::Observed { run, user, ticket, seen } => {
                if self.is_running(run) {
                    self.observed(user, ticket, seen);
                }
            }
            Due::Land { flight } => self.land(flight),
            Due::Answered { flight } => self.answered(flight),
            Due::AnswerAgain { run, key, activation, answers } => {
                if self.is_running(run)
                    && self.configs[key.0].activation == activation
                    && let Some(memory) = &mut self.memory
                {
                    memory.users[key.0][key.1].answers.extend(answers);
                    memory.touch(key, Cause::Any);
                }
            }
            Due::Poll { run, key } => {
                if self.is_running(run) {
                    self.poll(key);
                }
            }
            Due::Polled { run, key, whole, lied } => {
                if self.is_running(run) {
                    self.polled(key, whole, lied);
                }
            }
            Due::Directory { run, instance } => {
                if self.is_running(run) {
                    self.directory(instance);
                }
            }
            Due::Directories => self.ask_directories(),
            Due::Activates { instance } => self.activate(instance),
            Due::MovesBack { instance } => self.moves_back(instance),
            Due::PauseEnds { run } => {
                if self.is_running(run) {
                    self.end_pauses();
                }
            }
            Due::StoreBack => self.disturb_all(CALM + 10 * SECOND),
            // In the end there is one promise left, and it is looked after at the very end.
            Due::Check { .. } if self.closing_time => {}
            Due::Check { user } => self.check(user),
        }
    }
}

fn brief(what: &Outside) -> String {
    let whole = format!("{what:?}");
    whole.chars().take(300).collect()
}
