// Fair: each goroutine has a channel of its own for its one result, with room for it so that it need not wait to be asked. Go
// has no thread outside: the submitting goroutine runs on one of the workers.
package main

import (
	"fmt"
	"log"
	"os"
	"runtime"
	"strconv"
	"time"
)

func submit(i int) <-chan int {
	result := make(chan int, 1)
	go func() { result <- i }()
	return result
}

func collect(n int) time.Duration {
	results := make([]<-chan int, n)
	start := time.Now()
	for i := range results {
		results[i] = submit(i)
	}
	for i, result := range results {
		if <-result != i {
			log.Fatal("wrong result of a task")
		}
	}
	return time.Since(start)
}

func main() {
	workers, _ := strconv.Atoi(os.Args[1])
	n := 1000000
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	runtime.GOMAXPROCS(workers)
	collect(n / 10)
	fmt.Println("ns_per_task", float64(collect(n).Nanoseconds())/float64(n))
	for i := 0; i < 8; i++ {
		collect(n)
	}
	fmt.Println("tenth_ns_per_task", float64(collect(n).Nanoseconds())/float64(n))
}
