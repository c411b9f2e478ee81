//! The store: whether it can be written, whether it can be trusted, and for how long there is room.

use onduty_core::finding::{Evidence, Reason};

use super::check::Check;
use super::facts::Facts;
use crate::journal::vitals::{Integrity, Vitals};

pub(super) const NAME: &str = "store";

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
/// Below this the next commits fail.
const FREE_FAIL: u64 = 16 * MIB;
/// Below this somebody should look.
const FREE_WARN: u64 = 256 * MIB;

pub(super) fn judge(facts: &Facts) -> Check {
    let Vitals { dir, bytes, free_bytes, writable, integrity, journal_mode } = &facts.store;
    let dir = dir.display();
    let seen = |detail: &str| [Evidence::at("store", detail.to_owned(), facts.now)];
    let lost = "a sidecar can't start on it, or will stop: nothing is acknowledged that is not on disk";
    match integrity {
        Integrity::Damaged(damage) => {
            return Check::fail(NAME, Reason::StoreFailing, format!("{dir}: damaged: {damage}"))
                .meaning(lost)
                .remedy("stop the sidecar, move the directory away and start it: the platform is read anew")
                .seen(seen(damage));
        }
        Integrity::Unreadable(detail) => {
            return Check::fail(NAME, Reason::StoreFailing, format!("{dir}: can't be read: {detail}"))
                .meaning(lost)
                .remedy("check the directory's owner and mode, and the disk")
                .seen(seen(detail));
        }
        Integrity::Absent | Integrity::Whole | Integrity::Unfinished => {}
    }
    if !writable {
        return Check::fail(NAME, Reason::StoreFailing, format!("{dir}: this user may not write there"))
            .meaning(lost)
            .remedy("give the directory to the user that runs onduty, or name another in store.dir")
            .seen(seen("no right to write"));
    }
    let free = free_bytes.map_or_else(String::new, |free| format!(", {} free", size(free)));
    if let Some(bytes) = free_bytes.filter(|free| *free < FREE_WARN) {
        let found = format!("{dir}{free}");
        let check = if bytes < FREE_FAIL {
            Check::fail(NAME, Reason::StoreFailing, found)
        } else {
            Check::warn(NAME, Some(Reason::StoreFailing), found)
        };
        return check
            .meaning("when the disk is full, webhooks are answered 503 and nothing new is shown")
            .remedy("free some space, or lower store.history_entries or store.history_retention")
            .seen(seen(&format!("{} free", size(bytes))));
    }
    let Some(bytes) = bytes else {
        return Check::ok(NAME, format!("{dir}: nothing there yet{free}"));
    };
    let checked = match integrity {
        Integrity::Unfinished => "no damage in the time there was",
        Integrity::Absent | Integrity::Whole | Integrity::Damaged(_) | Integrity::Unreadable(_) => {
            "undamaged"
        }
    };
    let synced = match (&**journal_mode, facts.sidecar) {
        ("wal", true) => "every commit synced",
        ("wal", false) => "write-ahead log",
        (mode, _) => mode,
    };
    Check::ok(NAME, format!("{dir}: {}, {checked}, {synced}{free}", size(*bytes)))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..MIB => format!("{} KiB", bytes >> 10),
        MIB..GIB => format!("{} MiB", bytes / MIB),
        GIB.. => format!("{} GiB", bytes / GIB),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Status;
    use crate::doctor::testing::facts;

    #[test]
    fn a_store_fails_that_can_not_be_written_or_trusted() {
        type Change = fn(&mut Vitals);
        let table: [(Change, Status, &str); 8] = [
            (|_| {}, Status::Ok, "2 MiB, undamaged, every commit synced, 9 GiB free"),
            (|store| store.bytes = None, Status::Ok, "nothing there yet"),
            (|store| store.integrity = Integrity::Unfinished, Status::Ok, "in the time there was"),
            (|store| store.integrity = Integrity::Damaged("page 7".into()), Status::Fail, "page 7"),
            (|store| store.integrity = Integrity::Unreadable("no".into()), Status::Fail, "can't be read: no"),
            (|store| store.writable = false, Status::Fail, "may not write"),
            (|store| store.free_bytes = Some(100 * MIB), Status::Warn, "100 MiB free"),
            (|store| store.free_bytes = Some(MIB), Status::Fail, "1 MiB free"),
        ];
        for (change, status, words) in table {
            let check = judge(&facts(|facts| change(&mut facts.store)));
            assert_eq!(check.status, status, "{words}");
            assert!(check.found.contains(words), "{}", check.found);
            assert_eq!(check.reason.is_some(), status != Status::Ok);
        }
    }

    #[test]
    fn sizes_have_the_unit_that_tells_most() {
        let table = [(0, "0 KiB"), (MIB - 1, "1023 KiB"), (MIB, "1 MiB"), (1 << 30, "1 GiB")];
        for (bytes, expected) in table {
            assert_eq!(size(bytes), expected);
        }
    }
}
