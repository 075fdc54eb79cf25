// Fair: a channel for each node, with room for the results of the nine children that are goroutines. Go runs goroutines first
// in, first out, so that depth 7 takes more than a gigabyte and depth 8 some ten times that; the default here is 6.
package main

import (
	"fmt"
	"log"
	"math"
	"os"
	"runtime"
	"strconv"
	"time"
)

const children = 10

func skynet(first, leaves int) int {
	if leaves == 1 {
		return first
	}
	below := leaves / children
	results := make(chan int, children-1)
	for i := 0; i < children-1; i++ {
		child := first + i*below
		go func() { results <- skynet(child, below) }()
	}
	sum := skynet(first+(children-1)*below, below)
	for i := 0; i < children-1; i++ {
		sum += <-results
	}
	return sum
}

func run(leaves int) time.Duration {
	start := time.Now()
	sum := skynet(0, leaves)
	elapsed := time.Since(start)
	if sum != leaves*(leaves-1)/2 {
		log.Fatal("wrong sum")
	}
	return elapsed
}

func main() {
	workers, _ := strconv.Atoi(os.Args[1])
	depth := 6
	if len(os.Args) > 2 {
		depth, _ = strconv.Atoi(os.Args[2])
	}
	runtime.GOMAXPROCS(workers)
	leaves := int(math.Pow(children, float64(depth)))
	if leaves > 1 {
		run(leaves / children)
	}
	fmt.Println("ns_per_spawn", float64(run(leaves).Nanoseconds())/float64(leaves-1))
}
