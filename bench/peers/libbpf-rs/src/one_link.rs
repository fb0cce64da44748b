// SPDX-License-Identifier: Apache-2.0

//! The operations on one link. libbpf-rs attaches programs of an object that it loaded, and none
//! that is pinned: so it loads the object that the pinned ones are from.

use crate::{Outcome, Tally};
use libbpf_rs::{Link, Object, ObjectBuilder, ProgramMut};
use std::error::Error;
use std::fs::File;
use std::os::fd::AsRawFd;

const ITER: &str = "run_iter_tasks";
const FIRST: &str = "run_egress_a";
const SECOND: &str = "run_egress_b";

pub fn load(object: &str) -> Result<Object, Box<dyn Error>> {
    let mut open = ObjectBuilder::default().open_file(object)?;
    for mut program in open.progs_mut() {
        let wanted = [ITER, FIRST, SECOND]
            .map(Into::into)
            .contains(&program.name().to_os_string());
        program.set_autoload(wanted);
    }
    Ok(open.load()?)
}

pub struct OneLink<'a> {
    cgroup: File,
    iter: ProgramMut<'a>,
    first: ProgramMut<'a>,
    second: ProgramMut<'a>,
    pinned: String,
    pin: String,
    link: Link, // what is updated and pinned
    turn: u32,
}

impl<'a> OneLink<'a> {
    pub fn new(loaded: &'a Object, bpffs: &str, cgroup: &str) -> Result<Self, Box<dyn Error>> {
        let named = |name: &str| {
            loaded
                .progs_mut()
                .find(|program| program.name() == name)
                .ok_or_else(|| format!("no program {name}"))
        };
        let cgroup = File::open(cgroup)?;
        let first = named(FIRST)?;
        let link = first.attach_cgroup(cgroup.as_raw_fd())?;
        Ok(Self {
            cgroup,
            iter: named(ITER)?,
            first,
            second: named(SECOND)?,
            pinned: format!("{bpffs}/link"),
            pin: format!("{bpffs}/libbpf-rs"),
            link,
            turn: 0,
        })
    }

    pub fn attach_iter(&mut self) -> Outcome {
        drop(self.iter.attach()?);
        done()
    }

    pub fn attach_cgroup(&mut self) -> Outcome {
        drop(self.second.attach_cgroup(self.cgroup.as_raw_fd())?);
        done()
    }

    pub fn update(&mut self) -> Outcome {
        self.turn += 1;
        let next = if self.turn % 2 == 0 {
            &self.first
        } else {
            &self.second
        };
        self.link.update_prog(next)?;
        done()
    }

    pub fn pin(&mut self) -> Outcome {
        self.link.pin(&self.pin)?;
        self.link.unpin()?;
        done()
    }

    pub fn load_pinned(&mut self) -> Outcome {
        drop(Link::open(&self.pinned)?);
        done()
    }
}

fn done() -> Outcome {
    Ok(Tally {
        seen: 1,
        ..Tally::default()
    })
}
