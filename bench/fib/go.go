// Fair: a goroutine with a channel of its own for its one result. fib(39) would take more than a minute, so fib(30) is the
// default here.
package main

import (
	"fmt"
	"log"
	"os"
	"runtime"
	"strconv"
	"time"
)

func fib(n int) int {
	if n < 2 {
		return n
	}
	child := make(chan int, 1)
	go func() { child <- fib(n - 1) }()
	called := fib(n - 2)
	return <-child + called
}

func fibonacci(n int) int {
	a, b := 0, 1
	for i := 0; i < n; i++ {
		a, b = b, a+b
	}
	return a
}

func run(n int) time.Duration {
	start := time.Now()
	result := fib(n)
	elapsed := time.Since(start)
	if result != fibonacci(n) {
		log.Fatal("wrong result")
	}
	return elapsed
}

func main() {
	workers, _ := strconv.Atoi(os.Args[1])
	n := 30
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	runtime.GOMAXPROCS(workers)
	run(n - 5)
	fmt.Println("ns_per_spawn", float64(run(n).Nanoseconds())/float64(fibonacci(n+1)-1))
}
