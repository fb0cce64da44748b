// SPDX-License-Identifier: Apache-2.0

// The work of bench/peers/serve.hpp, by cilium/ebpf, and the protocol that is described there.
package main

import (
	"bufio"
	"fmt"
	"os"
	"sort"
	"time"

	"github.com/cilium/ebpf/link"
)

type tally struct{ seen, numbers, letters uint64 }

// Something that a peer can do once.
type once func() (tally, error)

func serve(all map[string]once) {
	names := []string{}
	for name := range all {
		names = append(names, name)
	}
	sort.Strings(names)
	fmt.Print("ready")
	for _, name := range names {
		fmt.Print(" ", name)
	}
	fmt.Println()
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		if err := carryOut(all, input.Text()); err != nil {
			fmt.Println("error", err)
		}
	}
}

func carryOut(all map[string]once, line string) error {
	var name string
	var times int
	if _, err := fmt.Sscan(line, &name, &times); err != nil {
		return fmt.Errorf("not OPERATION NUMBER: %s", line)
	}
	work, found := all[name]
	if !found {
		return fmt.Errorf("no operation %s", name)
	}
	var sum tally
	start := time.Now() // the clock is CLOCK_MONOTONIC
	for i := 0; i < times; i++ {
		more, err := work()
		if err != nil {
			return err
		}
		sum.seen += more.seen
		sum.numbers += more.numbers
		sum.letters += more.letters
	}
	elapsed := time.Since(start).Nanoseconds()
	fmt.Println(sum.seen, elapsed, sum.numbers, sum.letters)
	return nil
}

// Its walk opens each link and asks for its type, whatever is wanted.
func walk(look func(*link.Iterator, *tally) error) once {
	return func() (tally, error) {
		var sum tally
		var it link.Iterator
		defer it.Close()
		for it.Next() {
			if err := look(&it, &sum); err != nil {
				return sum, err
			}
			sum.seen++
		}
		return sum, it.Err()
	}
}

func id(it *link.Iterator, sum *tally) error {
	sum.numbers += uint64(it.ID)
	return nil
}

func handle(it *link.Iterator, _ *tally) error {
	return it.Take().Close()
}

func info(it *link.Iterator, sum *tally) error {
	facts, err := it.Link.Info()
	if err != nil {
		return err
	}
	sum.numbers += uint64(facts.Program)
	if tp := facts.RawTracepoint(); tp != nil && tp.Name != "" {
		sum.letters += uint64(tp.Name[0])
	}
	return nil
}

func main() {
	if len(os.Args) != 4 {
		fmt.Println("error usage: PEER BPFFS CGROUP OBJECT")
		os.Exit(1)
	}
	one, err := newOneLink(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	serve(map[string]once{
		"ids":           walk(id),
		"handles":       walk(handle),
		"infos":         walk(info),
		"attach_iter":   one.attachIter,
		"attach_cgroup": one.attachCgroup,
		"update":        one.update,
		"pin":           one.pin,
		"load_pinned":   one.loadPinned,
	})
}

var done = tally{seen: 1}
