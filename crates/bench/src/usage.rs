//! What a process has used so far, as Linux tells it under `/proc` (proc(5)).

use std::fs;
use std::io;
use std::time::Duration;

/// What a process has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Processor time in user and in system mode, all its threads together.
    pub(crate) cpu: Duration,
    /// Memory that is resident, in bytes.
    pub(crate) resident: u64,
}

/// Why it is not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    /// The process is gone, or this is not Linux.
    #[error("could not read {file}; the measurements need Linux")]
    Unreadable {
        /// Which file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// It says something else than expected.
    #[error("{file} does not read as proc(5) says")]
    Unexpected {
        /// Which file.
        file: String,
    },
}

/// `/proc` counts in hundredths of a second on every architecture that Rust's standard library runs on
/// (`sysconf(_SC_CLK_TCK)`).
const TICK: Duration = Duration::from_millis(10);

/// Where the user time stands behind the name of the program, which is in parentheses and may hold anything.
const USER_TIME_AT: usize = 11;

/// What a process has used so far.
pub(crate) fn of(pid: u32) -> Result<Usage, UsageError> {
    Ok(Usage { cpu: read(pid, "stat", parse_cpu)?, resident: read(pid, "status", parse_resident)? })
}

fn read<T>(pid: u32, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, UsageError> {
    let file = format!("/proc/{pid}/{name}");
    match fs::read_to_string(&file) {
        Ok(text) => parse(&text).ok_or(UsageError::Unexpected { file }),
        Err(source) => Err(UsageError::Unreadable { file, source }),
    }
}

fn parse_cpu(stat: &str) -> Option<Duration> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut times = behind_name.split_ascii_whitespace().skip(USER_TIME_AT).map(str::parse::<u32>);
    let (user, system) = (times.next()?.ok()?, times.next()?.ok()?);
    Some(TICK * user.checked_add(system)?)
}

fn parse_resident(status: &str) -> Option<u64> {
    let size = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = size.trim().strip_suffix(" kB")?.parse().ok()?;
    kibibytes.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_user_and_system_time() {
        let stat = "4242 (onduty bench) S 1 4242 4242 0 -1 4194560 1000 0 0 0 1234 66 0 0 20 0 3 0 99 1 2";
        assert_eq!(parse_cpu(stat), Some(Duration::from_secs(13)));
        let awkward = "7 (a) R (b)) S 1 4242 4242 0 -1 4194560 1000 0 0 0 5 6 0 0 20 0 3 0 99 1 2";
        assert_eq!(parse_cpu(awkward), Some(Duration::from_millis(110)));
    }

    #[test]
    fn resident_memory_is_told_in_bytes() {
        assert_eq!(parse_resident("Name:\tx\nVmRSS:\t    2048 kB\nRssAnon:\t 9 kB\n"), Some(2 * 1_048_576));
    }

    #[test]
    fn what_reads_otherwise_is_refused() {
        for stat in ["", "1 (x", "1 (x) S 1 2", "1 (x) S 1 2 3 4 5 6 7 8 9 10 eleven 12"] {
            assert_eq!(parse_cpu(stat), None, "{stat}");
        }
        for status in ["", "VmRSS:\t2048", "VmRSS:\tmany kB", "VmSize:\t 1 kB"] {
            assert_eq!(parse_resident(status), None, "{status}");
        }
    }

    #[test]
    fn this_process_uses_something() {
        assert!(of(std::process::id()).expect("Linux").resident > 0);
    }
}
