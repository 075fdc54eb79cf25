// The workload of ../sleepers.c with goroutines: sleepers N [MAX_DELAY]
//
// Fair: one goroutine for each sleep, their ends taken from a channel with room for all, which is faster here than one
// without; two threads run Go code, as bide has two workers. Memory is what Go's own collector makes of it at its default setting.
package main

import (
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

type nap struct {
	delay, end time.Duration
}

func drawAll(n int, maxDelay float64) (naps []nap, longest time.Duration) {
	naps = make([]nap, n)
	for i := range naps {
		naps[i].delay = time.Duration(rand.Float64() * maxDelay * 1e9)
		if naps[i].delay > longest {
			longest = naps[i].delay
		}
	}
	return naps, longest
}

func (nap *nap) sleep(start time.Time, done chan<- *nap) {
	nap.end = time.Since(start) + nap.delay
	time.Sleep(nap.delay)
	done <- nap
}

func collect(n int, done <-chan *nap) (delayInversions, endInversions int) {
	last := nap{}
	for i := 0; i < n; i++ {
		next := <-done
		if next.delay < last.delay {
			delayInversions++
		}
		if next.end < last.end {
			endInversions++
		}
		last = *next
	}
	return
}

func report(n int, over time.Duration, delayInversions, endInversions int) {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	fmt.Printf("go %d %.1f %.2f %.1f %d %d\n", n, over.Seconds()*1e3, cpu.Seconds(), float64(usage.Maxrss)/1024,
		delayInversions, endInversions)
}

func measure(n int, maxDelay float64) {
	naps, longest := drawAll(n, maxDelay)
	done := make(chan *nap, n)
	start := time.Now()
	for i := range naps {
		go naps[i].sleep(start, done)
	}
	delayInversions, endInversions := collect(n, done)
	report(n, time.Since(start)-longest, delayInversions, endInversions)
}

func main() {
	runtime.GOMAXPROCS(2)
	n, maxDelay := 0, 1.0
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	if len(os.Args) > 2 {
		maxDelay, _ = strconv.ParseFloat(os.Args[2], 64)
	}
	measure(n, maxDelay)
}
