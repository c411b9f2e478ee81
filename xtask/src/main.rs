//! The project's own chores, run as `cargo xtask <chore>`. Everything a contributor or CI needs beyond plain cargo
//! is here, in Rust, so that the repository holds no scripts that only work on somebody's machine.

mod catalogue;
mod codegen;
mod process;
mod test;
mod tidy;
mod toolbox;
mod workspace;

use clap::{Parser, Subcommand};
use std::error::Error;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own chores")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Generate the Rust code of `proto/` into `crates/proto/src/gen/`
    Codegen {
        /// Change nothing; fail when the committed code differs from what would be generated
        #[arg(long)]
        check: bool,
    },
    /// Check the house rules
    Tidy,
    /// Run every test; fetches what it needs into target/toolbox
    Test {
        /// Leave out what needs Node, Python or whole processes under load
        #[arg(long)]
        fast: bool,
    },
    /// Rebuild the catalogue of the platform's names from its OpenAPI descriptions
    Catalogue(catalogue::Catalogue),
    /// Hold the contract in proto/ to buf's STANDARD rules
    Buf,
    /// Hold licences, sources and banned crates to deny.toml
    Deny,
}

fn main() -> ExitCode {
    match run(&Arguments::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn run(chore: &Chore) -> Result<(), Box<dyn Error>> {
    let root = workspace::root()?;
    match chore {
        Chore::Codegen { check: true } => codegen::check(&root)?,
        Chore::Codegen { check: false } => codegen::write(&root)?,
        Chore::Tidy => tidy::check(&root)?,
        Chore::Test { fast: true } => test::run(&root, test::Extent::Fast)?,
        Chore::Test { fast: false } => test::run(&root, test::Extent::Whole)?,
        Chore::Catalogue(arguments) => catalogue::rebuild(&root, arguments)?,
        Chore::Buf => test::buf_lint(&root)?,
        Chore::Deny => test::deny(&root)?,
    }
    Ok(())
}

/// An error and everything that caused it, on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
