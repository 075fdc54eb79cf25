// Fair: a channel with the same room, ranged over until it is closed, as Go's programs hand values from goroutine to goroutine.
package main

import (
	"fmt"
	"log"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

const room = 64

func put(numbers chan<- int, n int, putters *sync.WaitGroup) {
	for i := 1; i <= n; i++ {
		numbers <- i
	}
	putters.Done()
}

func add(numbers <-chan int, sums chan<- int) {
	sum := 0
	for number := range numbers {
		sum += number
	}
	sums <- sum
}

// Nanoseconds that each of n takes.
func pass(pairs, n int) float64 {
	numbers, sums := make(chan int, room), make(chan int, pairs)
	each, sum := n/pairs, 0
	var putters sync.WaitGroup
	putters.Add(pairs)
	start := time.Now()
	for i := 0; i < pairs; i++ {
		go add(numbers, sums)
		go put(numbers, each, &putters)
	}
	putters.Wait()
	close(numbers)
	for i := 0; i < pairs; i++ {
		sum += <-sums
	}
	ns := float64(time.Since(start).Nanoseconds())
	if sum != pairs*(each*(each+1)/2) {
		log.Fatal("not all numbers have arrived")
	}
	return ns / float64(each*pairs)
}

func main() {
	workers, _ := strconv.Atoi(os.Args[1])
	n := 1000000
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	runtime.GOMAXPROCS(workers)
	pass(1, n/10)
	fmt.Println("one_to_one_ns", pass(1, n))
	fmt.Println("four_to_four_ns", pass(4, n))
}
