// Fair: one goroutine for each sleep, their ends taken from a channel with room for all, which is faster here than one
// without. Memory is what Go's own collector makes of it at its default setting.
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

func drawAll(n int) (naps []nap, longest time.Duration) {
	naps = make([]nap, n)
	for i := range naps {
		naps[i].delay = time.Duration(rand.Float64() * 1e9)
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

func report(over time.Duration, delayInversions, endInversions int) {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	fmt.Println("over_ms", over.Seconds()*1e3)
	fmt.Println("cpu_s", cpu.Seconds())
	fmt.Println("peak_mb", float64(usage.Maxrss)/1024)
	fmt.Println("delay_inversions", delayInversions)
	fmt.Println("end_inversions", endInversions)
}

func measure(n int) {
	naps, longest := drawAll(n)
	done := make(chan *nap, n)
	start := time.Now()
	for i := range naps {
		go naps[i].sleep(start, done)
	}
	delayInversions, endInversions := collect(n, done)
	report(time.Since(start)-longest, delayInversions, endInversions)
}

func main() {
	workers, _ := strconv.Atoi(os.Args[1])
	n := 10000
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	runtime.GOMAXPROCS(workers)
	measure(n)
}
