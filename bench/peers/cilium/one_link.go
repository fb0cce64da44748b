// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// The operations on one link, and what they need.
type oneLink struct {
	cgroup              *os.File
	iter, first, second *ebpf.Program
	pinned, pinPath     string
	link                *link.RawLink // what is updated and pinned
	turn                int
}

func newOneLink(bpffs, cgroup string) (*oneLink, error) {
	one := &oneLink{pinned: bpffs + "/link", pinPath: bpffs + "/cilium"}
	var err error
	if one.cgroup, err = os.Open(cgroup); err != nil {
		return nil, err
	}
	if one.iter, err = load(bpffs + "/iter"); err != nil {
		return nil, err
	}
	if one.first, err = load(bpffs + "/first"); err != nil {
		return nil, err
	}
	if one.second, err = load(bpffs + "/second"); err != nil {
		return nil, err
	}
	one.link, err = one.egress(one.first)
	return one, err
}

// By descriptor, as the others do: AttachCgroup would open the path each time.
func (one *oneLink) egress(program *ebpf.Program) (*link.RawLink, error) {
	return link.AttachRawLink(link.RawLinkOptions{
		Target:  int(one.cgroup.Fd()),
		Program: program,
		Attach:  ebpf.AttachCGroupInetEgress,
	})
}

func (one *oneLink) attachIter() (tally, error) {
	attached, err := link.AttachIter(link.IterOptions{Program: one.iter})
	if err != nil {
		return done, err
	}
	return done, attached.Close()
}

func (one *oneLink) attachCgroup() (tally, error) {
	attached, err := one.egress(one.second)
	if err != nil {
		return done, err
	}
	return done, attached.Close()
}

func (one *oneLink) update() (tally, error) {
	one.turn++
	if one.turn%2 == 0 {
		return done, one.link.Update(one.first)
	}
	return done, one.link.Update(one.second)
}

func (one *oneLink) pin() (tally, error) {
	if err := one.link.Pin(one.pinPath); err != nil {
		return done, err
	}
	return done, one.link.Unpin()
}

func (one *oneLink) loadPinned() (tally, error) {
	loaded, err := link.LoadPinnedLink(one.pinned, nil)
	if err != nil {
		return done, err
	}
	return done, loaded.Close()
}

func load(path string) (*ebpf.Program, error) { return ebpf.LoadPinnedProgram(path, nil) }
