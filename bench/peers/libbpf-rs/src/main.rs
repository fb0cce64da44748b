// SPDX-License-Identifier: Apache-2.0

//! The work of bench/peers/serve.hpp, by libbpf-rs, and the protocol that is described there.

mod one_link;

use libbpf_rs::query::{LinkInfoIter, LinkTypeInfo};
use one_link::OneLink;
use std::error::Error;
use std::io::{self, BufRead};
use std::time::Instant;

#[derive(Default)]
pub struct Tally {
    seen: u64,
    numbers: u64,
    letters: u64,
}

type Outcome = Result<Tally, Box<dyn Error>>;
type Ability<'a> = (&'static str, fn(&mut OneLink<'a>) -> Outcome);

fn first_letter(name: &str) -> u64 {
    name.as_bytes().first().copied().unwrap_or(0).into()
}

/// Its only walk: there is none for ids or for handles. It ends at an error without saying so.
fn infos(_: &mut OneLink) -> Outcome {
    let mut all = Tally::default();
    for info in LinkInfoIter::default() {
        all.seen += 1;
        all.numbers += u64::from(info.prog_id);
        if let LinkTypeInfo::RawTracepoint(tracepoint) = &info.info {
            all.letters += first_letter(&tracepoint.name);
        }
    }
    Ok(all)
}

fn abilities<'a>() -> [Ability<'a>; 6] {
    [
        ("attach_cgroup", OneLink::attach_cgroup),
        ("attach_iter", OneLink::attach_iter),
        ("infos", infos),
        ("load_pinned", OneLink::load_pinned),
        ("pin", OneLink::pin),
        ("update", OneLink::update),
    ]
}

fn carry_out<'a>(one: &mut OneLink<'a>, line: &str) -> Result<String, Box<dyn Error>> {
    let (name, times) = line.split_once(' ').ok_or("not OPERATION NUMBER")?;
    let times: u64 = times.trim().parse()?;
    let (_, work) = abilities::<'a>()
        .into_iter()
        .find(|(known, _)| *known == name)
        .ok_or("no such operation")?;
    let mut all = Tally::default();
    let start = Instant::now(); // the clock is CLOCK_MONOTONIC
    for _ in 0..times {
        let more = work(one)?;
        all.seen += more.seen;
        all.numbers += more.numbers;
        all.letters += more.letters;
    }
    let elapsed = start.elapsed().as_nanos();
    Ok(format!(
        "{} {} {} {}",
        all.seen, elapsed, all.numbers, all.letters
    ))
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, bpffs, cgroup, object] = &arguments[..] else {
        return Err("usage: PEER BPFFS CGROUP OBJECT".into());
    };
    let loaded = one_link::load(object)?;
    let mut one = OneLink::new(&loaded, bpffs, cgroup)?;
    let names: Vec<&str> = abilities().iter().map(|(name, _)| *name).collect();
    println!("ready {}", names.join(" "));
    for line in io::stdin().lock().lines() {
        match carry_out(&mut one, &line?) {
            Ok(answer) => println!("{answer}"),
            Err(error) => println!("error {error}"),
        }
    }
    Ok(())
}

fn main() {
    if let Err(error) = run() {
        println!("error {error}");
        std::process::exit(1);
    }
}
