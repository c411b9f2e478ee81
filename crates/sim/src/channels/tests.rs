//! Channels as values, with time given and nobody at the other end of the line.

use super::line::QUEUE_MAX;
use super::*;

const NOW: Stamp = Stamp::from_millis(1_772_442_850_900);
const ASKER: Asker<'static> = Asker { client: "c", token: "t" };

struct Stage {
    channels: Channels,
    faults: Faults,
    stats: ChannelStats,
}

impl Stage {
    fn with(faults: Faults) -> Self {
        let channels = Channels::new(1, Id::derive(1, "organisation", 0));
        Self { channels, faults, stats: ChannelStats::default() }
    }

    fn create(&mut self, now: Stamp) -> String {
        self.channels.create(ASKER, &self.faults, &mut self.stats, now)
    }

    fn connect(&mut self, id: &str, now: Stamp) -> LineEnd {
        self.channels.connect(id, &self.faults, &mut self.stats, now).unwrap()
    }

    fn tend(&mut self, now: Stamp) {
        self.channels.tend(&self.faults, |_, _| false, &mut self.stats, now);
    }

    fn lives(&self, id: &str, now: Stamp) -> bool {
        self.channels.owned(id, ASKER.client, &self.faults, now).is_some()
    }
}

/// What is on a line, each post by a word of it.
fn posted(end: &mut LineEnd) -> Vec<String> {
    let mut posts = Vec::new();
    while let Ok(post) = end.posts.try_recv() {
        posts.push(match post {
            Post::Event(text) | Post::Notice(text) => {
                let words = ["Heartbeat", "pong", "socket_closing", "token_revoked", "no_longer_subscribed"];
                words.into_iter().find(|word| text.contains(word)).unwrap_or("?").to_owned()
            }
            Post::Close(code) => code.to_string(),
            Post::Freeze => "freeze".to_owned(),
        });
    }
    posts
}

#[test]
fn a_channels_id_has_the_platforms_form() {
    let mut stage = Stage::with(Faults::default());
    let (one, two) = (stage.create(NOW), stage.create(NOW));
    assert_ne!(one, two);
    for id in [&one, &two] {
        assert!(Channels::is_id(id), "{id}");
    }
    for text in
        ["", "streaming-4-", "streaming-4-../../../../../../etc/passwd", &one[1..], &one.to_uppercase()]
    {
        assert!(!Channels::is_id(text), "{text}");
    }
}

#[test]
fn one_channel_too_many_displaces_the_one_least_recently_used_and_unconnected_ones_first() {
    let mut stage = Stage::with(Faults { channel_limit: 3, ..Faults::default() });
    let at = |ms| NOW.plus_millis(ms);
    let ids: Vec<String> = (0..3).map(|ms| stage.create(at(ms))).collect();
    let mut first = stage.connect(&ids[0], at(3));
    stage.channels.touch(&ids[1], at(4));
    let fourth = stage.create(at(5));
    let lives = |stage: &Stage, id: &String| stage.lives(id, at(9));
    assert_eq!(ids.iter().map(|id| lives(&stage, id)).collect::<Vec<_>>(), [true, true, false]);
    stage.connect(&ids[1], at(6));
    stage.connect(&fourth, at(7));
    stage.create(at(8));
    assert_eq!(ids.iter().map(|id| lives(&stage, id)).collect::<Vec<_>>(), [false, true, false]);
    assert!(lives(&stage, &fourth));
    assert_eq!(posted(&mut first), ["no_longer_subscribed", "1000"]);
}

#[test]
fn a_life_is_counted_from_the_last_subscription_and_ends_by_the_clock() {
    let mut stage = Stage::with(Faults { channel_ttl_s: 10, ..Faults::default() });
    let id = stage.create(NOW);
    let mut line = stage.connect(&id, NOW);
    stage.channels.subscribe(&id, Vec::new(), false, "t", NOW.plus_millis(5_000)).unwrap();
    stage.tend(NOW.plus_millis(14_999));
    assert!(stage.lives(&id, NOW.plus_millis(14_999)));
    assert!(!stage.lives(&id, NOW.plus_millis(15_000)));
    stage.tend(NOW.plus_millis(15_000));
    assert_eq!(posted(&mut line), ["1000"]);
    assert_eq!(stage.channels.census(), Census::default());
}

#[test]
fn what_is_due_on_a_socket_comes_at_its_time() {
    let table: [(Faults, &[(i64, &str)]); 6] = [
        (Faults::default(), &[(29_999, ""), (30_000, "Heartbeat"), (59_999, ""), (60_000, "Heartbeat")]),
        (Faults { heartbeat_stop: true, ..Faults::default() }, &[(30_000, ""), (600_000, "")]),
        (Faults { half_open: true, ..Faults::default() }, &[(0, "freeze"), (30_000, "")]),
        (Faults { close_1001_s: 20, ..Faults::default() }, &[(19_999, ""), (20_000, "1001")]),
        (
            Faults { socket_closing_after_s: 10, heartbeat_stop: true, ..Faults::default() },
            &[(10_000, "socket_closing"), (69_999, ""), (70_000, "1000")],
        ),
        (Faults { channel_takeover_s: 5, ..Faults::default() }, &[(5_000, ""), (10_000, "")]),
    ];
    for (faults, expected) in table {
        let mut stage = Stage::with(faults);
        let id = stage.create(NOW);
        let mut line = stage.connect(&id, NOW);
        for (ms, word) in expected {
            stage.tend(NOW.plus_millis(*ms));
            assert_eq!(posted(&mut line).concat(), **word, "after {ms} ms with {:?}", stage.faults);
        }
    }
}

#[test]
fn a_channel_whose_token_is_cut_says_so_and_is_gone() {
    let mut stage = Stage::with(Faults::default());
    let id = stage.create(NOW);
    let mut line = stage.connect(&id, NOW);
    stage.channels.tend(&stage.faults, |token, client| (token, client) == ("t", "c"), &mut stage.stats, NOW);
    assert_eq!(posted(&mut line), ["token_revoked", "1000"]);
    assert!(!stage.lives(&id, NOW));
}

#[test]
fn whoever_does_not_read_is_cut_and_counted() {
    let mut stage = Stage::with(Faults::default());
    let id = stage.create(NOW);
    let line = stage.connect(&id, NOW);
    let ping = |stage: &mut Stage| {
        stage.channels.hear(&id, line.socket, Some(r#"{"message":"ping"}"#), &mut stage.stats, NOW);
    };
    for _ in 0..QUEUE_MAX {
        ping(&mut stage);
    }
    assert!(!line.cut.is_cancelled());
    ping(&mut stage);
    assert!(line.cut.is_cancelled());
    assert_eq!(stage.stats.ended_json()["slow"], 1);
    assert!(stage.lives(&id, NOW));
    assert_eq!(stage.channels.census().sockets, 0);
}

#[test]
fn whoever_left_is_not_counted_as_slow() {
    let mut stage = Stage::with(Faults::default());
    let id = stage.create(NOW);
    let mut line = stage.connect(&id, NOW);
    line.posts.close();
    stage.channels.hear(&id, line.socket, Some(r#"{"message":"ping"}"#), &mut stage.stats, NOW);
    stage.channels.hung_up(&id, line.socket, Ending::Client, &mut stage.stats);
    let ended = stage.stats.ended_json();
    assert_eq!((&ended["client"], &ended["slow"]), (&1.into(), &0.into()));
}

#[test]
fn a_second_socket_ends_the_first_and_its_end_does_not_touch_the_second() {
    let mut stage = Stage::with(Faults::default());
    let id = stage.create(NOW);
    let mut first = stage.connect(&id, NOW);
    let second = stage.connect(&id, NOW);
    assert_eq!(posted(&mut first), ["1000"]);
    stage.channels.hung_up(&id, first.socket, Ending::Client, &mut stage.stats);
    assert_eq!(stage.channels.census().sockets, 1);
    stage.channels.hung_up(&id, second.socket, Ending::Client, &mut stage.stats);
    assert_eq!(stage.channels.census().sockets, 0);
    let ended = stage.stats.ended_json();
    assert_eq!((&ended["replaced"], &ended["client"]), (&1.into(), &1.into()));
}

#[test]
fn of_a_forgotten_channel_there_is_only_its_socket_and_nothing_once_that_is_gone() {
    let mut stage = Stage::with(Faults { channel_limit: 1, channel_ttl_s: 60, ..Faults::default() });
    let order = |stage: &mut Stage, order| {
        stage.channels.obey(order, &Chosen::All, None, &stage.faults, &mut stage.stats, NOW)
    };
    let id = stage.create(NOW);
    let mut line = stage.connect(&id, NOW);
    assert_eq!(order(&mut stage, Order::Forget), [id.as_str()]);
    for again in [Order::Expire, Order::TakeOver, Order::Forget] {
        assert!(order(&mut stage, again).is_empty(), "{again:?}");
    }
    assert_eq!(stage.channels.of_client(ASKER.client).count(), 0);
    let other = stage.create(NOW);
    stage.tend(NOW.plus_millis(60_000));
    assert_eq!(posted(&mut line), ["Heartbeat"], "neither displaced nor expired");
    assert_eq!(stage.channels.census(), Census { channels: 0, topics: 0, sockets: 1 }, "{other} has expired");
    stage.channels.hung_up(&id, line.socket, Ending::Client, &mut stage.stats);
    assert_eq!(stage.channels.channels.len(), 0);
    assert_eq!(stage.channels.numbers.len(), 0);
}

#[test]
fn an_unconnected_channel_that_is_forgotten_leaves_nothing() {
    let mut stage = Stage::with(Faults::default());
    stage.create(NOW);
    stage.channels.obey(Order::Forget, &Chosen::All, None, &stage.faults, &mut stage.stats, NOW);
    assert_eq!(stage.channels.channels.len(), 0);
}
