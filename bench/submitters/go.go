// Fair: goroutines counted by a WaitGroup. Go has no threads outside: the four who submit are goroutines as well.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

const submitters = 4

func submit(n int, left *sync.WaitGroup) {
	for i := 0; i < n; i++ {
		go left.Done()
	}
}

func run(each int) time.Duration {
	start := time.Now()
	var left sync.WaitGroup
	left.Add(submitters * each)
	for i := 0; i < submitters; i++ {
		go submit(each, &left)
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
	each := n / submitters
	run(each / 10)
	fmt.Println("ns_per_task", float64(run(each).Nanoseconds())/float64(submitters*each))
	for i := 0; i < 8; i++ {
		run(each)
	}
	fmt.Println("tenth_ns_per_task", float64(run(each).Nanoseconds())/float64(submitters*each))
}
