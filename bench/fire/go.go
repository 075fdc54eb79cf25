// Fair: goroutines counted by a WaitGroup. Go has no thread outside: the submitting goroutine runs on one of the workers.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

func fire(n int) time.Duration {
	start := time.Now()
	var left sync.WaitGroup
	left.Add(n)
	for i := 0; i < n; i++ {
		go left.Done()
	}
	left.Wait()
	return time.Since(start)
}

func main() {
	workers, _ := strconv.Atoi(os.Args[1])
	n := 1000000
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	runtime.GOMAXPROCS(workers)
	fire(n / 10)
	fmt.Println("ns_per_task", float64(fire(n).Nanoseconds())/float64(n))
	for i := 0; i < 8; i++ {
		fire(n)
	}
	fmt.Println("tenth_ns_per_task", float64(fire(n).Nanoseconds())/float64(n))
}
