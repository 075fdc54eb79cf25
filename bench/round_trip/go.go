// Fair: a channel for each goroutine's one result, as each future of others is new. Go has no thread outside: the waiting
// goroutine gives its worker to the one it waits for.
package main

import (
	"fmt"
	"log"
	"os"
	"runtime"
	"sort"
	"strconv"
	"syscall"
	"time"
)

const pause = 200 * time.Microsecond

func submit(i int) <-chan int {
	result := make(chan int, 1)
	go func() { result <- i }()
	return result
}

// Microseconds that each trip takes.
func trips(n int, pause time.Duration) []float64 {
	us := make([]float64, n)
	for i := range us {
		if pause > 0 {
			time.Sleep(pause)
		}
		start := time.Now()
		if <-submit(i) != i {
			log.Fatal("wrong result of a task")
		}
		us[i] = float64(time.Since(start).Nanoseconds()) / 1e3
	}
	return us
}

func print(name string, us []float64) {
	sort.Float64s(us)
	fmt.Println(name+"_us", us[len(us)/2])
	fmt.Println(name+"_p99_us", us[len(us)*99/100])
}

func cpu() time.Duration {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func main() {
	workers, _ := strconv.Atoi(os.Args[1])
	n := 20000
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	runtime.GOMAXPROCS(workers)
	trips(n/10, 0)
	print("back_to_back", trips(n, 0))
	before := cpu()
	paused := trips(n/20, pause)
	used := cpu() - before
	print("paused", paused)
	fmt.Println("paused_cpu_us", float64(used.Nanoseconds())/1e3/float64(len(paused)))
}
