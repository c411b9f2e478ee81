//! `onduty demo`: a simulated contact centre and a sidecar that mirrors it, in one process but over the real protocol
//! path; what is shown comes from an ordinary watch.

mod place;
mod trouble;
mod view;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use onduty_client::{Client, Event, WatchOptions};
use onduty_sim::{SimOptions, Simulator, WebhookAuth, WebhookFormat, WebhookTarget};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::output::{Format, Output, Screen};
use super::watch::{self, Printer};
use super::{Invocation, wait};
use crate::app;
use crate::clock::Clock;
use crate::config::{Config, DEFAULT_PORT};
use place::Place;
use trouble::Trouble;
use view::View;

/// How long the sidecar may take for its first full listing.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How often the live view is drawn anew: often enough to be live, seldom enough to be read.
const FRAME_EVERY: Duration = Duration::from_millis(250);

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// How many agents
    #[arg(long, value_name = "N", default_value_t = 200)]
    agents: usize,
    /// How many changes a second
    #[arg(long, value_name = "EVENTS_PER_S", default_value_t = 5.0)]
    rate: f64,
    /// Stop after this many seconds
    #[arg(long, value_name = "S")]
    duration: Option<u64>,
    /// What goes wrong
    #[arg(long, value_name = "NAME", value_enum)]
    trouble: Option<Trouble>,
    /// Print changes as lines instead of drawing the screen
    #[arg(long)]
    headless: bool,
    /// One seed gives one history
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The first of the ports: api here, ingress and admin on the next two, the simulator 80 above
    #[arg(long, value_name = "PORT", default_value_t = DEFAULT_PORT, value_parser = clap::value_parser!(u16).range(1024..=65_000))]
    port_base: u16,
}

impl Demo {
    /// Runs until interrupted or until the time given is over.
    pub(super) async fn run(
        self,
        invocation: Invocation,
        output: &mut Output<'_>,
    ) -> Result<ExitCode, Failure> {
        let place = Place::make(&invocation.temporary_dir, self.port_base)?;
        let config = Config::load(&place.layers())?;
        let simulator = Simulator::start(self.simulator_options(&place));
        let simulator = simulator.await.map_err(|error| Failure::Simulator(Box::new(error)))?;
        let result = self.beside(&simulator, &place, config, &invocation, output).await;
        simulator.shutdown().await;
        result
    }

    fn simulator_options(&self, place: &Place) -> SimOptions {
        let webhook = WebhookTarget {
            url: place.webhook_url(),
            auth: WebhookAuth::Signed(place.webhook_secret.clone()),
            format: WebhookFormat::Notification,
        };
        SimOptions {
            listen: place.simulator,
            agents: self.agents,
            rate: self.rate,
            seed: self.seed,
            webhook: Some(webhook),
            script: None,
            tls: None,
        }
    }

    /// Runs the sidecar and shows what it mirrors; whichever ends first ends the other.
    async fn beside(
        &self,
        simulator: &Simulator,
        place: &Place,
        config: Config,
        invocation: &Invocation,
        output: &mut Output<'_>,
    ) -> Result<ExitCode, Failure> {
        if let Some(trouble) = self.trouble {
            simulator.set_faults(&trouble.switches()).map_err(|error| Failure::Simulator(Box::new(error)))?;
        }
        let stop = CancellationToken::new();
        let sidecar = app::run(config, stop.clone());
        tokio::pin!(sidecar);
        let mut has_screen = false;
        let shown = tokio::select! {
            code = &mut sidecar => Err(code),
            shown = self.show(place, invocation, output, &mut has_screen) => Ok(shown),
        };
        // However the showing ended, the terminal is left as it was found.
        if has_screen {
            output.out.write_all(view::LEAVE.as_bytes())?;
            output.out.flush()?;
        }
        match shown {
            Err(code) => Ok(code),
            Ok(shown) => {
                stop.cancel();
                let code = sidecar.await;
                shown.map(|()| code)
            }
        }
    }

    /// Waits until there is something to show, says what is where, and shows it. `has_screen` is set once the screen
    /// has to be given back.
    async fn show(
        &self,
        place: &Place,
        invocation: &Invocation,
        output: &mut Output<'_>,
        has_screen: &mut bool,
    ) -> Result<(), Failure> {
        let address = place.api.to_string();
        let mut state = "it was not asked".to_owned();
        match wait::until_serving(&address, Instant::now() + READY_WITHIN, &mut state).await {
            Some(ready) => ready?,
            None => {
                let waited = crate::config::show_duration(READY_WITHIN);
                return Err(Failure::NotReady { address, waited, state });
            }
        }
        let client = Client::connect(&address).await?;
        let mut watch = client.watch_with(onduty_client::Scope::everyone(), WatchOptions::default());
        let mut view = View::default();
        let first = watch.next().await?;
        view.take_in(&first);
        let program =
            invocation.arguments.first().map_or_else(|| "onduty".into(), |name| name.to_string_lossy());
        let greeting = place.greeting(&program, view.some_agent(), view.agents(), self.rate, self.trouble);
        for line in &greeting {
            output.line(line)?;
        }
        output.out.flush()?;
        let end =
            Instant::now() + self.duration.map_or(watch::FOREVER, Duration::from_secs).min(watch::FOREVER);
        if self.headless || !output.screen.is_terminal {
            let mut printer = Printer::new(Format::Table, false, invocation.clock.clone());
            printer.event(&first, watch.cursor(), output)?;
            let end = watch::End { at: end, events: None };
            return watch::print_until(end, &mut watch, &mut printer, output).await;
        }
        *has_screen = true;
        output.out.write_all(view::ENTER.as_bytes())?;
        draw_until(end, &mut watch, view, &greeting, invocation, output).await
    }
}

async fn draw_until(
    end: Instant,
    watch: &mut onduty_client::Watch,
    mut view: View,
    greeting: &[String],
    invocation: &Invocation,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let end = tokio::time::sleep_until(end);
    tokio::pin!(end);
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    let mut frames = tokio::time::interval(FRAME_EVERY);
    loop {
        let event: Option<Event> = tokio::select! {
            event = watch.next() => Some(event?),
            _ = frames.tick() => None,
            () = &mut end => return Ok(()),
            _ = &mut interrupted => return Ok(()),
        };
        match event {
            Some(event) => view.take_in(&event),
            None => draw(&view, greeting, invocation, output)?,
        }
    }
}

fn draw(
    view: &View,
    greeting: &[String],
    invocation: &Invocation,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let Invocation { terminal, environment, clock, .. } = invocation;
    let screen = Screen::decide(terminal(), environment);
    let lines = view.frame(greeting, Clock::now(clock), screen);
    output.out.write_all(view::on_screen(&lines).as_bytes())?;
    output.out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;

    #[tokio::test]
    async fn the_simulator_knows_every_trouble() {
        let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let options = SimOptions { listen, agents: 1, ..SimOptions::default() };
        let simulator = Simulator::start(options).await.expect("it starts");
        for trouble in Trouble::value_variants() {
            simulator.set_faults(&trouble.switches()).expect("its switches are known");
        }
        assert!(simulator.shutdown().await);
    }
}
