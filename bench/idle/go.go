// Fair: the runtime as it is, its own threads included; 0.5 s go before in which those that look for work may stop.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const tasks = 1000

func used() (cpu time.Duration, switches int64) {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), usage.Nvcsw + usage.Nivcsw
}

func main() {
	workers, _ := strconv.Atoi(os.Args[1])
	seconds := 5
	if len(os.Args) > 2 {
		seconds, _ = strconv.Atoi(os.Args[2])
	}
	runtime.GOMAXPROCS(workers)
	var left sync.WaitGroup
	left.Add(tasks)
	for i := 0; i < tasks; i++ {
		go left.Done()
	}
	left.Wait()
	time.Sleep(500 * time.Millisecond)
	cpuBefore, switchesBefore := used()
	time.Sleep(time.Duration(seconds) * time.Second)
	cpu, switches := used()
	fmt.Println("cpu_ms", (cpu-cpuBefore).Seconds()*1e3)
	fmt.Println("switches", switches-switchesBefore)
}
