//! A clock that is set back: whatever waits for its time would wait as much longer, a wrong clock's hours perhaps.

use std::mem;

use super::{Engine, round::all_users};

impl Engine {
    /// Looks at the clock. If it was set back, everything is asked at once, and everybody is stepped.
    pub(super) fn look_at_the_clock(&mut self) {
        let now = self.clock.now();
        let before = mem::replace(&mut self.looked, now);
        if before <= now {
            return;
        }
        tracing::warn!(%before, %now, "the clock was set back");
        for link in self.links.values_mut() {
            link.set_back(now);
        }
        for instance in self.instances.values_mut() {
            instance.rhythms.hurry(now);
            instance.next_directory = now;
        }
        self.dirty.extend(all_users(&self.instances));
    }
}
